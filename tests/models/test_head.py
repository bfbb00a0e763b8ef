import numpy as np
import pytest
from configs import configured

from fer_exp import models
from fer_exp.models.head import before_scores

HIDDEN = "model.head.dense=[5]"


@pytest.mark.parametrize(
    "words",
    [
        ["model.size=16", "model.blocks=[[4],[8]]"],
        ["model=mini_xception", "model.weights=null", "model.finetune=all", "augmentation=light", HIDDEN],
    ],
)
def test_what_class_scores_are_computed_from_gives_them(words):
    cfg = configured(*words)
    base = models.backbone(cfg.model, None)
    network = models.build(cfg.model, cfg.augmentation, 3, base)
    pictures = np.random.default_rng(0).uniform(0, 255, (2, *network.input_shape[1:])).astype(np.float32)
    features = before_scores(network).predict_on_batch(pictures)
    head = network.layers[-1] if base is not None else network
    scores = head.layers[-2](features)
    exact = np.exp(scores - np.max(scores, 1, keepdims=True))
    expected = network.predict_on_batch(pictures)
    np.testing.assert_allclose(exact / exact.sum(1, keepdims=True), expected, rtol=1e-4)
    assert features.ndim == 2
    assert HIDDEN not in words or features.shape == (2, 5)
