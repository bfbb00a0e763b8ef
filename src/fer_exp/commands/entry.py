"""How a command starts, ends and speaks: its words, exit codes, signals and messages."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from fer_exp.commands import help as help_
from fer_exp.commands.messages import explain
from fer_exp.commands.sweep import PRELOAD, Invocation, invocation, invoked, is_sweep, start_process
from fer_exp.config.compose import validate
from fer_exp.config.register import register
from fer_exp.config.tracking import refuse_secrets
from fer_exp.config.train import TrainConfig
from fer_exp.errors import ConfigError, UserError
from fer_exp.system import forks, opencv, signals
from fer_exp.system.paths import CONF

register()
OWN_OCCLUDER = "occlusion_changes."  # begins the keys of a stored run's own occluder, as EvaluateConfig has them
FREE_KEYS = ("where.", "dataset.rename", "test_datasets.", OWN_OCCLUDER)  # below them any key may stand


def run_job(command: str, cfg: DictConfig, work: Callable[[Any], object], own_process: bool = True) -> None:
    """Validate a composed configuration and do the work that it asks for.

    A job of a sweep becomes a process of its own, unless `own_process` is false. Errors that the user can mend, and
    being stopped, are kept for `run_command` to report.
    """
    if own_process and is_sweep():
        start_process(command)
        return
    try:
        work(validate(cfg))
    except (UserError, KeyboardInterrupt) as error:
        invocation().error = error
    except ImportError as error:
        if not (advice := opencv.explain(error)):
            raise
        invocation().error = UserError(advice)


def run_command(
    command: str,
    job: Callable[[], None],
    words: Sequence[str] | None = None,
    summarise: Callable[[str, TrainConfig, int], object] | None = None,
) -> int:
    """Run a Hydra function, and summarise the sweep that it may have started; return the exit status.

    Args:
        command: train, evaluate, occlude, check or plan: the configuration in conf/ and the texts of that name.
        job: a function decorated by hydra.main.
        words: of the command line; None takes those of this process.
        summarise: called with the id, the settings of the last job and the number of jobs of a sweep, in a process of
            its own.

    Returns:
        0: done; 1: failed, or a job of the sweep did; 2: the configuration cannot be meant; 130: stopped.
    """
    words = sys.argv[1:] if words is None else list(words)
    if {"-h", "--help"} & set(words):
        print(help_.text(CONF, command))
        return 0
    os.environ["HYDRA_FULL_ERROR"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its errors come as exceptions too
    helped: AbstractContextManager[None] = nullcontext()
    if set(help_.COMPLETION_FLAGS) & set(words):
        from fer_exp.commands.completion import completing  # what it needs would delay every start

        helped = completing(command)
    given = _arguments(_for_hydra(command, words))
    with invoked() as call, signals.handle_signals(lambda number: _stop(call, number)), given, helped:
        code = _status(lambda: _check_words(command, words), command) or _status(job, command)
        if call.settings is not None and summarise is not None:
            # the imports that it needs are done where jobs come from
            process = forks.start(PRELOAD, _summary, command, summarise, call.started, call.settings, call.planned)
            process.join()
            code = max(code, abs(process.exitcode or 0))
            for line in call.failed:
                print(f"failed: {line}", file=sys.stderr)
        return code or int(bool(call.failed))


@contextmanager
def _arguments(words: list[str]) -> Iterator[None]:
    """Lend Hydra, which reads sys.argv, these words."""
    before = sys.argv
    sys.argv = [before[0], *words]
    try:
        yield
    finally:
        sys.argv = before


def _for_hydra(command: str, words: list[str]) -> list[str]:
    """Return the words of the command line as Hydra wants them."""
    # argparse takes flags before the words alone; people put -m anywhere
    words = sorted(words, key=lambda word: word not in ("-m", "--multirun"))
    if command == "evaluate" and not any(word.startswith("occlusion=") for word in words):
        # of the run's own occluder, which is not known yet
        words = [re.sub(r"^occlusion\.", OWN_OCCLUDER, word) for word in words]
    # keys that a user names: Hydra wants new ones said so
    return [f"++{word}" if word.startswith(FREE_KEYS) else word for word in words]


def _stop(call: Invocation, number: int) -> None:
    call.terminated = number == signal.SIGTERM
    raise KeyboardInterrupt


def _check_words(command: str, words: list[str]) -> None:
    """Raise ConfigError for what has to be said before Hydra begins.

    Hydra writes the words into its folder before they are looked at, secrets too, and it has no words for a key of an
    option that nobody chose.
    """
    for word in words:
        if word.lstrip("+").startswith("tracking.uri="):
            refuse_secrets(word.split("=", 1)[1])
    # groups of which the command chooses no option by itself
    open_groups = {"evaluate": ("dataset",), "occlude": ("dataset",), "check": ("dataset",)}
    for group in open_groups.get(command, ()):
        keys = [word for word in words if word.startswith(f"{group}.")]
        if keys and not any(word.startswith(f"{group}=") for word in words):
            known = ", ".join(help_.options(CONF, command)[group])
            raise ConfigError(f"{keys[0]}: choose the option first, {group}=NAME ({known})")


def _summary(
    command: str, summarise: Callable[[str, TrainConfig, int], object], sweep_id: str, settings: TrainConfig, jobs: int
) -> int:
    return _status(lambda: summarise(sweep_id, settings, jobs), command)


def _status(step: Callable[[], object], command: str) -> int:
    """Run a step and report how it ended; return the exit status."""
    call = invocation()
    try:
        step()
        if call.error is not None:
            error, call.error = call.error, None
            raise error
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    except (HydraException, OmegaConfBaseException) as error:
        print(f"error: {explain(error, CONF, command)}", file=sys.stderr)
        return 2
    return 0
