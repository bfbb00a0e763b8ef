"""A head on a frozen network."""

import keras
import pytest
from configs import composed
from mlflow import MlflowClient
from runs import artifacts

from fer_exp.commands import run
from fer_exp.models import mini_xception, stems


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
        found = run.train(*composed([*words, *frozen(tmp_path), *more]), list(more))
        return MlflowClient(f"sqlite:///{tmp_path}/mlflow.db").get_run(found)

    return go


@pytest.mark.slow
def test_a_head_learns_the_same_from_cached_features_as_through_the_network(train_frozen, monkeypatch):
    cached = train_frozen("data=mixed")
    monkeypatch.setattr(stems, "find_cut", lambda base: None)
    whole = train_frozen("data=mixed")
    assert cached.data.metrics.keys() == whole.data.metrics.keys()
    for name, value in whole.data.metrics.items():
        if not name.endswith("_seconds"):
            assert cached.data.metrics[name] == pytest.approx(value, abs=2e-4), name


@pytest.mark.slow
def test_checkpoints_of_a_head_hold_the_whole_network(train_frozen):
    found = train_frozen()
    model = keras.saving.load_model(artifacts(found) / "checkpoints" / "epoch-002.keras", compile=False)
    assert model.input_shape == (None, 64, 64, 1)
    assert model.count_params() == found.data.metrics["parameters"]
    assert len(found.data.tags["model.weights.sha256"]) == 64


@pytest.mark.slow
def test_validation_and_tests_behind_frozen_layers_give_the_same_numbers(train_frozen):
    light = ("data=mixed", "augmentation=light")
    apart, whole = train_frozen(*light), train_frozen(*light, "feature_cache=0")
    assert apart.data.metrics.keys() == whole.data.metrics.keys()
    for name, value in whole.data.metrics.items():
        if not name.endswith("_seconds"):
            assert apart.data.metrics[name] == pytest.approx(value, abs=1e-6), name
