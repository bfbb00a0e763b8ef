from types import SimpleNamespace

import pytest
from configs import composed
from interrupted import Stop, database, go_on, interrupt, only
from mlflow import MlflowClient
from runs import command, results, train

from fer_exp.commands import reuse
from fer_exp.commands.continuation import DATA, changed_tags
from fer_exp.commands.prepare import prepare
from fer_exp.errors import ConfigError, UserError
from fer_exp.tracking import Taken, open_store, recorder
from fer_exp.training import checkpoints


@pytest.mark.slow
def test_what_does_not_fit_is_refused_and_says_so(module_folder, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(Stop):
        interrupt(patch, checkpoints, "save", 3)
        train(command(module_folder, database(tmp_path)))
    begun, client = only(tmp_path), MlflowClient(database(tmp_path))
    with pytest.raises(ConfigError, match=r"epochs: 6, now 8\)\. resume_changes=\[epochs\] allows it"):
        go_on(begun, tmp_path, "epochs=8", "batch_size=8")
    for word in ("model=emotion_cnn_2", "optimizer.learning_rate=5.0"):
        with pytest.raises(ConfigError, match="cannot change in the midst"):
            go_on(begun, tmp_path, word, f"resume_changes=[{word.split('=')[0]}]")
    client.update_run(begun, status="RUNNING")
    with pytest.raises(UserError, match="still running, as process"):
        go_on(begun, tmp_path)
    client.set_terminated(begun, "KILLED")
    client.set_tag(begun, "split.hash", "another")
    with pytest.raises(UserError, match="the split are not those"):
        go_on(begun, tmp_path)
    assert client.get_run(begun).info.status == "KILLED"
    client.set_tag(begun, "split.hash", prepare(composed(command(module_folder, database(tmp_path)))[0]).split.hash)
    real = recorder._take_over

    def meanwhile(*words):
        with pytest.raises(Taken, match="another process goes on with it"):  # after its checks, before its first record
            go_on(begun, tmp_path)
        return real(*words)

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "_take_over", meanwhile)
        go_on(begun, tmp_path, "epochs=3", "resume_changes=[epochs]")
    found, points, _ = results(database(tmp_path), begun)
    assert [step for step, _ in points["loss"]] == [1, 2, 3]
    assert found.data.tags["resume.changed"] == "epochs: 6 -> 3"
    with pytest.raises(UserError, match="is finished"):
        go_on(found.info.run_name, tmp_path)
    with pytest.raises(UserError, match="every run of fer-exp is finished"):
        go_on("last", tmp_path)
    fresh = composed(command(module_folder, database(tmp_path)))  # it is no repeat of what it was told first
    tags = reuse.run_tags(*fresh, prepare(fresh[0]), [], None)
    assert reuse.find_reusable(open_store(database(tmp_path), "fer-exp"), tags) is None


def test_other_faces_to_test_on_are_refused():
    stored = SimpleNamespace(info=SimpleNamespace(run_name="net", run_id="0" * 32), data=SimpleNamespace(tags={}))
    begun = dict.fromkeys(DATA, "as it was") | {"test_datasets.ck": "9 faces", "test_datasets.ck.fingerprint": "f"}
    stored.data.tags = begun
    assert changed_tags(stored, begun, {}) == {}
    with pytest.raises(UserError, match=r"faces to test on are not those .* \(test_datasets\.ck\.fingerprint\)"):
        changed_tags(stored, begun | {"test_datasets.ck.fingerprint": "g"}, {})
