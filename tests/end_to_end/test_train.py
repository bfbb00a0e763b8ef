"""The main job as its user runs it, on a folder of tiny faces."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from conftest import train_once, train_run, train_words
from mlflow import MlflowClient
from omegaconf import OmegaConf
from runs import artifacts

from fer_exp.config.training import MONITORS
from fer_exp.evaluation.calibration import scale
from fer_exp.evaluation.statistics import reliability

OWN_METRIC = """
def score(labels, probabilities):
    return (labels == 0).mean() + probabilities.sum(1).mean()
"""


def test_a_run_leaves_everything_a_reader_needs(trained):
    files = {str(p.relative_to(artifacts(trained))) for p in artifacts(trained).rglob("*") if p.is_file()}
    assert trained.info.status == "FINISHED"
    assert trained.info.run_name == "convnet_small-mixed-s0"
    assert {f"checkpoints/epoch-00{e}.keras" for e in (1, 2)} <= files
    assert {"predictions/best.parquet", "predictions/last.parquet", "training_curves.png"} <= files
    assert {f"{c}/confusion_{t}.png" for c in ("best", "last") for t in ("normal", "occluded", "mixed")} <= files
    assert {
        "samples/normal.png",
        "samples/occluded.png",
        "samples/training.png",
        "data/class_counts.json",
        "config.yaml",
    } <= files
    assert {"parameters", "trainable_parameters", "train_seconds", "epochs_run", "best_epoch", "val_macro_f1"} <= set(
        trained.data.metrics
    )
    assert trained.data.params["data"] == "mixed"
    assert trained.data.params["optimizer"] == "adam"
    assert trained.data.params["class_weights"] == "sqrt"
    assert trained.data.params["optimizer.learning_rate"] == "0.002"
    assert {"dataset.fingerprint", "split.hash", "overrides", "version.keras", "git.dirty", "host"} <= set(
        trained.data.tags
    )
    assert {i.dataset.name for i in trained.inputs.dataset_inputs} == {
        f"image_folder-{part}" for part in ("training", "validation", "test")
    }


def test_best_and_last_are_logged_models_whose_metrics_carry_their_test_set(trained, trained_in):
    client = MlflowClient(f"sqlite:///{trained_in}/mlflow.db")
    models = {m.name: m for m in client.search_logged_models([trained.info.experiment_id])}
    assert set(models) == {"convnet_small-mixed-s0-best", "convnet_small-mixed-s0-last"}
    for name, model in models.items():
        checkpoint = name.rsplit("-", 1)[1]
        by_set = {m.dataset_name: m.value for m in model.metrics if m.key.startswith(f"{checkpoint}/")}
        assert by_set == {t: trained.data.metrics[f"{checkpoint}/{t}"] for t in ("normal", "occluded", "mixed")}
        assert (artifacts(trained) / model.tags["file"]).is_file()
        assert model.status == "READY"
    assert len(trained.outputs.model_outputs) == 2


@pytest.fixture(scope="module")
def elaborate(module_folder, tmp_path_factory, migrated):
    """A finished run that has much that the default has not, and the folder of its database; no test changes it."""
    home = tmp_path_factory.mktemp("elaborate")
    (home / "first.py").write_text(OWN_METRIC)
    more = ["tests=[sunglasses,quest2-0.5,8px]", "monitor=val_balanced_loss", "mode=min", "epochs=4"]
    more += ["checkpoints.keep=best_and_last", "resample=true", "class_weights=none", "optimizer=sgd"]
    return train_once(module_folder, home, migrated, *more, f"metrics=[{home}/first.py]"), home


@pytest.mark.slow
def test_further_test_sets_are_named_by_what_their_faces_wear(elaborate):
    found, _ = elaborate
    names = {"normal", "occluded", "mixed", "sunglasses", "quest2-0.5", "8px"}
    assert {key.split("/")[1] for key in found.data.metrics if key.startswith("best/")} == names
    shares = {k.split("/")[1]: v for k, v in found.data.metrics.items() if k.startswith("covered_share/")}
    assert set(shares) == {"occluded", "sunglasses", "quest2-0.5"}
    assert 0 < shares["quest2-0.5"] < shares["occluded"] < 1
    table = pd.read_parquet(artifacts(found) / "predictions" / "best.parquet")
    assert {c.split("/")[0] for c in table.columns if "/" in c} == names - {"mixed"}
    assert (table["normal/angry"] != table["8px/angry"]).any()
    assert (artifacts(found) / "best/severity.png").is_file()
    described = OmegaConf.load(artifacts(found) / "tests.yaml").further_test_sets
    assert described.sunglasses.occlusion.width == 0.36 and described["8px"].degrade == 8


def test_the_numbers_follow_from_the_stored_predictions(trained):
    table = pd.read_parquet(artifacts(trained) / "predictions" / "last.parquet")
    for test_set in ("normal", "occluded"):
        columns = [c for c in table.columns if c.startswith(f"{test_set}/")]
        predicted = table[columns].to_numpy().argmax(1)
        names = np.array([c.split("/")[1] for c in columns])
        assert trained.data.metrics[f"last/{test_set}"] == pytest.approx(
            (names[predicted] == table.label).mean(), abs=1e-4
        )
    assert table.id.tolist() == sorted(table.id, key=lambda i: (i.split("/")[1], int(i.split("_")[1][:-4])))


def test_confidence_is_told_beside_its_temperature_and_no_answer_changes(trained):
    values = trained.data.metrics
    assert 0.05 < values["best_temperature"] < 20
    table = pd.read_parquet(artifacts(trained) / "predictions" / "best.parquet")
    names = [column.split("/")[1] for column in table.columns if column.startswith("normal/")]
    raw, labels = table[[f"normal/{name}" for name in names]].to_numpy(), table["label"].map(names.index).to_numpy()
    assert values["best_ece/normal"] == pytest.approx(reliability(raw, labels).error, abs=1e-4)
    scaled = reliability(scale(raw, values["best_temperature"]), labels).error
    assert values["best_ece_scaled/normal"] == pytest.approx(scaled, abs=2e-3)


def test_the_stored_checkpoint_gives_the_stored_predictions(trained):
    model = keras.saving.load_model(artifacts(trained) / "checkpoints" / "epoch-002.keras", compile=False)
    table = pd.read_parquet(artifacts(trained) / "predictions" / "last.parquet")
    import cv2

    root = Path(trained.data.params["dataset.root"])
    images = np.stack([cv2.imread(str(root / i))[..., ::-1] for i in table.id]).astype("float32")
    columns = [c for c in table.columns if c.startswith("normal/")]
    assert model.predict(images, verbose=0) == pytest.approx(table[columns].to_numpy(), abs=1e-5)
    assert getattr(model, "optimizer", None) is None


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run_and_another_seed_another(trained, module_folder, tmp_path):
    words = [*train_words(module_folder, tmp_path), "data=mixed"]
    first, again, other = trained, train_run(words, tmp_path), train_run([*words, "seed=1"], tmp_path)
    assert first.data.tags["split.hash"] == again.data.tags["split.hash"] != other.data.tags["split.hash"]
    names = ["loss", "val_loss", "best/normal", "last_loss/normal", "last_loss/occluded"]
    assert [first.data.metrics[n] for n in names] == [again.data.metrics[n] for n in names]
    assert first.data.metrics["loss"] != other.data.metrics["loss"]


def test_best_and_last_alone_can_be_kept(elaborate):
    found, _ = elaborate
    kept = {int(p.stem.split("-")[1]) for p in (artifacts(found) / "checkpoints").iterdir()}
    assert kept == {int(found.data.metrics["best_epoch"]), 4}


def test_nothing_in_progress_is_left_behind(trained, trained_in):
    assert not (trained_in / "state" / trained.info.run_id).exists()


@pytest.mark.slow
def test_mixed_precision_keeps_probabilities_in_float32(train):
    try:
        found = train("mixed_precision=true", "epochs=1")
    finally:
        keras.mixed_precision.set_global_policy("float32")
    table = pd.read_parquet(artifacts(found) / "predictions" / "last.parquet")
    assert table["normal/happy"].dtype == np.float32
    assert np.isfinite(found.data.metrics["loss"])


@pytest.mark.slow
def test_early_stopping_and_the_plateau_rule_follow_the_monitor(train):
    rules = ["early_stopping.patience=3", "reduce_lr_on_plateau.patience=1"]
    found = train("epochs=30", "optimizer.schedule=constant", "optimizer.learning_rate=1e-9", *rules)
    assert found.data.metrics["epochs_run"] < 30
    assert found.data.metrics["learning_rate"] < 1e-9 + 1e-12
    assert found.data.metrics["best_epoch"] == found.data.metrics["epochs_run"] - 3


@pytest.mark.slow
def test_without_landmarks_normal_is_trained_and_tested_alone(train):
    found = train("dataset.landmarks=null")
    assert "best/normal" in found.data.metrics
    assert "best/occluded" not in found.data.metrics


@pytest.mark.slow
def test_cropped_faces_without_landmarks_can_be_covered_by_their_frame(train):
    found = train("dataset.landmarks=null", "data=occluded", "occlusion.missing=frame")
    assert "best/occluded" in found.data.metrics
    assert found.data.tags["landmarks.missing_rule"] == "frame"


@pytest.mark.slow
def test_a_run_names_the_faces_that_need_a_look(train, folder, caplog):
    root, _ = folder
    faces = sorted((root / "train" / "happy").iterdir())
    shutil.copy(faces[0], root / "train" / "sad" / "again.png")
    found = train()
    assert "same picture under another class: 1" in caplog.text
    named = pd.read_csv(artifacts(found) / "data" / "problems.csv")
    assert "train/sad/again.png" in named[named["problem"] == "same picture under another class"]["id"].tolist()


@pytest.mark.slow
def test_a_run_of_a_study_logs_the_distance_to_the_published_number(train, folder):
    root, landmarks = folder
    study = ["experiment=study_b/emotion_model_3", "dataset=fer2013", f"dataset.root={root}"]
    study += [f"dataset.landmarks={landmarks}", "dataset.classes=[angry,happy,sad]"]
    found = train(*study, "published.training_faces=48", "published.test_faces=18")
    assert found.data.metrics["reproduction/normal"] == pytest.approx(
        found.data.metrics["best/normal"] - 0.531, abs=1e-4
    )
    assert found.data.tags["published/best/normal"] == "0.531"
    assert "0.531 (" in found.data.tags["mlflow.note.content"]
    assert not any(name.startswith("published") for name in found.data.params)


def test_every_monitor_is_logged_for_every_epoch_and_best_follows_the_chosen_one(elaborate):
    found, home = elaborate
    client = MlflowClient(f"sqlite:///{home}/mlflow.db")
    history = {
        name: {point.step: point.value for point in client.get_metric_history(found.info.run_id, name)}
        for name in MONITORS
    }
    assert all(sorted(values) == [1, 2, 3, 4] for values in history.values())
    losses = history["val_balanced_loss"]
    assert found.data.metrics["best_epoch"] == min(losses, key=losses.get)


def test_a_metric_of_ones_own_is_one_file_and_one_line(elaborate):
    found, _ = elaborate
    values = found.data.metrics
    assert values["best_first/normal"] == values["last_first/mixed"] == pytest.approx(4 / 3, abs=1e-4)
    assert (artifacts(found) / "metrics/first.py").read_text() == OWN_METRIC


@pytest.mark.slow
def test_no_result_depends_on_the_pictures_that_stay_in_memory(train):
    metrics = [train("data=mixed", f"picture_cache={gigabytes}").data.metrics for gigabytes in ("0", "null")]
    for values in metrics:
        del values["train_seconds"], values["train_cpu_seconds"]
    assert metrics[0] == metrics[1]
