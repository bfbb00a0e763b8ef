"""How an entry script starts, ends and speaks: exit codes, signals, messages, a sweep's jobs as processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf.errors import OmegaConfBaseException

from fer_exp import signals
from fer_exp.config import help as help_
from fer_exp.config.messages import explain
from fer_exp.config.paths import CONF
from fer_exp.config.schema import TrainConfig, register
from fer_exp.errors import ConfigError, UserError

SWEEP_ID = "FER_EXP_SWEEP_ID"  # in the environment, so that every kind of job of a sweep knows it

register()


class Sweep:
    """What the parent process knows of the sweep it started."""

    settings: TrainConfig | None = None  # of its last job; None: no sweep started
    planned = 0  # jobs
    failed: list[str] = []
    terminated = False
    is_job = False  # this process is one of its jobs


class Outcome:
    """How the task function ended, kept from Hydra, which would add lines of its own."""

    error: BaseException | None = None


def is_sweep() -> bool:
    """Whether this call of the task function stands for one job of a sweep."""
    return HydraConfig.get().mode == RunMode.MULTIRUN


def sweep_id() -> str | None:
    """The sweep that this process is a job of."""
    return os.environ[SWEEP_ID] if Sweep.is_job else None


def overrides() -> list[str]:
    """The command line's words for this job, without Hydra's own."""
    return list(HydraConfig.get().overrides.task)


def start_process(script: str) -> None:
    """Run this job of a sweep as a process of its own: one that dies takes nothing with it."""
    hydra = HydraConfig.get()
    words = overrides()
    print(f"\n[{hydra.job.num}] {' '.join(words)}", flush=True)
    own = ["hydra.mode=RUN", f"hydra.run.dir='{hydra.runtime.output_dir}'"]
    with subprocess.Popen([sys.executable, script, *words, *own]) as job:
        try:
            code = job.wait()
        except KeyboardInterrupt:
            # Ctrl-C reached the job as well, a SIGTERM to this process alone did not
            if Sweep.terminated:
                job.send_signal(signals.PASSED_ON)
            job.wait()
            raise
    if code:
        Sweep.failed.append(f"[{hydra.job.num}] {' '.join(words)}: exit status {code}")


@contextmanager
def reported() -> Iterator[None]:
    """Around a run: errors that the user can mend, and being stopped, are for `main` to report."""
    try:
        yield
    except (UserError, KeyboardInterrupt) as error:
        Outcome.error = error


@contextmanager
def held_stderr() -> Iterator[None]:
    """Keep what native code writes to stderr back, and show it only if an exception follows.

    TensorFlow's import prints lines there that no setting silences.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        except BaseException:
            file.seek(0)
            os.write(kept, file.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _stop(number: int) -> None:
    Sweep.terminated = number == signal.SIGTERM
    raise KeyboardInterrupt


def main(script: str, job: Callable[[], None], summarise: Callable[[str, TrainConfig, int], None] | None = None) -> int:
    """Run the Hydra function `job`, then `summarise(sweep id, settings, jobs)` if a sweep started; the exit status.

    `script` names the entry script and its configuration: train, evaluate, occlude, check.

    0: done; 1: failed, or a job of the sweep did; 2: the configuration cannot be meant; 130: stopped.
    """
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(help_.text(CONF, script))
        return 0
    # argparse takes flags before the words alone; people put -m anywhere
    sys.argv[1:] = sorted(sys.argv[1:], key=lambda word: word not in ("-m", "--multirun"))
    # any parameter may be asked for, and Hydra wants new keys said so
    sys.argv[1:] = [f"++{word}" if word.startswith("where.") else word for word in sys.argv[1:]]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its errors come as exceptions too
    signals.on_first(_stop)
    Sweep.is_job = SWEEP_ID in os.environ
    own_id = os.environ.setdefault(SWEEP_ID, f"s-{uuid.uuid4().hex[:12]}")
    code = _run(lambda: _check_groups(script), script) or _run(job, script)
    if Sweep.settings is not None:
        code = max(code, _run(lambda: summarise(own_id, Sweep.settings, Sweep.planned), script))
        for line in Sweep.failed:
            print(f"failed: {line}", file=sys.stderr)
    return code or int(bool(Sweep.failed))


def _check_groups(script: str) -> None:
    """Raise ConfigError where a key is given of an option that nobody chose; Hydra has no words for that."""
    # groups of which the script chooses no option by itself
    open_groups = {"evaluate": ("dataset", "occlusion"), "occlude": ("dataset",), "check": ("dataset",)}
    for group in open_groups.get(script, ()):
        keys = [word for word in sys.argv[1:] if word.startswith(f"{group}.")]
        if keys and not any(word.startswith(f"{group}=") for word in sys.argv[1:]):
            known = ", ".join(help_.options(CONF, script)[group])
            raise ConfigError(f"{keys[0]}: choose the option first, {group}=NAME ({known})")


def _run(step: Callable[[], None], script: str) -> int:
    try:
        step()
        if Outcome.error is not None:
            raise Outcome.error
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    except (HydraException, OmegaConfBaseException) as error:
        print(f"error: {explain(error, CONF, script)}", file=sys.stderr)
        return 2
    return 0
