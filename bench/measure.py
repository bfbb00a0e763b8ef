"""How a case measures: CPU seconds of this process and its children, ways taken in turn, medians.

Wall time depends on what else a machine does, and a ratio on which way ran while it was busy. CPU seconds count what a
way does in all its threads and processes; ways that take turns meet the same moments.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

ROUNDS = 5
# runs a command as what inherits its orphans (PR_SET_CHILD_SUBREAPER of Linux), and prints what all of them took
TREE = """
import ctypes, os, resource, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
code = subprocess.call(sys.argv[1:])
try:
    while True:
        os.wait()
except ChildProcessError:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(used.ru_utime + used.ru_stime)
sys.exit(code)
"""


class Row(NamedTuple):
    """What a case found: a line of docs/benchmarks.md.

    Attributes:
        stage: what is measured: "reading 224x224 JPEGs, cold".
        reference: the usual way of doing the same work: "image_dataset_from_directory".
        value: what was found; None where it could not be measured, with the reason in `note`.
        goal: what `value` should be at least, or at most.
        unit: "x" for a ratio, "%", "ms", "s".
        at_least: whether `value` should be at least `goal`; False: at most.
        note: the numbers behind it: "0.24 ms against 0.32".
    """

    stage: str
    reference: str
    value: float | None
    goal: float
    unit: str = "x"
    at_least: bool = True
    note: str = ""

    def share(self) -> float:
        """Return how much of the limit is used up; the goal is met up to 1."""
        assert self.value is not None
        return self.goal / self.value if self.at_least else max(self.value, 0) / self.goal


def cpu_seconds() -> float:
    """Return the CPU seconds so far of this process, its threads, and its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def measure(ways: Mapping[str, Callable[[], object]], rounds: int = ROUNDS, warm_up: bool = True) -> dict[str, float]:
    """Return the CPU seconds of each way, the median over `rounds` in which every way is taken once.

    Args:
        ways: what to do, by name.
        rounds: how often.
        warm_up: take every way once before: what is done once a process (imports, graphs) is not counted.
    """
    if warm_up:
        for way in ways.values():
            way()
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = cpu_seconds()
            way()
            seconds[name].append(cpu_seconds() - start)
    return {name: median(found) for name, found in seconds.items()}


def faster(stage: str, reference: str, seconds: float, reference_seconds: float, goal: float, each: str = "") -> Row:
    """Return the row of a ratio: how many times as fast as the reference way, at least `goal`.

    Args:
        stage: what is measured.
        reference: the usual way.
        seconds: CPU seconds of ours.
        reference_seconds: CPU seconds of the usual way, for as much work.
        goal: the least ratio.
        each: what the seconds are for: "picture", "face".
    """
    scale, unit = (1000, "ms") if max(seconds, reference_seconds) < 1 else (1, "s")
    note = f"{seconds * scale:.3g} {unit} against {reference_seconds * scale:.3g}" + (f" per {each}" if each else "")
    return Row(stage, reference, reference_seconds / seconds, goal, note=note)


def slower(stage: str, reference: str, seconds: float, reference_seconds: float, goal: float) -> Row:
    """Return the row of a cost: how many times the CPU seconds of the reference way, at most `goal`."""
    note = f"{seconds:.3g} s against {reference_seconds:.3g}"
    return Row(stage, reference, seconds / reference_seconds, goal, at_least=False, note=note)


def tree_seconds(command: Sequence[str]) -> float:
    """Return the CPU seconds of a command and of all that it starts, whether it waits for them or not.

    Raises:
        RuntimeError: it fails; the message is what it printed.
    """
    done = subprocess.run([sys.executable, "-c", TREE, *command], capture_output=True, text=True)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return float(lines[-1])
