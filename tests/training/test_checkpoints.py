import pickle
import subprocess
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from hostile import Touch
from trees import damaged, put

from fer_exp.config.optimizer import AdamConfig
from fer_exp.config.training import Keep, Mode, TrainingConfig
from fer_exp.errors import UserError
from fer_exp.training import checkpoints
from fer_exp.training.checkpoints import Checkpoints, load, save


def tiny():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(64), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    return model


def epochs(tmp_path, values, mode=Mode.max, keep=Keep.all):
    """Checkpoints after epochs with these monitored values, and the names delivered."""
    delivered = []
    found = Checkpoints(tmp_path, "val_x", mode, keep, lambda path: delivered.append(path.name), tiny())
    for epoch, value in enumerate(values):
        found.on_epoch_end(epoch, {"val_x": value})
    found.on_train_end()
    return found, delivered


def test_best_is_the_earliest_of_equals(tmp_path):
    assert epochs(tmp_path, [0.1, 0.5, 0.5, 0.2])[0].best_epoch == 2


def test_less_can_be_better_and_nan_never_is(tmp_path):
    assert epochs(tmp_path, [0.5, float("nan"), 0.2, 0.3], Mode.min)[0].best_epoch == 3


def test_a_first_epoch_of_nan_is_beaten(tmp_path):
    assert epochs(tmp_path, [float("nan"), 0.5, 0.4])[0].best_epoch == 2


def test_what_the_kept_states_name_stays_in_the_folder_and_every_epoch_is_delivered(tmp_path):
    _, delivered = epochs(tmp_path / "state", [0.1, 0.5, 0.2, 0.3, 0.2, 0.1])
    assert delivered == [f"epoch-00{e}.keras" for e in (1, 2, 3, 4, 5, 6)]
    # the best one, the last one, and the last ones of the two states before
    assert sorted(p.name for p in (tmp_path / "state").iterdir()) == [f"epoch-00{e}.keras" for e in (2, 4, 5, 6)]


def test_best_and_last_alone_are_delivered_if_asked_for(tmp_path):
    _, delivered = epochs(tmp_path, [0.1, 0.5, 0.2, 0.3], keep=Keep.best_and_last)
    assert delivered == ["epoch-002.keras", "epoch-004.keras"]


def test_the_file_holds_the_weights_and_no_optimizer(tmp_path):
    model, path = tiny(), tmp_path / "m.keras"
    model.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    save(model, path)
    back = load(path)
    assert getattr(back, "optimizer", None) is None
    assert all((a == b).all() for a, b in zip(model.get_weights(), back.get_weights(), strict=True))


def test_a_model_with_code_inside_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2)])
    model.save(tmp_path / "hostile.keras")
    with pytest.raises(UserError, match=r"hostile\.keras: not a saved model, or a damaged one .*lambda"):
        load(tmp_path / "hostile.keras")


@pytest.mark.slow
def test_a_full_disk_says_so_and_leaves_the_files_before_whole(tmp_path):
    # the limit on a file's size stands for the full disk: the write itself fails, as it does there
    code = f"""
import os, resource, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
from pathlib import Path
from fer_exp.errors import UserError
from fer_exp.training.checkpoints import save
model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(512), keras.layers.Dense(512)])
save(model, Path(r"{tmp_path}/epoch-001.keras"))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    save(model, Path(r"{tmp_path}/epoch-002.keras"))
except UserError as error:
    print("said:", error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "said: " in done.stdout, done.stderr
    assert "epoch-002.keras" in done.stdout
    assert "checkpoints.keep=best_and_last" in done.stdout
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".keras")] == ["epoch-001.keras"]
    assert load(tmp_path / "epoch-001.keras").count_params() == 64 * 512 + 512 + 512 * 512 + 512


def test_what_a_killed_process_was_writing_goes_when_its_run_goes_on(tmp_path):
    (tmp_path / ".part-1.keras").write_bytes(b"half")
    run = SimpleNamespace(state=tmp_path, log_artifact=print)
    Checkpoints.for_run(run, TrainingConfig(monitor="val_loss", mode=Mode.min, optimizer=AdamConfig()), tiny(), 1)
    assert not list(tmp_path.glob(".part-*"))


def test_too_little_room_for_a_runs_models_is_said_before_it_begins(tmp_path, monkeypatch):
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(250)])  # 1250 weights, 5000 bytes
    free = type("Usage", (), {"free": 200_000})
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda folder: free)
    checkpoints.check_space(tmp_path, network, 20, Keep.all)
    checkpoints.check_space(tmp_path, network, 10_000, Keep.best_and_last)
    with pytest.raises(UserError, match=r"are free in .*checkpoints\.keep=best_and_last"):
        checkpoints.check_space(tmp_path, network, 40, Keep.all)


def test_code_in_a_model_is_not_run(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2)])
    model.save(tmp_path / "x.keras")
    with pytest.raises(Exception, match=r"(?i)lambda|safe"):
        load(tmp_path / "x.keras")
    (tmp_path / "y.keras").write_bytes(pickle.dumps(Touch(tmp_path / "touched")))
    with pytest.raises(UserError, match="not a saved model"):
        load(tmp_path / "y.keras")
    assert not (tmp_path / "touched").exists()


def test_a_damaged_model_is_said_in_one_line(tmp_path):
    save(tiny(), tmp_path / "x.keras")
    whole, rng, refused = (tmp_path / "x.keras").read_bytes(), np.random.default_rng(0), 0
    for _ in range(40):
        put(tmp_path / "x.keras", damaged(whole, rng))
        try:
            load(tmp_path / "x.keras")
        except UserError as error:
            refused += 1
            assert "\n" not in str(error) and "x.keras: not a saved model" in str(error)
    assert refused > 20


def test_a_folder_for_states_that_cannot_be_made_is_named_before_training_begins(tmp_path):
    (tmp_path / "state").write_text("a file, where root may not make a folder either")
    run = SimpleNamespace(state=tmp_path / "state" / "run", log_artifact=None)
    with pytest.raises(UserError, match=r"cannot write .*state/run: Not a directory.*make it writable"):
        Checkpoints.for_run(run, TrainingConfig(monitor="val_loss", mode=Mode.min, optimizer=AdamConfig()), tiny(), 1)


def test_a_model_that_a_state_names_and_is_gone_is_missed_before_training_goes_on(tmp_path):
    found, _ = epochs(tmp_path, [0.5, 0.1])
    counters = {"Checkpoints": {"best_epoch": 1, "last_epoch": 2, "best_value": 0.5}}
    found.require_best(counters)
    found.require_best({})
    found.path(1).unlink()
    with pytest.raises(UserError, match=r"epoch-001\.keras is gone.*start a new run"):
        found.require_best(counters)
