"""Configurations, composed as the command line composes them."""

from hydra import compose, initialize_config_dir

from fer_exp.config.augmentation import AugmentationConfig
from fer_exp.config.compose import to_plain, validate
from fer_exp.config.register import register
from fer_exp.system.paths import CONF

register()

PLAIN = AugmentationConfig(name="none")


def composed(words, command="train"):
    """The typed configuration of these words, and the plain one."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(command, overrides=list(words))
    return validate(cfg), to_plain(cfg)


def configured(*words, command="train"):
    """The typed configuration of these words."""
    return composed(words, command)[0]
