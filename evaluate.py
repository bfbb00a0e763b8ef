"""Test the checkpoints of a stored run, on its own test sets or on others: python evaluate.py --help."""

import sys

import hydra
from omegaconf import DictConfig

from fer_exp import config


@hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
def job(cfg: DictConfig) -> None:
    """One question to one run."""
    with config.reported():
        settings = config.validate(cfg)
        with config.held_stderr():
            from fer_exp import retest
        retest.retest(settings)


if __name__ == "__main__":
    sys.exit(config.main("evaluate", job))
