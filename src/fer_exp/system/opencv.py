"""One OpenCV, with windows or without: python -m fer_exp.system.opencv.

opencv-python links system libraries of the desktop, which a bare machine lacks; opencv-python-headless is the same
without windows. Both fill one folder, cv2/, so that only one of them may be installed. Where the second one is, a
stand-in keeps the first one's name: pip then takes what asks for opencv-python as satisfied and installs nothing into
the folder of the other.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import TemporaryDirectory

from fer_exp.errors import UserError

FULL = "opencv-python"
HEADLESS = "opencv-python-headless"
# what opencv-python takes from the system: `readelf -d` of its files, without the C library
LIBRARIES = ("libGL.so.1", "libglib-2.0.so.0", "libgthread-2.0.so.0", "libxcb.so.1")
REMEDY = (
    "install the system libraries (Debian, Ubuntu: apt-get install libgl1 libglib2.0-0 libxcb1; "
    "Fedora: dnf install mesa-libGL glib2 libxcb), then: python -m fer_exp.system.opencv"
)


def settle() -> str | None:
    """Leave one OpenCV in this environment, one that works; return a line about what was changed, None if nothing was.

    Raises:
        UserError: none works, or pip cannot bring the one that would.
    """
    full, headless = _version(FULL), _version(HEADLESS)
    version = full or headless
    if version is None:
        raise UserError(f"{FULL} is not installed here: pip install -r requirements.txt")
    stand_in = _is_stand_in()
    alone = full is not None and not stand_in and headless is None
    if alone and not _import_error():
        return None
    if alone or not _libraries_load():
        if headless and stand_in:
            return None
        _replace(version, HEADLESS)
        return f"OpenCV {version} without windows: system libraries are missing, {HEADLESS} takes {FULL}'s place"
    _replace(version, FULL)
    return f"OpenCV {version} with windows: {FULL} has its folder to itself"


def explain(error: ImportError) -> str | None:
    """Return what to do about an OpenCV that does not load; None where the error is about something else."""
    if not any(name in str(error) for name in LIBRARIES):
        return None
    return f"OpenCV does not load ({error}). Without windows: python -m fer_exp.system.opencv. With them: {REMEDY}"


def check_window() -> None:
    """Raise UserError where no window can be opened: OpenCV has none, or there is no display.

    OpenCV itself ends the whole process where there is no display.
    """
    if _version(HEADLESS):
        raise UserError(
            f"no window: the installed OpenCV is {HEADLESS}, which reads and draws pictures and opens no windows. "
            f"For windows {REMEDY}"
        )
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UserError(
            "no window: this session has no display (DISPLAY and WAYLAND_DISPLAY are empty): "
            "view=page shows frames in a browser, output=FILE.mp4 writes them"
        )


def _version(name: str) -> str | None:
    try:
        return distribution(name).version
    except PackageNotFoundError:
        return None


def _is_stand_in() -> bool:
    """Return whether the name opencv-python is held by a stand-in."""
    try:
        return any(line.startswith(HEADLESS) for line in distribution(FULL).requires or ())
    except PackageNotFoundError:
        return False


def _import_error() -> str:
    """Return the last line of what importing OpenCV says; nothing where it works."""
    done = subprocess.run([sys.executable, "-c", "import cv2"], capture_output=True, text=True, check=False)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


def _libraries_load() -> bool:
    """Return whether this system has what opencv-python links."""
    for name in LIBRARIES if sys.platform == "linux" else ():
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
    return True


def _replace(version: str, name: str) -> None:
    """Let one of the two builds take the place of whatever is there; what cannot be fetched changes nothing."""
    wanted = [f"{name}=={version}"]
    with TemporaryDirectory() as folder:
        _pip("download", "--no-deps", "--dest", folder, *wanted)
        if name == HEADLESS:
            _write_stand_in(Path(folder), version)
            wanted.append(f"{FULL}=={version}")
        _pip("uninstall", "--yes", *(known for known in (FULL, HEADLESS) if _version(known)))
        # isolated: other folders that pip is told of may have an opencv-python of this version too
        _pip("install", "--isolated", "--no-deps", "--no-index", "--find-links", folder, *wanted)
    if reason := _import_error():
        raise UserError(f"{name} {version} does not load ({reason}): {REMEDY}")


def _write_stand_in(folder: Path, version: str) -> None:
    """Write the wheel of a package that has the name opencv-python, no file, and needs the headless build."""
    info = f"opencv_python-{version}.dist-info"
    metadata = (
        f"Metadata-Version: 2.1\nName: {FULL}\nVersion: {version}\n"
        f"Summary: Stands in for {FULL}, which cannot load here: {HEADLESS} has its folder cv2\n"
        f"Requires-Dist: {HEADLESS}=={version}\n"
    )
    wheel = "Wheel-Version: 1.0\nGenerator: fer-exp\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(folder / f"opencv_python-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", wheel)
        archive.writestr(f"{info}/RECORD", "".join(f"{info}/{name},,\n" for name in ("METADATA", "WHEEL", "RECORD")))


def _pip(*words: str) -> None:
    """Run pip in this environment, quietly.

    Raises:
        UserError: it failed; with its last line.
    """
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise UserError(f"OpenCV: pip {words[0]}: {reason}. Or {REMEDY}")


def main() -> int:
    """Settle this environment's OpenCV; return the exit status."""
    try:
        changed = settle()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if changed:
        print(changed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
