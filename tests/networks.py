"""Configurations of models, composed as the command line composes them."""

from hydra import compose, initialize_config_dir

from fer_exp.config.augmentation import AugmentationConfig
from fer_exp.config.compose import validate
from fer_exp.system.paths import ROOT

PLAIN = AugmentationConfig(name="none")


def configured(*overrides):
    """The typed configuration of these words."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return validate(compose("train", overrides=list(overrides)))
