"""The origin of a number: commit, versions, machine."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import psutil

from fer_exp.system.paths import INSTALLED, ROOT

SLACK = 60  # seconds by which a clock may be set while a process runs, where nothing but the clock says since when
PACKAGES = (
    "fer-exp",
    "tensorflow",
    "keras",
    "mlflow",
    "numpy",
    "scikit-learn",
    "opencv-python",
    "opencv-python-headless",
    "hydra-core",
)


def git() -> dict[str, str]:
    """Return tags with the code's commit and whether its tree was changed since; no commit where neither is known.

    An installed package knows its commit where it was installed from a git address (PEP 610): the folder that it is
    used in may be a repository of something else.
    """
    if INSTALLED:
        source = json.loads(distribution("fer-exp").read_text("direct_url.json") or "{}")
        commit = source.get("vcs_info", {}).get("commit_id")
        return {"mlflow.source.git.commit": commit, "git.dirty": "false"} if commit else {"git.dirty": "unknown"}

    def ask(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=True, timeout=20
        ).stdout.strip()

    try:
        return {
            "mlflow.source.git.commit": ask("rev-parse", "HEAD"),
            "git.dirty": str(bool(ask("status", "--porcelain"))).lower(),
        }
    except (OSError, subprocess.SubprocessError):
        return {"git.dirty": "unknown"}


def code_digest(package: Path) -> str:
    """Return a hex digest of the package's source: equal where the same code ran, committed or not."""
    digest = sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def versions() -> dict[str, str]:
    """Return tags with the version of Python and of every package that a result can depend on."""
    tags = {"version.python": platform.python_version()}
    for name in PACKAGES:
        try:
            tags[f"version.{name}"] = version(name)
        except PackageNotFoundError:
            continue
    return tags


def machine() -> dict[str, str]:
    """Return tags with host, process and system."""
    return {"host": socket.gethostname(), **process(), "system": platform.platform()}


def process() -> dict[str, str]:
    """Return tags that name this process: its number, in which container, and since when, as numbers are used again."""
    began = f"{psutil.Process().create_time():.2f}"
    start = _start(os.getpid())
    return {"pid": str(os.getpid()), "process.space": _space(), "process.began": began, "process.start": start}


def _start(pid: int) -> str:
    """Return since when a process runs, whatever the clock says: the boot, and ticks since; empty where none says."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        words = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()  # proc(5), field 22
        return f"{boot}/{words[19]}"
    except (OSError, IndexError):
        return ""


def _space() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")  # containers of one machine count for themselves
    except OSError:
        return ""


def is_alive(tags: Mapping[str, str]) -> bool | None:
    """Return whether the process that these tags name still runs; None where that cannot be seen from here."""
    elsewhere = tags.get("host") != socket.gethostname() or tags.get("process.space", _space()) != _space()
    if elsewhere or not tags.get("pid", "").isdigit():
        return None
    try:
        began = psutil.Process(int(tags["pid"])).create_time()
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return None
    if (then := tags.get("process.start")) and (now := _start(int(tags["pid"]))):
        return then == now
    return abs(began - float(tags.get("process.began", began))) < SLACK
