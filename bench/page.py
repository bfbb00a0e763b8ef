"""docs/benchmarks.md: what every case found, on which machine, with which versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil
from bench.measure import Row

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
LIBRARIES = ("tensorflow", "keras", "numpy", "opencv-python", "pillow", "mlflow", "hydra-core")
HEAD = """# Benchmarks

Speed as ratios against the usual way of doing the same work: CPU seconds of all threads and processes, the ways taken
in turn in one process, medians. `make bench` measures every case of `bench/cases` and writes this page;
`python -m bench NAME` measures one. *Of the limit* is how much of the room is used up: up to 100 % the goal is met.
"""


def write(found: dict[str, list[Row]]) -> None:
    """Write the page from the rows of each case."""
    lines = [HEAD, f"{machine()}\n"]
    lines += [
        "| stage | reference way | found | goal | of the limit | in numbers |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for row in (row for rows in found.values() for row in rows):
        cells = (row.stage, row.reference or "-", value(row), goal(row), share(row), row.note)
        lines.append(f"| {' | '.join(cells)} |")
    PAGE.write_text("\n".join(lines) + "\n")


def machine() -> str:
    """Return what ran the cases, in a sentence."""
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, Python {platform.python_version()}, {versions}."


def value(row: Row) -> str:
    """Return what was found, as text."""
    if row.value is None:
        return "skipped"
    return f"{row.value:.3g}{_unit(row)}"


def goal(row: Row) -> str:
    """Return what should be found, as text."""
    return f"{'>=' if row.at_least else '<='} {row.goal:g}{_unit(row)}"


def share(row: Row) -> str:
    """Return how much of the limit is used up, as text."""
    return "-" if row.value is None else f"{row.share():.0%}"


def _unit(row: Row) -> str:
    return row.unit if row.unit == "x" else f" {row.unit}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
