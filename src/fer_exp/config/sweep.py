"""Every job of a sweep is checked before the first one starts."""

from __future__ import annotations

import sys

from hydra import compose
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from fer_exp.errors import ConfigError


class CheckSweep(Callback):
    """Composes and validates all jobs when a sweep starts, so that the last one cannot fail by its values."""

    def on_multirun_start(self, config: DictConfig, **kwargs) -> None:
        """Raise SystemExit(2) on the first impossible job; other exceptions would not stop the sweep."""
        from fer_exp.config.entry import Sweep
        from fer_exp.config.messages import explain
        from fer_exp.config.paths import CONF
        from fer_exp.config.schema import validate

        given = list(config.hydra.overrides.task)
        names = {word.split("=", 1)[0] for word in given}
        params = config.hydra.sweeper.get("params") or {}
        words = [f"{key}={value}" for key, value in params.items() if key not in names] + given
        parsed = OverridesParser.create().parse_overrides(words)
        if any(o.key_or_group == "experiment" and o.is_sweep_override() for o in parsed):
            print("error: experiment=a,b: one experiment per sweep; start them one by one", file=sys.stderr)
            raise SystemExit(2)
        jobs = [job for batch in BasicSweeper.split_arguments(parsed, None) for job in batch]
        if not jobs:
            print("error: this sweep has no jobs; a glob that matches nothing?", file=sys.stderr)
            raise SystemExit(2)
        Sweep.planned = len(jobs)
        for job in jobs:
            try:
                Sweep.settings = validate(compose(config_name=config.hydra.job.config_name, overrides=list(job)))
                if Sweep.settings.resume:
                    raise ConfigError("resume goes on with one run: leave -m out")
            except ConfigError as error:
                print(f"error: {error} (job {' '.join(job)})", file=sys.stderr)
                raise SystemExit(2) from None
            except (HydraException, OmegaConfBaseException) as error:
                print(f"error: {explain(error, CONF)} (job {' '.join(job)})", file=sys.stderr)
                raise SystemExit(2) from None
