import json

import pandas as pd
import pytest
from filelock import FileLock
from records import everything, journals
from runs import Recorded

from fer_exp.errors import UserError
from fer_exp.tracking import Recorder, is_behind
from fer_exp.tracking.sender import Sender


def test_what_is_recorded_is_stored_and_leaves_nothing_behind(store, monkeypatch, tmp_path):
    recorded = Recorded(monkeypatch)
    with Recorder.new(store, "r", {"kind": "run"}) as run:
        everything(run)
    recorded.is_what_is_stored(store.uri, run.id)
    client = store.client
    found = client.get_run(run.id)
    assert json.loads(found.data.tags["mlflow.loggedArtifacts"]) == [{"path": "data/table.json", "type": "table"}]
    file = client.download_artifacts(run.id, "data/table.json", str(tmp_path))
    assert pd.read_json(file, orient="split")["n"].tolist() == [3]
    assert not journals(store)


def test_a_run_goes_on_only_when_nobody_else_has_records_of_it(store, away, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Sender, "_work", lambda sender: None)
        patch.setattr(Sender, "flush", lambda sender, patience=None: False)
        with pytest.raises(KeyboardInterrupt), Recorder.new(store, "r", {"kind": "run"}) as run:
            run.log_metrics({"loss": 0.5}, 1)
            raise KeyboardInterrupt
    monkeypatch.setattr("fer_exp.tracking.recovery.LOCK_WAIT", 0.2)
    (folder,) = journals(store)
    found = store.client.get_run(run.id)
    with FileLock(folder / ".lock"):  # another process delivers it
        assert is_behind(store, found)
        with pytest.raises(UserError, match="another process writes or delivers it"):
            Recorder.resumed(store, found, {})
    (store.home / "alias").symlink_to(store.home)  # the same database by another name
    alias = store._replace(uri=f"sqlite:///{store.home}/alias/mlflow.db")
    with Recorder.resumed(alias, found, {}) as again:
        again.log_metrics({"loss": 0.7}, 1)  # has it already
        again.log_metrics({"loss": 0.6}, 2)
    history = store.client.get_metric_history(run.id, "loss")
    assert [(p.step, p.value) for p in history] == [(1, 0.5), (2, 0.6)]
    assert store.client.get_run(run.id).info.status == "FINISHED"


def test_an_interrupt_between_a_record_and_its_notice_delays_nothing(store, monkeypatch):
    run = Recorder.new(store, "r", {"kind": "run"})
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Sender, "notify", lambda sender: (_ for _ in ()).throw(KeyboardInterrupt))
        run.log_metrics({"loss": 0.5}, 1)
    run.end("KILLED")
    found = store.client.get_run(run.id)
    assert (found.data.metrics, found.info.status) == ({"loss": 0.5}, "KILLED")
    assert not journals(store)


def test_a_full_disk_is_said_and_leaves_what_was_recorded_before(store, monkeypatch):
    run = Recorder.new(store, "r", {"kind": "run"})

    def full(path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="No space left on device; what was recorded before is kept"):
        run._write_artifact("a.txt", full)
    run.log_metrics({"loss": 0.5}, 1)
    run.end("FAILED")
    assert store.client.get_run(run.id).data.metrics == {"loss": 0.5}
    assert not store.client.list_artifacts(run.id)


def test_epochs_are_steps_and_test_metrics_have_none(store):
    with Recorder.new(store, "r", {}) as run:
        run.log_metrics({"val_loss": 0.5}, 3)
        run.log_metrics({"best/normal": 0.7})
    assert [m.step for m in store.client.get_metric_history(run.id, "val_loss")] == [3]
    assert [m.step for m in store.client.get_metric_history(run.id, "best/normal")] == [0]


def test_long_and_many_parameters_are_kept_up_to_mlflows_limits(store):
    with Recorder.new(store, "r", {}) as run:
        run.log_params({f"key{i}": "x" * 7000 for i in range(150)})
    params = store.client.get_run(run.id).data.params
    assert len(params) == 150
    assert len(params["key0"]) == 6000


def test_the_first_end_counts(store):
    run = Recorder.new(store, "r", {})
    run.end("KILLED")
    run.end("FINISHED")
    assert store.client.get_run(run.id).info.status == "KILLED"
