"""The main job as its user runs it, on a folder of tiny faces."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from mlflow import MlflowClient
from omegaconf import OmegaConf

from fer_exp.commands import run
from fer_exp.config.compose import validate
from fer_exp.config.training import MONITORS
from fer_exp.errors import DataError, UserError
from fer_exp.models import keras_vggface, mini_xception
from fer_exp.system.paths import ROOT
from fer_exp.tracking import open_place, sweep_runs

TINY = ["model.size=16", "model.blocks=[[4],[8]]", "epochs=2", "batch_size=16"]


@pytest.fixture
def words(folder, tmp_path):
    """Words of a command line that trains a tiny network on the tiny folder, tracked in a database of its own."""
    root, landmarks = folder
    data = ["dataset=image_folder", f"dataset.root={root}", f"dataset.landmarks={landmarks}"]
    return [*data, f"tracking.uri=sqlite:///{tmp_path}/mlflow.db", *TINY]


@pytest.fixture
def train(words, tmp_path):
    """train(*words) -> the finished run, in this process."""

    def go(*more):
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            cfg = compose("train", overrides=[*words, *more])
        found = run.train(validate(cfg), OmegaConf.to_container(cfg, resolve=True, enum_to_str=True), list(more))
        return MlflowClient(f"sqlite:///{tmp_path}/mlflow.db").get_run(found)

    return go


def only_run(tmp_path):
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    found = client.search_runs([client.get_experiment_by_name("fer-exp").experiment_id])
    assert len(found) == 1
    return found[0]


def artifacts(found) -> Path:
    return Path(found.info.artifact_uri.removeprefix("file://"))


def test_a_run_leaves_everything_a_reader_needs(train):
    found = train("data=mixed")
    files = {str(p.relative_to(artifacts(found))) for p in artifacts(found).rglob("*") if p.is_file()}
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "convnet_small-mixed-s0"
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
        found.data.metrics
    )
    assert found.data.params["data"] == "mixed"
    assert found.data.params["optimizer"] == "adam"
    assert found.data.params["class_weights"] == "sqrt"
    assert found.data.params["optimizer.learning_rate"] == "0.002"
    assert {"dataset.fingerprint", "split.hash", "overrides", "version.keras", "git.dirty", "host"} <= set(
        found.data.tags
    )
    assert {i.dataset.name for i in found.inputs.dataset_inputs} == {
        f"image_folder-{part}" for part in ("training", "validation", "test")
    }


def test_best_and_last_are_logged_models_whose_metrics_carry_their_test_set(train, tmp_path):
    found = train("data=mixed")
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    models = {m.name: m for m in client.search_logged_models([found.info.experiment_id])}
    assert set(models) == {"convnet_small-mixed-s0-best", "convnet_small-mixed-s0-last"}
    for name, model in models.items():
        checkpoint = name.rsplit("-", 1)[1]
        by_set = {m.dataset_name: m.value for m in model.metrics if m.key.startswith(f"{checkpoint}/")}
        assert by_set == {t: found.data.metrics[f"{checkpoint}/{t}"] for t in ("normal", "occluded", "mixed")}
        assert (artifacts(found) / model.tags["file"]).is_file()
        assert model.status == "READY"
    assert len(found.outputs.model_outputs) == 2


def test_further_test_sets_are_named_by_what_their_faces_wear(train):
    found = train("data=normal", "tests=[sunglasses,quest2-0.5,8px]")
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


def test_covered_copies_are_not_covered_twice(train, folder):
    first = next((folder[0] / "train/angry").iterdir())
    first.with_name(f"{first.stem}_occ.png").write_bytes(first.read_bytes())
    with pytest.raises(UserError, match=r"1 pictures of .* are covered copies \(_occ\)"):
        train("data=occluded")


def test_the_numbers_follow_from_the_stored_predictions(train):
    found = train("data=occluded")
    table = pd.read_parquet(artifacts(found) / "predictions" / "last.parquet")
    for test_set in ("normal", "occluded"):
        columns = [c for c in table.columns if c.startswith(f"{test_set}/")]
        predicted = table[columns].to_numpy().argmax(1)
        names = np.array([c.split("/")[1] for c in columns])
        assert found.data.metrics[f"last/{test_set}"] == pytest.approx(
            (names[predicted] == table.label).mean(), abs=1e-4
        )
    assert table.id.tolist() == sorted(table.id, key=lambda i: (i.split("/")[1], int(i.split("_")[1][:-4])))


def test_the_stored_checkpoint_gives_the_stored_predictions(train, source):
    found = train("data=normal")
    model = keras.saving.load_model(artifacts(found) / "checkpoints" / "epoch-002.keras", compile=False)
    table = pd.read_parquet(artifacts(found) / "predictions" / "last.parquet")
    import cv2

    root = Path(found.data.params["dataset.root"])
    images = np.stack([cv2.imread(str(root / i))[..., ::-1] for i in table.id]).astype("float32")
    columns = [c for c in table.columns if c.startswith("normal/")]
    assert model.predict(images, verbose=0) == pytest.approx(table[columns].to_numpy(), abs=1e-5)
    assert getattr(model, "optimizer", None) is None


def test_the_same_seed_gives_the_same_run_and_another_seed_another(train):
    first, again, other = train(), train(), train("seed=1")
    assert first.data.tags["split.hash"] == again.data.tags["split.hash"] != other.data.tags["split.hash"]
    names = ["loss", "val_loss", "best/normal", "last_loss/normal", "last_loss/occluded"]
    assert [first.data.metrics[n] for n in names] == [again.data.metrics[n] for n in names]
    assert first.data.metrics["loss"] != other.data.metrics["loss"]


def test_best_and_last_alone_can_be_kept(train):
    found = train("checkpoints.keep=best_and_last", "epochs=4")
    kept = {int(p.stem.split("-")[1]) for p in (artifacts(found) / "checkpoints").iterdir()}
    assert kept == {int(found.data.metrics["best_epoch"]), 4}


def test_a_sweep_takes_over_what_was_run_before(words, tmp_path, capsys):
    def go(sweep_id, *more):
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            cfg = compose("train", overrides=[*words, "epochs=1", *more])
        resolved = OmegaConf.to_container(cfg, resolve=True, enum_to_str=True)
        return run.train(validate(cfg), resolved, list(more), sweep_id)

    first, again = go("s-1"), go("s-2", "workers=1")
    assert first == again
    assert "skipped: convnet_small-normal-s0" in capsys.readouterr().out
    place = open_place(f"sqlite:///{tmp_path}/mlflow.db", "fer-exp")
    assert [found.info.run_id for found in sweep_runs(place, "s-2")] == [first]
    assert go("s-3", "optimizer.learning_rate=0.1") != first
    assert go("s-3", "force=true") != first
    assert go(None) != first  # one run alone is always run


def test_nothing_in_progress_is_left_behind(train, tmp_path):
    found = train()
    assert not (tmp_path / "state" / found.info.run_id).exists()


@pytest.mark.parametrize("more", [["resample=true", "class_weights=none"], ["optimizer=sgd"], ["optimizer=rmsprop"]])
def test_other_ways_to_train(train, more):
    assert train(*more).info.status == "FINISHED"


def test_mixed_precision_keeps_probabilities_in_float32(train):
    try:
        found = train("mixed_precision=true", "epochs=1")
    finally:
        keras.mixed_precision.set_global_policy("float32")
    table = pd.read_parquet(artifacts(found) / "predictions" / "last.parquet")
    assert table["normal/happy"].dtype == np.float32
    assert np.isfinite(found.data.metrics["loss"])


def test_early_stopping_and_the_plateau_rule_follow_the_monitor(train):
    rules = ["early_stopping.patience=3", "reduce_lr_on_plateau.patience=1"]
    found = train("epochs=30", "optimizer.schedule=constant", "optimizer.learning_rate=1e-9", *rules)
    assert found.data.metrics["epochs_run"] < 30
    assert found.data.metrics["learning_rate"] < 1e-9 + 1e-12
    assert found.data.metrics["best_epoch"] == found.data.metrics["epochs_run"] - 3


def test_without_landmarks_normal_is_trained_and_tested_alone(train):
    found = train("dataset.landmarks=null")
    assert "best/normal" in found.data.metrics
    assert "best/occluded" not in found.data.metrics


def test_without_landmarks_other_variants_stop_and_name_the_two_ways_out(train):
    with pytest.raises(DataError, match=r"dataset\.landmarks=FILE\.npz.*occlusion\.missing=frame"):
        train("dataset.landmarks=null", "data=mixed")


def test_cropped_faces_without_landmarks_can_be_covered_by_their_frame(train):
    found = train("dataset.landmarks=null", "data=occluded", "occlusion.missing=frame")
    assert "best/occluded" in found.data.metrics
    assert found.data.tags["landmarks.missing_rule"] == "frame"


def test_a_run_names_the_faces_that_need_a_look(train, folder, caplog):
    root, _ = folder
    faces = sorted((root / "train" / "happy").iterdir())
    shutil.copy(faces[0], root / "train" / "sad" / "again.png")
    found = train()
    assert "same picture under another class: 1" in caplog.text
    named = pd.read_csv(artifacts(found) / "data" / "problems.csv")
    assert "train/sad/again.png" in named[named["problem"] == "same picture under another class"]["id"].tolist()


def command(*words):
    return [sys.executable, str(ROOT / "train.py"), *words]


def test_the_command_ends_with_table_name_and_address(words, tmp_path):
    done = subprocess.run(command(*words, "epochs=1"), capture_output=True, text=True, cwd=tmp_path, timeout=200)
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert "95 % interval" in out
    assert out.count("occluded") >= 2
    found = only_run(tmp_path)
    assert f"/runs/{found.info.run_id}" in out
    assert (artifacts(found) / "train.log").read_text().count("training")
    assert "Traceback" not in done.stderr


def test_a_run_that_is_told_to_stop_ends_killed_with_what_it_had(words, tmp_path):
    job = subprocess.Popen(
        command(*words, "epochs=4000"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("artifacts/*/*/artifacts/checkpoints/epoch-003.keras")):
        assert job.poll() is None, job.communicate()
        assert time.monotonic() < deadline
        os.sched_yield()
    job.send_signal(signal.SIGTERM)
    _, err = job.communicate(timeout=60)
    assert job.returncode == 130, err
    found = only_run(tmp_path)
    assert found.info.status == "KILLED"
    assert found.data.metrics["val_loss"] > 0
    assert (artifacts(found) / "training_curves.png").exists()


@pytest.mark.slow
def test_a_sweep_ends_with_its_matrix_and_one_failed_job_does_not_stop_it(words, tmp_path):
    more = ["-m", "data=mixed", "dataset.limit=2,null", "epochs=1"]
    done = subprocess.run(command(*words, *more), capture_output=True, text=True, cwd=tmp_path, timeout=400)
    assert done.returncode == 1
    assert done.stderr.count("failed: ") == 1  # two faces cannot be split
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("fer-exp").experiment_id])
    kinds = sorted(r.data.tags["kind"] for r in runs)
    assert kinds == ["run", "summary"]
    assert len({r.data.tags["sweep_id"] for r in runs}) == 1
    summary = next(r for r in runs if r.data.tags["kind"] == "summary")
    assert "| **mixed** |" in summary.data.tags["mlflow.note.content"]
    assert "trained" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_ctrl_c_stops_a_sweep_after_the_step_and_the_same_command_does_what_is_missing(words, tmp_path):
    sweep = command(*words, "-m", "data=normal,occluded", "epochs=40")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    first = subprocess.Popen(sweep, cwd=tmp_path, start_new_session=True, **pipes)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("artifacts/*/*/artifacts/checkpoints/epoch-003.keras")):
        assert first.poll() is None and time.monotonic() < deadline, first.communicate()
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGINT)  # as a terminal does
    out, err = first.communicate(timeout=60)
    assert first.returncode == 130, err
    assert "stops after this step" in err and "no matrix" in out
    assert "Traceback" not in err
    found = only_run(tmp_path)
    assert found.info.status == "KILLED"
    again = subprocess.run(sweep, cwd=tmp_path, timeout=300, **pipes)
    assert again.returncode == 0, again.stderr
    assert f"goes on: {found.info.run_name} ({found.info.run_id}) after epoch" in again.stdout
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("fer-exp").experiment_id])
    assert sorted(r.data.tags["kind"] for r in runs) == ["run", "run", "summary"]
    assert {r.info.status for r in runs} == {"FINISHED"}
    assert [p.step for p in client.get_metric_history(found.info.run_id, "loss")] == list(range(1, 41))


def test_a_run_of_a_study_logs_the_distance_to_the_published_number(train, folder):
    root, landmarks = folder
    study = ["experiment=study_b/emotion_model_3", "dataset=fer2013", f"dataset.root={root}"]
    found = train(*study, f"dataset.landmarks={landmarks}", "dataset.classes=[angry,happy,sad]")
    assert found.data.metrics["reproduction/normal"] == pytest.approx(
        found.data.metrics["best/normal"] - 0.531, abs=1e-4
    )
    assert found.data.tags["published/best/normal"] == "0.531"
    assert "0.531 (" in found.data.tags["mlflow.note.content"]
    assert not any(name.startswith("published") for name in found.data.params)


def frozen(tmp_path):
    """Words for a frozen mini-Xception, from a file in the published layout."""
    keras.utils.set_random_seed(5)
    mini_xception.network().save(tmp_path / "emotion_model.hdf5")
    # a network of its own keys: those of the tiny one do not apply
    return ["model=mini_xception", f"model.weights={tmp_path}/emotion_model.hdf5", "augmentation=none"]


@pytest.fixture
def train_frozen(words, tmp_path):
    """train_frozen(*words) -> the finished run of a frozen mini-Xception, in this process."""
    words = [word for word in words if not word.startswith("model.")]

    def go(*more):
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            cfg = compose("train", overrides=[*words, *frozen(tmp_path), *more])
        found = run.train(validate(cfg), OmegaConf.to_container(cfg, resolve=True, enum_to_str=True), list(more))
        return MlflowClient(f"sqlite:///{tmp_path}/mlflow.db").get_run(found)

    return go


def test_a_head_learns_the_same_from_cached_features_as_through_the_network(train_frozen, monkeypatch):
    cached = train_frozen("data=mixed")
    monkeypatch.setattr(run.models, "has_fixed_features", lambda *args: False)
    whole = train_frozen("data=mixed")
    assert cached.data.metrics.keys() == whole.data.metrics.keys()
    for name, value in whole.data.metrics.items():
        if name != "train_seconds":
            assert cached.data.metrics[name] == pytest.approx(value, abs=2e-4), name


def test_checkpoints_of_a_head_hold_the_whole_network(train_frozen):
    found = train_frozen()
    model = keras.saving.load_model(artifacts(found) / "checkpoints" / "epoch-002.keras", compile=False)
    assert model.input_shape == (None, 64, 64, 1)
    assert model.count_params() == found.data.metrics["parameters"]
    assert len(found.data.tags["model.weights.sha256"]) == 64


def test_missing_weights_end_the_run_before_any_data_is_read(words, monkeypatch):
    address = "http://127.0.0.1:9/notop_vgg16.h5"
    monkeypatch.setattr(
        keras_vggface, "weights_address", lambda backbone: ("notop_vgg16.h5", address, "models/vggface")
    )
    monkeypatch.setattr(run.landmarks, "load", lambda *args, **options: pytest.fail("data was read"))
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("train", overrides=[*[w for w in words if not w.startswith("model.")], "model=vgg16"])
    with pytest.raises(
        UserError, match=r"cannot fetch http://127\.0\.0\.1:9.*model\.weights=FILE.*model\.weights=null"
    ):
        run.train(validate(cfg), OmegaConf.to_container(cfg, resolve=True, enum_to_str=True), [])


def test_every_monitor_is_logged_for_every_epoch_and_best_follows_the_chosen_one(train, tmp_path):
    found = train("monitor=val_balanced_loss", "mode=min", "epochs=4")
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    history = {
        name: {point.step: point.value for point in client.get_metric_history(found.info.run_id, name)}
        for name in MONITORS
    }
    assert all(sorted(values) == [1, 2, 3, 4] for values in history.values())
    losses = history["val_balanced_loss"]
    assert found.data.metrics["best_epoch"] == min(losses, key=losses.get)
