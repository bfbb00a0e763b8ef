"""A stored run is asked again: what it logged stays, what is new gets names of its own."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from mlflow import MlflowClient
from omegaconf import OmegaConf

from fer_exp.commands import retest, run
from fer_exp.config.compose import validate
from fer_exp.config.training import Mode
from fer_exp.errors import DataError, UserError
from fer_exp.evaluation import model_selection as selection
from fer_exp.system.paths import ROOT


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('tracking')}/mlflow.db"


@pytest.fixture(scope="module")
def trained(module_folder, uri, tmp_path_factory):
    """The id of a run of three tiny epochs on the tiny folder, that all tests here ask."""
    root, landmarks = module_folder
    words = ["dataset=image_folder", f"dataset.root={root}", f"dataset.landmarks={landmarks}", f"tracking.uri={uri}"]
    words += ["model.size=16", "model.blocks=[[4],[8]]", "epochs=3", "batch_size=16"]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("train", overrides=words)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_EXP_CACHE", str(tmp_path_factory.mktemp("cache")))
        return run.train(validate(cfg), OmegaConf.to_container(cfg, resolve=True, enum_to_str=True), words)


@pytest.fixture
def ask(trained, uri):
    """ask(*words) -> the run after the question."""

    def go(*words):
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            cfg = compose("evaluate", overrides=[f"run={trained}", f"tracking.uri={uri}", *words])
        retest.retest(validate(cfg))
        return MlflowClient(uri).get_run(trained)

    return go


def points(uri, run_id, key):
    return [(p.step, p.value) for p in MlflowClient(uri).get_metric_history(run_id, key)]


def test_the_runs_own_numbers_come_out_again_and_nothing_is_written(ask, trained, uri, capsys):
    before = MlflowClient(uri).get_run(trained).data
    after = ask("checkpoint=last").data
    assert "agrees with what the run logged" in capsys.readouterr().out
    assert (before.metrics, before.tags) == (after.metrics, after.tags)


def test_every_epoch_is_tested_and_the_run_is_marked(ask, trained, uri, capsys):
    found = ask("checkpoint=all")
    assert [step for step, _ in points(uri, trained, "epoch/occluded")] == [1, 2, 3]
    assert points(uri, trained, "epoch/normal")[-1][1] == found.data.metrics["last/normal"]
    assert "never for selection" in found.data.tags["looked_at_test_set"]
    said = capsys.readouterr().out
    assert "val_balanced_loss" in said
    assert "the test set (not allowed)" in said
    files = [item.path for item in MlflowClient(uri).list_artifacts(trained, "epoch")]
    assert files == ["epoch/accuracy.png", "epoch/selection.json"]
    assert found.info.status == "FINISHED"


def test_asking_twice_stores_each_number_once(ask, trained, uri):
    ask("checkpoint=all")
    once = points(uri, trained, "epoch/mixed")
    ask("checkpoint=all")
    assert points(uri, trained, "epoch/mixed") == once


def test_another_bar_gets_names_of_its_own(ask, trained, uri):
    before = MlflowClient(uri).get_run(trained).data.metrics
    found = ask("occlusion=quest2", "occlusion.scale=0.5")
    label = next(key for key in found.data.metrics if key.startswith("best.quest2-0.5.")).split("/")[0]
    assert found.data.metrics[f"{label}/normal"] == found.data.metrics["best/normal"]
    assert f"{label}/occluded" in found.data.metrics
    assert {key: found.data.metrics[key] for key in before} == before


def test_other_faces_of_the_same_classes(ask, module_folder):
    root, _ = module_folder
    found = ask("checkpoint=2", "dataset=image_folder", f"dataset.root={root}", "dataset.limit=9")
    sets = {key.split("/")[1] for key in found.data.metrics if key.startswith("epoch.image_folder.")}
    assert sets == {"normal"}  # no landmarks were given


def test_another_question_has_another_name(ask, module_folder):
    for color, names in (("[255,0,0]", 1), ("[0,255,0]", 2)):
        found = ask("occlusion=quest2", f"occlusion.color={color}").data.metrics
        assert len([key for key in found if re.fullmatch(r"best\.quest2\.[0-9a-f]{6}/occluded", key)]) == names


def test_faces_that_are_not_the_runs_own_any_more_are_refused(ask, monkeypatch):
    load = retest.landmarks.load
    changed = lambda *args, **options: replace(load(*args, **options), fingerprint="0" * 64)  # noqa: E731
    monkeypatch.setattr(retest.landmarks, "load", changed)
    with pytest.raises(DataError, match="are not those that"):
        ask("checkpoint=last")


def test_known_faces_among_others_are_counted(ask, module_folder, caplog):
    root, _ = module_folder
    ask("dataset=image_folder", f"dataset.root={root}/train")
    assert "of the faces tested on also occur in the run's training part" in caplog.text


def test_tables_are_replaced_not_lengthened(ask, trained, uri, tmp_path):
    for _ in range(2):
        ask("checkpoint=all")
    table = MlflowClient(uri).download_artifacts(trained, "epoch/selection.json", str(tmp_path))
    assert len(pd.read_json(table, orient="split")) == 7


def test_faces_of_other_classes_are_refused_and_named(ask, module_folder):
    with pytest.raises(DataError, match=r"knows the classes angry, happy, sad; image_folder has sad, happy, angry"):
        ask("dataset=image_folder", f"dataset.root={module_folder[0]}", "dataset.classes=[sad,happy,angry]")


def test_missing_epochs_and_runs_are_named(ask, uri):
    with pytest.raises(UserError, match=r"checkpoint=9: .*kept the epochs: 1, 2, 3"):
        ask("checkpoint=9")
    with pytest.raises(UserError, match=r"tracking\.uri names another database"):
        ask(f"run={'0' * 32}")


def test_each_monitor_picks_its_best_epoch_the_earliest_on_ties():
    history = {"val_loss": {1: 0.5, 2: 0.4, 3: 0.4}, "val_accuracy": {1: 0.2, 2: 0.3, 3: 0.6}}
    accuracy = {"normal": {1: 0.1, 2: 0.7, 3: 0.5}, "occluded": {1: 0.3, 2: 0.2, 3: 0.1}}
    expected = pd.DataFrame(
        {
            "chosen by": ["val_loss", "val_accuracy", "the last epoch", "the test set (not allowed)"],
            "epoch": [2, 3, 3, None],
            "normal": [0.7, 0.5, 0.5, 0.7],
            "occluded": [0.2, 0.1, 0.1, 0.3],
        }
    ).astype({"epoch": "Int64"})
    pd.testing.assert_frame_equal(selection.table(history, accuracy), expected)


def test_an_epoch_that_was_not_kept_is_still_the_one_that_was_picked():
    history = {"val_loss": {1: 0.9, 2: 0.5, 3: 0.7, 4: 0.8}}
    found = selection.table(history, {"normal": {1: 0.3, 4: 0.6}})
    assert found["epoch"].tolist() == [2, 4]
    assert np.isnan(found["normal"][0])
    assert found["normal"][1] == 0.6


def test_nan_is_never_picked():
    assert selection.picked({1: float("nan"), 2: 0.5}, Mode.min) == 2


def test_one_pass_serves_all_checkpoints(source, faces, monkeypatch):
    import keras

    from fer_exp.evaluation.predictions import predict

    models = {}
    for epoch in (1, 2):
        keras.utils.set_random_seed(epoch)
        layers = [keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
        models[epoch] = keras.Sequential(layers)
    rows = faces.rows("test")
    both = predict(models, source, rows, 8)
    for epoch, model in models.items():
        alone = predict({epoch: model}, source, rows, 64)[epoch]
        for form in ("normal", "occluded"):
            assert both[epoch].probabilities[form] == pytest.approx(alone.probabilities[form], abs=1e-5)
    assert np.abs(both[1].probabilities["normal"] - both[2].probabilities["normal"]).max() > 0.01


def test_further_test_sets_of_a_trained_network_are_a_question_of_their_own(ask, trained, uri, capsys):
    found = ask("tests=[sunglasses,quest2-0.5,quest2-1.5]")
    name = next(
        key.split("/")[0] for key in found.data.metrics if key.endswith("/quest2-0.5") and "_" not in key.split("/")[0]
    )
    assert name.startswith("best.tests.")
    assert found.data.metrics[f"{name}/normal"] == found.data.metrics["best/normal"]
    files = [item.path for item in MlflowClient(uri).list_artifacts(trained, name)]
    assert {f"{name}/severity.json", f"{name}/severity.png", f"{name}/confusion_sunglasses.png"} <= set(files)
    assert "sunglasses" in capsys.readouterr().out


def test_every_epoch_is_tested_on_further_test_sets_too(ask, trained, uri):
    found = ask("checkpoint=all", "tests=[sunglasses]")
    name = next(key.split("/")[0] for key in found.data.metrics if key.startswith("epoch.tests.") and "_" not in key)
    assert [step for step, _ in points(uri, trained, f"{name}/sunglasses")] == [1, 2, 3]
    assert "looked_at_test_set" in found.data.tags


def test_a_test_set_that_is_none_is_said_at_once(ask):
    with pytest.raises(UserError, match="no occluder"):
        ask("tests=[sunglases]")
