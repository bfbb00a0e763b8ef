"""Write the covered copy of a dataset or of a folder of pictures: python occlude.py --help."""

import sys

import hydra
from omegaconf import DictConfig

from fer_exp import config


@hydra.main(version_base="1.3", config_path="conf", config_name="occlude")
def job(cfg: DictConfig) -> None:
    """One copy; in a sweep, start it as a process of its own."""
    if config.is_sweep():
        config.start_process(__file__)
        return
    with config.reported():
        settings = config.validate(cfg)
        from fer_exp.copies import make

        make.make(settings)


if __name__ == "__main__":
    sys.exit(config.main("occlude", job))
