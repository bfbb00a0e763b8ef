"""Configurations of models, composed as the command line composes them."""

from hydra import compose, initialize_config_dir

from fer_exp.config import ROOT, validate
from fer_exp.models.schema import AugmentationConfig

PLAIN = AugmentationConfig(name="none")


def configured(*overrides):
    """The typed configuration of these words."""
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return validate(compose("train", overrides=list(overrides)))
