import keras
import pytest
from configs import configured

from fer_exp import models
from fer_exp.inputs import features
from fer_exp.inputs.split import draw_split
from fer_exp.models import mini_xception, stems
from fer_exp.training.learner import Learner

WORDS = ("model=mini_xception", "model.weights=null", "data=mixed", "augmentation=light")


@pytest.fixture
def learner(source, faces):
    """learner(*words) -> of a frozen mini-Xception with augmentation."""

    def make(*words):
        cfg = configured(*WORDS, *words)
        keras.utils.set_random_seed(0)
        base = mini_xception.backbone(cfg.model, None)
        network = models.build(cfg.model, cfg.augmentation, len(faces.classes), base)
        pictures = source._replace(size=64, channels=1)
        split = draw_split(faces, pictures.rows("train"), "mixed", 0.2, cfg.split.by, 0)
        return Learner.from_network(network, cfg, cfg.augmentation, base, pictures, split.validation), split

    return make


def test_what_is_tested_begins_behind_the_frozen_layers_and_what_learns_does_not(learner):
    found, split = learner()
    assert found.trained is found.network and found.tested is not found.network
    given = {form: sum(len(rows) for rows, _ in pairs) for form, pairs in found.test_source.forms.items()}
    each = len(split.validation) // 2
    assert given == {"normal": each + 30, "occluded": each + 30}


@pytest.mark.parametrize("word", ["feature_cache=0", "model.finetune=all"])
def test_all_goes_through_the_whole_network_without_a_budget_or_frozen_layers(learner, word):
    found, _ = learner(word)
    assert found.tested is found.trained is found.network and found.test_source is found.source


def test_no_more_disk_is_taken_than_there_is(learner, monkeypatch, caplog):
    full = type("Disk", (), {"free": features.ROOM + 1000})
    monkeypatch.setattr(features.shutil, "disk_usage", lambda path: full)
    with caplog.at_level("INFO"):
        found, _ = learner("feature_cache=5")
    assert found.tested is found.network
    assert "feature_cache allows 0.0 GB" in caplog.text


def test_features_that_are_there_already_need_no_room(learner, monkeypatch):
    learner()
    monkeypatch.setattr(features, "batches", lambda *args: pytest.fail("computed again"))
    found, _ = learner("feature_cache=0")
    assert found.tested is not found.network


def test_beside_an_accelerator_it_must_be_asked_for(learner, monkeypatch):
    monkeypatch.setattr(keras.distribution, "list_devices", lambda kind: ["gpu:0"] if kind == "gpu" else [])
    found, _ = learner()
    assert found.tested is found.network
    found, _ = learner("feature_cache=1")
    assert found.tested is not found.network


@pytest.mark.parametrize(("word", "on_features"), [("feature_cache=0", False), ("feature_cache=1", True)])
def test_without_augmentation_what_follows_frozen_layers_learns_from_features(learner, monkeypatch, word, on_features):
    monkeypatch.setattr(stems, "find_cut", lambda base: "add_2")
    found, _ = learner("augmentation=none", word)
    assert (found.trained is not found.network) is on_features
    if on_features:
        assert found.source is found.test_source and found.trained is found.tested
        assert found.trained.input_shape == (None, 15, 15, 32)
        assert {len(rows) for rows, _ in found.source.forms["occluded"]} == {60, 30}
