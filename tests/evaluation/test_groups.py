from predicted import predictions

from fer_exp.evaluation import groups
from fer_exp.tracking import sweep_runs


def test_runs_with_other_further_test_sets_make_one_matrix(widely_tested):
    runs = [t.run for t in widely_tested]
    for run, tests in zip(runs, ("[]", "['sunglasses']", "[]", "[]"), strict=True):
        run.data.params["tests"] = tests
    runs[0].data.params["occlusion.jitter"] = "0.0"  # the others are of a version that had no such key
    assert list(groups.group_runs(runs)) == [""]
    runs[1].data.params["occlusion.jitter"] = "0.1"
    assert len(groups.group_runs(runs)) > 1


def test_a_seed_that_ran_again_is_counted_once(store, add):
    add("normal", 0, predictions(0.2, 0.2, 1))
    latest = add("normal", 0, predictions(0.9, 0.3, 1))
    kept, notes = groups.latest_runs(sweep_runs(store, "s-1"))
    assert [run.info.run_id for run in kept] == [latest]
    assert len(notes) == 1
    assert "ran again later" in notes[0]


def test_an_options_key_that_differs_within_it_makes_another_matrix():
    from types import SimpleNamespace

    def run(optimizer, rate):
        params = {"data": "normal", "seed": "0", "optimizer": optimizer, "optimizer.learning_rate": rate}
        return SimpleNamespace(data=SimpleNamespace(params=params))

    crossed = groups.group_runs([run(o, r) for o in ("adam", "sgd") for r in ("0.1", "0.01")])
    assert list(crossed) == [
        f"optimizer={o} optimizer.learning_rate={r}" for o in ("adam", "sgd") for r in ("0.1", "0.01")
    ]
    assert list(groups.group_runs([run("adam", "0.1"), run("sgd", "0.01")])) == ["optimizer=adam", "optimizer=sgd"]
