import pytest

from fer_exp import models
from fer_exp.config.model import Finetune, MiniXceptionConfig


@pytest.mark.parametrize(
    "finetune, augmentation, fixed", [("none", "none", True), ("none", "light", False), ("all", "none", False)]
)
def test_they_are_used_only_where_they_are_the_same_in_every_epoch(finetune, augmentation, fixed):
    from fer_exp.config.augmentation import AugmentationConfig

    cfg = MiniXceptionConfig(name="m", kind="mini_xception", size=64, channels=1, finetune=Finetune[finetune])
    changes = AugmentationConfig(name=augmentation, flip="horizontal" if augmentation == "light" else None)
    assert models.has_fixed_features(cfg, changes) is fixed
