"""A sweep: its jobs are checked before the first one starts, and each is a process of its own."""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import import_module

from hydra import compose
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from fer_exp.commands.messages import explain
from fer_exp.config.compose import validate
from fer_exp.config.train import TrainConfig
from fer_exp.errors import ConfigError, UserError
from fer_exp.system import forks, signals
from fer_exp.system.paths import CONF

PRELOAD = "fer_exp.commands.preload"  # what the processes of a sweep import
SWEEP_ID = "FER_EXP_SWEEP_ID"  # in the environment, so that every kind of job of a sweep knows it


@dataclass
class Invocation:
    """What one call of a command knows of itself: nothing of it outlives the call.

    Attributes:
        sweep_id: of the sweep that this process is a job of; None where it is none.
        started: what a sweep is called that this call starts.
        settings: of the last job of the sweep that this call started; None where it started none.
        planned: the number of that sweep's jobs.
        seconds: that each of its jobs took so far.
        failed: a line for each of its jobs that failed.
        stopped: whether Ctrl-C or SIGTERM came.
        terminated: whether SIGTERM, rather than Ctrl-C, stopped this process.
        error: how the task function ended, kept from Hydra, which would add lines of its own.
        at_work: whether the task function has begun and not returned: what is raised then is not Hydra's.
    """

    sweep_id: str | None = None
    started: str = ""
    settings: TrainConfig | None = None
    planned: int = 0
    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    stopped: bool = False
    terminated: bool = False
    error: BaseException | None = None
    at_work: bool = False


_current: ContextVar[Invocation] = ContextVar("invocation")


def invocation() -> Invocation:
    """Return the call that is under way; a launcher's worker process, in which none began, gets one of its own."""
    try:
        return _current.get()
    except LookupError:
        own = Invocation(os.environ.get(SWEEP_ID))
        _current.set(own)
        return own


@contextmanager
def invoked() -> Iterator[Invocation]:
    """Begin a call of a command; jobs of a sweep that it starts find the sweep's id in their environment."""
    before = os.environ.get(SWEEP_ID)
    started = os.environ.setdefault(SWEEP_ID, f"s-{uuid.uuid4().hex[:12]}")
    token = _current.set(Invocation(before, started))
    try:
        yield _current.get()
    finally:
        _current.reset(token)
        if before is None:
            del os.environ[SWEEP_ID]


def is_sweep() -> bool:
    """Return whether this call of the task function stands for one job of a sweep."""
    return HydraConfig.get().mode == RunMode.MULTIRUN


def overrides() -> list[str]:
    """Return the command line's words for this job, without Hydra's own."""
    return list(HydraConfig.get().overrides.task)


def start_process(command: str) -> None:
    """Run this job of a sweep as a process of its own: one that dies takes nothing with it."""
    hydra = HydraConfig.get()
    words = overrides()
    print(f"\n[{hydra.job.num}] {' '.join(words)}", flush=True)
    began = time.monotonic()
    own = ["hydra.mode=RUN", f"hydra.run.dir='{hydra.runtime.output_dir}'"]
    folders = [source.path for source in hydra.runtime.config_sources if source.provider == "command-line"]
    flags = [f"--config-dir={folder}" for folder in folders]
    job = forks.start(PRELOAD, run_words, command, [*flags, *words, *own])
    try:
        job.join()
    except KeyboardInterrupt:
        # Ctrl-C reached the job as well, a SIGTERM to this process alone did not
        if invocation().terminated and job.pid is not None:
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(job.pid, signals.PASSED_ON)
        job.join()
        raise
    call = invocation()
    call.seconds.append(time.monotonic() - began)
    if call.planned:  # not in a launcher's worker, which knows its own jobs alone
        print(progress(call.seconds, call.planned), flush=True)
    if job.exitcode:
        call.failed.append(f"[{hydra.job.num}] {' '.join(words)}: {forks.describe_end(job.exitcode)}")


def progress(seconds: Sequence[float], planned: int) -> str:
    """Return in words how far a sweep is: `2 of 9, about 14 minutes left`.

    A job that took less than a tenth of the longest one found its run there already, and says nothing of the others.
    """
    left = planned - len(seconds)
    if left <= 0:
        return f"{len(seconds)} of {planned}"
    trained = [value for value in seconds if value >= max(seconds) / 10]
    minutes = sum(trained) / len(trained) * left / 60
    if minutes < 1:
        words = "less than a minute"
    elif minutes < 90:
        words = f"about {minutes:.0f} minute{'s' if round(minutes) > 1 else ''}"
    else:
        words = f"about {minutes / 60:.0f} hours"
    return f"{len(seconds)} of {planned}, {words} left"


def run_words(command: str, words: list[str]) -> int:
    """Run a command, in a process of its own; return its exit status."""
    status: int = import_module(f"fer_exp.commands.{command}").main(words)
    return status


class CheckSweep(Callback):
    """Compose and validate all jobs when a sweep starts, so that the last one cannot fail by its values."""

    def on_multirun_start(self, config: DictConfig, **kwargs: object) -> None:
        """Raise SystemExit(2) on the first impossible job; other exceptions would not stop the sweep."""
        given = list(config.hydra.overrides.task)
        names = {word.split("=", 1)[0] for word in given}
        params = config.hydra.sweeper.get("params") or {}
        words = [f"{key}={value}" for key, value in params.items() if key not in names] + given
        parsed = OverridesParser.create(GlobalHydra.instance().config_loader()).parse_overrides(words)
        if any(o.key_or_group == "experiment" and o.is_sweep_override() for o in parsed):
            _refuse("experiment=a,b: one experiment per sweep; start them one by one")
        jobs = [job for batch in BasicSweeper.split_arguments(parsed, None) for job in batch]
        if not jobs:
            _refuse("this sweep has no jobs; a glob that matches nothing?")
        from fer_exp.commands.early import check_roots  # no other start needs it so soon

        call = invocation()
        call.planned = len(jobs)
        for job in jobs:
            try:
                call.settings = validate(compose(config_name=config.hydra.job.config_name, overrides=list(job)))
                if call.settings.resume:
                    raise ConfigError("resume goes on with one run: leave -m out")
                check_roots(call.settings)
            except UserError as error:
                _refuse(f"{error} (job {' '.join(job)})")
            except (HydraException, OmegaConfBaseException) as error:
                _refuse(f"{explain(error, CONF, job)} (job {' '.join(job)})")


def _refuse(reason: str) -> None:
    print(f"error: {reason}", file=sys.stderr)
    raise SystemExit(2) from None
