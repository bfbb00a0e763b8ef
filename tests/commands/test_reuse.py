from configs import composed

from fer_exp.commands import run
from fer_exp.tracking import claimed, open_store, sweep_runs


def test_a_sweep_takes_over_what_was_run_before(words, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(run, "learn", lambda *_: None)  # how a run is known again does not depend on what it learned

    def go(sweep_id, *more):
        return run.train(*composed([*words, "epochs=1", *more]), list(more), sweep_id)

    first, again = go("s-1"), go("s-2", "workers=1")
    assert first == again
    assert "skipped: convnet_small-normal-s0" in capsys.readouterr().out
    store = open_store(f"sqlite:///{tmp_path}/mlflow.db", "fer-exp")
    assert [found.info.run_id for found in sweep_runs(store, "s-2")] == [first]
    assert go("s-3", "optimizer.learning_rate=0.1") != first
    assert go("s-3", "force=true") != first
    assert go(None) != first  # one run alone is always run


def test_a_run_that_another_process_goes_on_with_is_run_anew(words, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "learn", lambda *_: None)
    store = open_store(f"sqlite:///{tmp_path}/mlflow.db", "fer-exp")
    interrupted = store.client.create_run(store.experiment_id, tags={"kind": "run"})
    store.client.set_terminated(interrupted.info.run_id, "KILLED")
    found = store.client.get_run(interrupted.info.run_id)
    monkeypatch.setattr(run, "find_reusable", lambda *_: found)
    with claimed(store, found):
        assert run.train(*composed(words), words, "s-1") != found.info.run_id
    assert run.train(*composed(words), words, "s-1") == found.info.run_id
    assert run.train(*composed(words), words, "s-1") != found.info.run_id  # it went on after it was found


def test_a_run_with_another_metric_of_the_same_name_is_another_run(words, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "learn", lambda *_: None)
    file = tmp_path / "mine.py"

    def go(text):
        file.write_text(f"def score(labels, probabilities):\n    return {text}\n")
        more = [f"metrics=[{file}]"]
        return run.train(*composed([*words, *more]), more, "s-1")

    assert go("1") == go("1") != go("2")


def test_a_run_with_other_values_in_its_metadata_is_another_run(words, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "learn", lambda *_: None)
    file = tmp_path / "ages.csv"
    paths = [path.relative_to(folder[0]).as_posix() for path in sorted(folder[0].rglob("*.png"))]

    def go(age):
        file.write_text("\n".join(["path,age", *(f"{path},{age}" for path in paths)]))
        more = [f"dataset.metadata={file}"]
        return run.train(*composed([*words, *more]), more, "s-1")

    assert go("20") == go("20") != go("30")
