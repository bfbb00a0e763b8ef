import numpy as np
from configs import configured

from fer_exp import models


def test_augmentation_of_study_a_is_its_five_layers_in_order_before_the_rescaling():
    cfg = configured("augmentation=study", "model.size=16", "model.blocks=[[4]]")
    kinds = [type(layer).__name__ for layer in models.build(cfg.model, cfg.augmentation, 3).layers]
    assert kinds[1:7] == [
        "RandomFlip",
        "RandomRotation",
        "RandomBrightness",
        "RandomContrast",
        "RandomZoom",
        "Rescaling",
    ]


def test_augmentation_is_idle_in_prediction():
    cfg = configured("augmentation=study", "model.size=16", "model.blocks=[[4]]")
    model = models.build(cfg.model, cfg.augmentation, 3)
    picture = np.random.default_rng(0).uniform(0, 255, (1, 16, 16, 3)).astype("float32")
    assert (model(picture, training=False) == model(picture, training=False)).numpy().all()
    assert (model(picture, training=True) != model(picture, training=True)).numpy().any()
