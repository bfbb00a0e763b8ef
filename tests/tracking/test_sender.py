import pytest
from records import journals

from fer_exp.system import atomic
from fer_exp.tracking import Recorder, deliver_abandoned
from fer_exp.tracking.delivery import Delivery


def test_a_disk_that_is_full_when_delivery_is_noted_only_delays_it(store, monkeypatch):
    real, calls = atomic.write, []

    def full(path, data):
        calls.append(1)
        if len(calls) == 1:
            raise OSError(28, "No space left on device")
        real(path, data)

    run = Recorder.new(store, "r", {"kind": "run"})
    monkeypatch.setattr(atomic, "write", full)
    run.log_metrics({"loss": 0.5}, 1)
    run.end("FINISHED")
    assert len(calls) > 2 and not journals(store)
    assert len(store.client.get_metric_history(run.id, "loss")) == 1


def test_an_error_of_ours_in_the_thread_is_raised_and_loses_nothing(store, monkeypatch):
    def broken(delivery, run_id, entry):
        raise ZeroDivisionError

    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(Delivery, "_metrics", broken)
        with Recorder.new(store, "r", {"kind": "run"}) as run:
            run.log_metrics({"loss": 0.5}, 1)
    assert deliver_abandoned(store) == 2
    assert store.client.get_run(run.id).data.metrics == {"loss": 0.5}
