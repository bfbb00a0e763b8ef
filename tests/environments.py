"""Python environments of a test's own, and packages to install there without a network."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

SITE = Path(sysconfig.get_path("purelib"))


class Environment:
    """A fresh environment; what this one has is seen from there if `sees_all`, else pip alone."""

    def __init__(self, folder: Path, sees_all: bool):
        venv.create(folder, with_pip=False)
        self.bin = folder / "bin"
        (self.site,) = folder.glob("lib/python*/site-packages")
        if sees_all:
            (self.site / "all.pth").write_text(str(SITE))  # of a folder on the path, .pth files are not followed
        else:
            (self.site / "pip").symlink_to(SITE / "pip")

    def run(self, *words, timeout=300, **options):
        """What a command of the environment prints and how it ends."""
        command = [str(self.bin / words[0]), *map(str, words[1:])]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, **options)

    def pip(self, *words, wheels=None):
        """pip, with the packages of a folder and of no other place."""
        return self.run("python", "-m", "pip", *words, env=offline(wheels))


def offline(wheels) -> dict[str, str]:
    """The environment's variables, with pip told to take the wheels of a folder alone."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    more = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return kept | more | ({"PIP_FIND_LINKS": str(wheels)} if wheels else {})


def write_wheel(folder: Path, name: str, version: str, files: dict[str, str], requires: str | None = None) -> Path:
    """A package with these files; the path of its wheel."""
    stem = f"{name.replace('-', '_')}-{version}"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    info = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files = files | {f"{stem}.dist-info/{key}": text for key, text in info.items()}
    record = f"{stem}.dist-info/RECORD"
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(record, "".join(f"{path},,\n" for path in [*files, record]))
    return folder / f"{stem}-py3-none-any.whl"


def build_wheel(root: Path, folder: Path) -> Path:
    """The wheel of a checkout, by the build backend that is installed here."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run([*command, "--wheel-dir", folder, root], capture_output=True, text=True, env=offline(None))
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel
