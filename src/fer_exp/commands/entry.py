"""How a command starts, ends and speaks: its words, exit codes, signals and messages."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from fer_exp.commands import help as help_
from fer_exp.commands.messages import explain
from fer_exp.commands.sweep import PRELOAD, Invocation, invocation, invoked, is_sweep, start_process
from fer_exp.commands.words import check_words, for_hydra
from fer_exp.config.compose import validate
from fer_exp.config.register import register
from fer_exp.config.train import TrainConfig
from fer_exp.errors import ConfigError, UserError, is_stop
from fer_exp.system import forks, opencv, signals
from fer_exp.system.paths import CONF
from fer_exp.system.text import visible

register()


def run_job(command: str, cfg: DictConfig, work: Callable[[Any], object], own_process: bool = True) -> None:
    """Validate a composed configuration and do the work that it asks for.

    A job of a sweep becomes a process of its own, unless `own_process` is false. Errors that the user can mend, and
    being stopped, are kept for `run_command` to report.
    """
    call = invocation()
    if call.stopped:  # compiled code that was being imported can swallow the exception
        raise KeyboardInterrupt
    if own_process and is_sweep():
        start_process(command)
        return
    call.at_work = True
    try:
        work(validate(cfg))
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, UserError) or is_stop(error):
            call.error = error
        elif isinstance(error, ImportError) and (advice := opencv.explain(error)):
            call.error = UserError(advice)
        else:
            raise
    call.at_work = False


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
    given = _arguments(for_hydra(command, words))
    with invoked() as call, signals.handle_signals(lambda number: _stop(call, number)), given, helped:
        code = _status(lambda: check_words(command, words), command) or _status(job, command)
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


def _stop(call: Invocation, number: int) -> None:
    call.stopped, call.terminated = True, number == signal.SIGTERM
    raise KeyboardInterrupt


def _summary(
    command: str, summarise: Callable[[str, TrainConfig, int], object], sweep_id: str, settings: TrainConfig, jobs: int
) -> int:
    invocation().at_work = True
    return _status(lambda: summarise(sweep_id, settings, jobs), command)


def _status(step: Callable[[], object], command: str) -> int:
    """Run a step and report how it ended; return the exit status."""
    call = invocation()
    try:
        step()
        if call.error is not None:
            error, call.error = call.error, None
            raise error
    except (Exception, KeyboardInterrupt) as error:
        if is_stop(error):
            print("stopped", file=sys.stderr)
            return 130
        if (message := _message(error, command, call.at_work)) is None:
            raise
        print(f"error: {visible(message)}", file=sys.stderr)
        return 2 if isinstance(error, (ConfigError, HydraException, OmegaConfBaseException)) else 1
    return 0


def _message(error: BaseException, command: str, at_work: bool) -> str | None:
    """Return one line for an error that the user can mend; None for any other."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, (HydraException, OmegaConfBaseException)):
        return explain(error, CONF, sys.argv[1:], command)
    if isinstance(error, OSError) and error.filename is not None and not at_work:
        return (
            f"{Path(error.filename).absolute()}: {error.strerror}. Hydra keeps configuration and log of each call "
            "there: make it writable, or choose another with hydra.run.dir=DIR (of a sweep: hydra.sweep.dir=DIR)"
        )
    return None
