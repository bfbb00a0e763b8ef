"""Ask stored runs: test one again, or compare several on one page: python evaluate.py --help."""

import sys

import hydra
from omegaconf import DictConfig

from fer_exp import config


@hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
def job(cfg: DictConfig) -> None:
    """One question."""
    with config.reported():
        settings = config.validate(cfg)
        with config.held_stderr():
            from fer_exp import retest
            from fer_exp.comparison import question
        if settings.run:
            retest.retest(settings)
        else:
            question.of_question(settings)


if __name__ == "__main__":
    sys.exit(config.main("evaluate", job))
