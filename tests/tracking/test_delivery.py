"""What is recorded reaches the server once, in order, whoever delivers it."""

import json

import pytest
from records import everything, journals, later, snapshot

from fer_exp.commands import sync
from fer_exp.tracking import Recorder, deliver_abandoned
from fer_exp.tracking.journal import Journal


@pytest.mark.parametrize("stop", range(12))  # the run itself, its records (three metrics at once), its end
def test_ended_between_sending_and_noting_it_sends_again_and_changes_nothing(store, away, monkeypatch, stop):
    away()
    with Recorder.new(later(store), "r", {"kind": "run"}) as run:
        everything(run)
    real, calls = Journal.advance, []

    def broken(journal, entries, run_id):
        calls.append(1)
        if len(calls) == stop + 1:
            raise KeyboardInterrupt
        real(journal, entries, run_id)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "advance", broken)
        with pytest.raises(KeyboardInterrupt):
            deliver_abandoned(store)
    deliver_abandoned(store)
    (found,) = store.client.search_runs([store.experiment_id])
    found = snapshot(store, found.info.run_id)
    assert len(found["points"]) == 3 * 3 + 2 and len(found["models"]) == len(found["outputs"]) == 1
    assert len(found["params"]) == 150 and len(found["inputs"]) == 1
    assert json.loads(found["tags"]["mlflow.loggedArtifacts"]) == [{"path": "data/table.json", "type": "table"}]
    assert found["files"] == ["data/table.json", "matrix.png", "notes/text.txt", "predictions/best.parquet"]
    assert found["end"][0] == "FINISHED" and found["tags"]["a"] == "last"
    assert found["tags"]["journal"] == run.id
    assert not journals(store)


def test_one_bad_metric_takes_no_other_with_it(store, away):
    away()
    with Recorder.new(store, "r", {"kind": "run"}) as run:
        for step in range(1, 6):
            run.log_metrics({"loss": 1 / step}, step)
        run.log_metrics({"bad[name]": 1.0}, 6)
        run.log_metrics({"loss": 0.0}, 7)
    deliver_abandoned(store)
    assert [p.step for p in store.client.get_metric_history(run.id, "loss")] == [1, 2, 3, 4, 5, 7]
    assert json.loads((journals(store)[0] / "refused.jsonl").read_text())["op"] == "metrics"


def test_what_the_server_will_never_take_is_put_aside_and_does_not_hold_up_the_rest(store, caplog, capsys):
    with Recorder.new(store, "r", {"kind": "run"}) as run:
        run.log_params({"seed": 0})
        run.log_params({"seed": 1})  # parameters never change
        run.log_metrics({"loss": 0.5}, 1)
    found = store.client.get_run(run.id)
    assert (found.data.params["seed"], found.data.metrics["loss"], found.info.status) == ("0", 0.5, "FINISHED")
    assert "refuses what it was sent" in caplog.text and "Changing param values is not allowed" in caplog.text
    (folder,) = journals(store)
    assert json.loads((folder / "refused.jsonl").read_text())["values"] == {"seed": "1"}
    assert sync.sync(store.home) == 0  # it was said before
    assert "1 records were refused" in capsys.readouterr().err


def test_the_same_metric_point_sent_twice_is_stored_once(store):
    with Recorder.new(store, "r", {}) as run:
        run.log_metrics({"loss": 0.5}, 1)
    first = store.client.get_metric_history(run.id, "loss")
    store.client.log_batch(run.id, metrics=first)
    assert len(store.client.get_metric_history(run.id, "loss")) == 1
