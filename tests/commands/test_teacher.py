"""A network learns from another one's answers: which one that is, and what may not teach."""

from types import SimpleNamespace

import numpy as np
import pytest
from configs import composed
from mlflow import MlflowClient
from runs import command, results, same

from fer_exp import tracking
from fer_exp.commands import run, teacher
from fer_exp.commands.prepare import prepare
from fer_exp.errors import UserError
from fer_exp.tracking import open_store, training_runs

DISTILL = ("method=distill", "data=mixed", "occlusion.fill=mean", "epochs=2")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder of the database of `taught`."""
    return tmp_path_factory.mktemp("taught")


@pytest.fixture(scope="module")
def uri(place):
    return f"sqlite:///{place}/mlflow.db"


@pytest.fixture(scope="module")
def taught(module_folder, place, uri):
    """The words of a distilling run, and its id; its teacher was trained first."""
    words = [*command(module_folder, uri), *DISTILL]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_EXP_CACHE", str(place / "cache"))
        return words, run.train(*composed(words), words, "s-1")


@pytest.fixture(autouse=True)
def same_cache(place, monkeypatch):
    monkeypatch.setenv("FER_EXP_CACHE", str(place / "cache"))


@pytest.mark.slow
def test_auto_trains_the_uncovered_run_of_the_sweep_first_and_once(taught, module_folder, uri, capsys):
    words, run_id = taught
    of_uri = lambda: training_runs(open_store(uri, "fer-exp"))  # noqa: E731
    first, second = of_uri()
    assert (first.data.params["data"], first.data.params["method"]) == ("normal", "plain")
    assert first.data.params["occlusion.fill"] == "color"
    assert second.info.run_id == run_id
    assert second.data.tags["method.teacher"] == first.info.run_id
    assert {run.data.tags["sweep_id"] for run in (first, second)} == {"s-1"}
    # the sweep's own job of uncovered faces is that run, and another student has the same teacher
    plain = [*command(module_folder, uri), "data=normal", "epochs=2"]
    assert run.train(*composed(plain), plain, "s-2") == first.info.run_id
    other = [*words, "method.alpha=0.9"]
    assert run.train(*composed(other), other) != run_id
    assert len(of_uri()) == 3
    assert of_uri()[-1].data.tags["method.teacher"] == first.info.run_id


@pytest.mark.slow
def test_a_teacher_that_is_there_already_gives_the_same_network(taught, uri):
    words, run_id = taught
    named = MlflowClient(uri).get_run(run_id).data.tags["method.teacher"]
    again = [*words, f"method.teacher={named}"]
    found = results(uri, run.train(*composed(again), again))
    assert found[0].data.tags["method.teacher"] == named
    same(results(uri, run_id), found)


def test_a_teacher_is_named_as_any_run_is_and_kept_by_its_whole_id(store):
    run = tracking.Recorder.new(store, "net-normal-s0", {"kind": "run"})
    run.end("FINISHED")
    for name in (run.id[:8], "net-normal-s0", run.id):
        settings, plain = teacher.with_teachers_id(store, *composed(["method=distill", f"method.teacher='{name}'"]))
        assert settings.method.teacher == plain["method"]["teacher"] == run.id
    with pytest.raises(UserError, match=r"^method\.teacher=other: no run has this name"):
        teacher.with_teachers_id(store, *composed(["method=distill", "method.teacher=other"]))
    for words in ([], ["method=distill"]):
        given = composed(words)
        assert teacher.with_teachers_id(store, *given) == given


@pytest.mark.slow
def test_it_is_asked_of_each_uncovered_training_face_once(taught, uri, monkeypatch):
    words, run_id = taught
    settings, _ = composed(words)
    prepared, store = prepare(settings), open_store(uri, "fer-exp")
    monkeypatch.setattr(teacher, "predict_samples", lambda *_: pytest.fail("the answers are in the cache"))
    named = MlflowClient(uri).get_run(run_id).data.tags["method.teacher"]
    answers = teacher.with_teacher(store, named, prepared).answers
    train = prepared.source.rows("train")
    assert answers.shape == (len(prepared.faces), len(prepared.faces.classes))
    assert np.isfinite(answers[train]).all() and np.isnan(np.delete(answers, train, 0)).all()
    assert answers[train].sum(1) == pytest.approx(np.ones(len(train)), abs=1e-5)


@pytest.mark.slow
def test_what_cannot_teach_is_said_in_a_line(taught, uri):
    words, run_id = taught
    settings, _ = composed(words)
    prepared, store = prepare(settings), open_store(uri, "fer-exp")
    stored = MlflowClient(uri).get_run(run_id)
    source, faces = prepared.source, prepared.faces
    ask = lambda source, run=stored: teacher.check_teacher(store, run, settings, source)  # noqa: E731
    ask(source)
    with pytest.raises(UserError, match=r"method.teacher=.*knows the classes .*, not x, y"):
        ask(source._replace(faces=SimpleNamespace(classes=("x", "y"), fingerprint=faces.fingerprint)))
    with pytest.raises(UserError, match=r"learned from other faces.*method.teacher=auto"):
        ask(source._replace(faces=SimpleNamespace(classes=faces.classes, fingerprint="0", name="tiny")))
    with pytest.raises(UserError, match="sees pictures of 16 pixels and 3 channels, this network 16 and 1"):
        ask(source._replace(channels=1))
    with pytest.raises(UserError, match=r"method.teacher=f{32}: not in"):
        teacher.with_teacher(store, "f" * 32, prepared)
    stopped = tracking.Recorder.new(store, "stopped", {"kind": "run"})
    stopped.end("KILLED")
    with pytest.raises(UserError, match=f"^method.teacher={stopped.id}: stopped .* is KILLED, not finished; resume="):
        teacher.with_teacher(store, stopped.id, prepared)
