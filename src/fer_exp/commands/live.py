"""Say the expression, and the gender, of every face on a camera, in a video or in pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from fer_exp.commands.entry import run_command, run_job
from fer_exp.config.live import BROWSER, LiveConfig, View
from fer_exp.errors import UserError
from fer_exp.system.opencv import check_window
from fer_exp.system.paths import CONF
from fer_exp.system.signals import deferred
from fer_exp.system.stderr import held_stderr


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="live")
def job(cfg: DictConfig) -> None:
    """Look at one source."""

    def work(settings: LiveConfig) -> None:
        with deferred():
            from fer_exp.commands.question import find_shown
            from fer_exp.live import libraries
            from fer_exp.live.sources import Newest, open_source
        libraries.use_one_thread()
        libraries.quieten()
        # what needs no TensorFlow is said before it loads
        check_outputs(settings.output)
        if settings.view is View.window:
            check_window()
        asked = find_shown(settings)
        camera = Newest() if settings.source == BROWSER else None
        source = open_source(settings.source, camera)
        with held_stderr(), deferred():
            from fer_exp.commands import show_live
        show_live.show(settings, asked, source, camera, Path(HydraConfig.get().runtime.output_dir))

    run_job("live", cfg, work, own_process=False)


def check_outputs(names: Sequence[str]) -> None:
    """Raise UserError where a file that is to be written is there already: nothing of a user's is written over."""
    for name in names:
        if Path(name).expanduser().exists():
            raise UserError(f"output={name}: it is there already; choose another name, or delete it")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    return run_command("live", job, words)
