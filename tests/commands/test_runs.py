import subprocess
import sys

import pytest

from fer_exp.commands import runs


@pytest.fixture
def listed(store, capsys):
    """listed(*words) -> what is printed of the runs of the test's database."""

    def run(*words, status=0):
        assert runs.main([f"--uri={store.uri}", *words]) == status
        said = capsys.readouterr()
        return said.err if status else said.out

    return run


def test_runs_are_listed_newest_first_with_accuracies_and_their_sweeps(listed, add):
    ids = [add("normal", 0, None), add("occluded", 0, None), add("mixed", 0, None, sweep="s-2", status="FAILED")]
    shown = listed()
    places = [shown.index(run_id[:8]) for run_id in ids]
    assert places == sorted(places, reverse=True)
    assert "net-normal-s0" in shown and "0.500" in shown and "failed" in shown
    assert "2 of 2" in shown and "net normal 0.500, net occluded 0.400" in shown and "0 of 1" in shown


def test_runs_are_filtered_by_sweep_experiment_and_number(listed, add, store):
    ids = [add("normal", seed, None, sweep=f"s-{seed}") for seed in range(3)]
    assert [run_id[:8] in listed("--sweep", "s-1") for run_id in ids] == [False, True, False]
    shown = listed("--last", "1")
    assert [run_id[:8] in shown for run_id in ids] == [False, False, True]
    assert "the last 1 runs; --last N shows more" in shown
    assert ids[0][:8] in listed("--experiment", store.experiment)
    assert "did you mean faces?" in listed("--experiment", "facs", status=1)
    assert "a sweep id starts with s-" in listed("--sweep", "x", status=1)
    assert "no runs yet of sweep s-9" in listed("--sweep", "s-9")


def test_a_number_of_runs_is_above_0(listed):
    with pytest.raises(SystemExit, match="2"):
        listed("--last", "0")


def test_a_sweep_has_the_runs_that_it_took_over(listed, add):
    taken = add("normal", 0, None, sweep="s-1", **{"also_in.s-2": "true"})
    assert taken[:8] in listed("--sweep", "s-2")


def test_the_list_needs_no_tensorflow(store):
    code = (
        "import sys; from fer_exp.commands import runs\n"
        f"assert runs.main(['--uri={store.uri}']) == 0\n"
        "assert not {'tensorflow', 'keras', 'hydra', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "no runs yet" in done.stdout, done.stderr
