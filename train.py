"""Train a model on one variant of a dataset and test it on every variant: python train.py --help."""

import sys

import hydra
from omegaconf import DictConfig, OmegaConf

from fer_exp import config


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
def job(cfg: DictConfig) -> None:
    """One run; in a sweep, start it as a process of its own."""
    if config.is_sweep():
        config.start_process(__file__)
        return
    with config.reported():
        settings = config.validate(cfg)
        with config.held_stderr():
            from fer_exp import resume, run
        resolved = OmegaConf.to_container(cfg, resolve=True, enum_to_str=True)
        if settings.resume:
            resume.resume(settings, resolved, config.overrides())
        else:
            run.train(settings, resolved, config.overrides(), config.sweep_id())


def summarise(sweep_id: str, settings: config.TrainConfig, planned: int) -> None:
    """The matrix of a sweep's runs, as a run of its own."""
    with config.held_stderr():
        from fer_exp.comparison import question
    question.of_sweep(sweep_id, settings.tracking.uri, settings.tracking.experiment, planned)


if __name__ == "__main__":
    sys.exit(config.main("train", job, summarise))
