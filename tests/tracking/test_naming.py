import pytest

from fer_exp.errors import UserError
from fer_exp.tracking import find_named, naming, open_store


@pytest.fixture
def made(store):
    """made(name) -> the id of a training run."""

    def make(name, kind="run", store=store):
        return store.client.create_run(store.experiment_id, run_name=name, tags={"kind": kind}).info.run_id

    return make


def test_a_run_is_named_by_its_id_the_beginning_of_its_id_or_its_name(store, made):
    first, second = made("net-normal-s0"), made("net-mixed-s0")
    for name in (first, first[:8], first[:4], "net-normal-s0"):
        assert find_named(store, name)[1].info.run_id == first
    assert find_named(store, "net-mixed-s0")[1].info.run_id == second


def test_runs_are_found_in_any_experiment_and_names_in_their_own_first(store, made):
    run = made("net", store=open_store(store.uri, "other"))
    for name in (run[:10], "net"):
        found, stored = find_named(store, name)
        assert (found.experiment, stored.info.run_id) == ("other", run)
    own = made("net")
    assert find_named(store, "net")[1].info.run_id == own


def test_several_are_refused_with_the_candidates(store, made, monkeypatch):
    runs = [made("net-normal-s0") for _ in range(17)]
    with pytest.raises(UserError, match=r"net-normal-s0 names 17 runs; say one by its id: .* and 12 more") as error:
        find_named(store, "net-normal-s0")
    assert runs[-1][:12] in str(error.value) and runs[0][:12] not in str(error.value)
    assert "RUNNING" in str(error.value) and "\n" not in str(error.value)
    monkeypatch.setattr(naming, "FEWEST", 1)
    start = next(digit for digit in "0123456789abcdef" if sum(run.startswith(digit) for run in runs) > 1)  # of 17
    with pytest.raises(UserError, match=f"run={start} names"):
        find_named(store, start)


@pytest.mark.parametrize("name", ["abc", "none", "ffffffff", "x' or 1=1", "s-1", "%"])
def test_what_names_no_run_is_said_with_where_they_are_listed(store, made, name):
    made("matrix", kind="summary")
    with pytest.raises(UserError, match=f"run={name}: no run has .*runs lists them"):
        find_named(store, name)
