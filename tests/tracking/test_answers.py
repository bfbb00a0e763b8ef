"""A server that says that all went well, and keeps nothing, is not believed."""

import json
from time import monotonic, sleep

import pytest
from records import everything, journals, snapshot
from runs import files
from servers import answering, busy, lying

from fer_exp.commands import sync
from fer_exp.tracking import Recorder, ServerUnavailable, deliver_abandoned, find_run, open_store
from fer_exp.tracking.answers import check_health
from fer_exp.tracking.delivery import Delivery

LIES = ["{}", "", "[]", "<html>Welcome</html>", '{"run": 5, "runs": 3, "experiment": {"name": "faces"}}']
SOMETHING = {"experiment": {"experiment_id": "1", "name": "faces"}, "run": {"info": {"run_id": "0" * 32}}}


def few(run):
    run.log_params({"seed": 0})
    run.log_metrics({"loss": 0.5}, 1)
    run.log_text("some text", "a.txt")


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("fer_exp.tracking.sender.PATIENCE", 0.2)


@pytest.mark.parametrize("lie", LIES)
def test_what_a_lying_server_was_sent_is_kept_and_delivered_whole_later(store, lie, caplog):
    with lying(lie) as uri:
        liar = open_store(uri, "faces", must_answer=False, wait=0)
        assert liar.experiment_id is None
        for begun in (liar, liar._replace(experiment_id="1")):  # it lies from the start, or from then on
            with Recorder.new(begun._replace(home=store.home), "r", {"kind": "run"}) as run:
                few(run)
            assert not run.is_on_server
        assert "accepts nothing" in caplog.text and len(journals(store)) == 2
        with pytest.raises(ServerUnavailable):
            find_run(liar, "0" * 32)
        assert sync.sync(store.home) == 1
    assert sync.sync(store.home, to=store.uri) == 0
    assert not journals(store)
    for stored in store.client.search_runs([store.experiment_id]):
        assert (stored.data.params, stored.data.metrics) == ({"seed": "0"}, {"loss": 0.5})
        assert (files(store.client, stored.info.run_id).keys(), stored.info.status) == ({"a.txt"}, "FINISHED")


@pytest.mark.parametrize("retry_after", [None, 3600])
def test_nobody_waits_for_as_long_as_a_busy_server_says_and_all_is_delivered_later(store, retry_after, caplog):
    def handle(handler):
        if handler.path.startswith("/health"):
            handler.send_response(200)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        else:
            busy(retry_after)(handler)

    began = monotonic()
    with answering(handle) as uri:
        busy_store = open_store(uri, "faces", must_answer=False, wait=0)
        assert busy_store.experiment_id is None
        with Recorder.new(busy_store._replace(home=store.home, experiment_id="1"), "r", {"kind": "run"}) as run:
            few(run)
    assert monotonic() - began < 30
    assert "429" in caplog.text
    assert sync.sync(store.home, to=store.uri) == 0
    (stored,) = store.client.search_runs([store.experiment_id])
    assert (stored.data.metrics, stored.info.status) == ({"loss": 0.5}, "FINISHED")
    assert not journals(store)


def test_a_server_that_names_a_run_and_keeps_nothing_of_it_loses_nothing(store, caplog):
    with lying(json.dumps(SOMETHING)) as uri:
        with Recorder.new(store._replace(uri=uri), "r", {"kind": "run"}) as run:
            run.log_metrics({"loss": 0.5}, 1)
        assert run.id == "0" * 32
    (folder,) = journals(store)
    assert b"loss" in (folder / "entries.jsonl").read_bytes()
    assert "kept in" in caplog.text and "does not have the end of the run" in caplog.text


@pytest.mark.parametrize(
    "lost",
    [
        "_metrics",
        "_model",
        *(pytest.param(op, marks=pytest.mark.slow) for op in ("_tags", "_parameters", "_dataset", "_end")),
    ],
)
def test_what_the_server_took_and_does_not_have_is_sent_again(store, monkeypatch, lost):
    with monkeypatch.context() as patch:
        patch.setattr(Delivery, lost, lambda *_: None)
        with Recorder.new(store, "r", {"kind": "run"}) as run:
            everything(run)
        assert len(journals(store)) == 1
    deliver_abandoned(store)
    found = snapshot(store, run.id)
    assert len(found["params"]) == 150 and len(found["points"]) == 3 * 3 + 2 and found["tags"]["a"] == "last"
    assert (len(found["models"]), len(found["inputs"]), found["end"][0]) == (1, 1, "FINISHED")
    assert not journals(store)


def test_a_file_is_removed_here_only_once_the_server_has_it(store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("mlflow.MlflowClient.log_artifact", lambda *_: None)
        with Recorder.new(store, "r", {"kind": "run"}) as run:
            run.log_text("some text", "notes/text.txt")
    assert len(list(journals(store)[0].rglob("text.txt"))) == 1
    deliver_abandoned(store)
    assert snapshot(store, run.id)["files"] == ["notes/text.txt"] and not journals(store)


def test_what_the_server_lost_for_a_while_it_gets_before_the_run_ends(store, monkeypatch):
    monkeypatch.setattr("fer_exp.tracking.sender.PATIENCE", 10)
    real, calls = Delivery._metrics, []

    def forgetful(delivery, run_id, *entries):
        calls.append(1)
        if len(calls) > 1:
            real(delivery, run_id, *entries)

    monkeypatch.setattr(Delivery, "_metrics", forgetful)
    with Recorder.new(store, "r", {"kind": "run"}) as run:
        run.log_metrics({"loss": 0.5}, 1)
    assert store.client.get_run(run.id).data.metrics == {"loss": 0.5}
    assert not journals(store)


def test_a_server_that_trickles_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("fer_exp.tracking.answers.HEALTH_TIMEOUT", 0.3)

    def trickle(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(30):  # each byte within the limit of a request
            handler.wfile.write(b"O")
            sleep(0.1)

    began = monotonic()
    with answering(trickle) as uri, pytest.raises(TimeoutError, match=r"no answer within 0\.3 seconds"):
        check_health(uri)
    assert monotonic() - began < 2
