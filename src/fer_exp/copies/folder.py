"""The folder that a copy is written into: claimed by one process, checked, and marked with its settings."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from filelock import FileLock, Timeout
from omegaconf import OmegaConf

from fer_exp.errors import ConfigError, DataError
from fer_exp.system import atomic

if TYPE_CHECKING:
    from fer_exp.config.commands import OccludeConfig
    from fer_exp.config.occlusion import OcclusionConfig
    from fer_exp.datasets.faces import Faces

VERSION = 1  # of how a copy is made; raise it when the same settings would now give other files
SETTINGS, LOCK = ".fer-exp-copy.json", ".fer-exp-copy.lock"  # hidden: no reader takes them for faces


def settings(cfg: OccludeConfig, faces: Faces) -> dict[str, str]:
    """Return the settings that make two copies the same, flat and as text."""
    values: dict[str, object] = {"version": VERSION, "faces": faces.name, "fingerprint": faces.fingerprint[:16]}
    rows = sha256("\0".join(faces.ids.tolist()).encode(errors="surrogateescape")).hexdigest()[:16]
    # the fingerprint is that of all faces, whatever dataset.limit says
    values |= {"variant": cfg.variant, "rows": rows, "quality": cfg.quality}
    if cfg.variant != "normal":
        values |= {f"occlusion.{key}": value for key, value in occluder_settings(cfg.occlusion).items()}
    return {key: str(value) for key, value in values.items()}


def occluder_settings(cfg: OcclusionConfig) -> dict[str, Any]:
    """Return the keys of an occluder's configuration with their values, enumerations as text."""
    return cast("dict[str, Any]", OmegaConf.to_container(OmegaConf.structured(cfg), enum_to_str=True))


def keep_apart(source: Path, output: Path) -> None:
    """Raise ConfigError where the copy would lie in its source, or the source in the copy; links are followed."""
    origin, target = source.resolve(), output.resolve()
    if target.is_relative_to(origin) or origin.is_relative_to(target):
        raise ConfigError(
            f"output={output} and the source {source} lie within each other: give the copy a folder of its own"
        )


@contextmanager
def claim(output: Path, settings: dict[str, str]) -> Iterator[None]:
    """Claim the folder for this process alone, where it holds nothing or a copy with the same settings.

    Raises:
        ConfigError: it holds something else, or a copy made with other settings.
        DataError: another process writes there, or the folder cannot be made.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        lock = FileLock(output / LOCK, timeout=0)
        lock.acquire()
        foreign = not (output / SETTINGS).exists() and [name for name in os.listdir(output) if name[0] != "."]
    except Timeout as error:
        raise DataError(f"output={output}: another process is writing there; wait for it") from error
    except OSError as error:
        raise DataError(f"cannot write into output={output}: {error.strerror}") from error
    try:
        if foreign:
            (output / LOCK).unlink(missing_ok=True)
            raise ConfigError(
                f"output={output} holds {foreign[0]}{' and more' * (len(foreign) > 1)}, but not a copy made by this "
                "command: give an empty or a new folder"
            )
        stored = _read(output)
        if stored:
            differing = [key for key in {**stored, **settings} if stored.get(key) != settings.get(key) and key != "run"]
            if differing:
                words = ", ".join(f"{key} {stored.get(key)}, now {settings.get(key)}" for key in differing[:4])
                raise ConfigError(
                    f"output={output} holds a copy made with other settings ({words}): give another folder"
                )
        else:
            begin(output, settings)
        yield
    finally:
        lock.release()


def finished_run(output: Path) -> str | None:
    """Return the id of the copy's summary run; None until the copy is complete."""
    return _read(output).get("run")


def begin(output: Path, settings: dict[str, str]) -> None:
    """Store the settings of the copy that is being written: from now on it is not complete."""
    _write(output, settings)


def finish(output: Path, settings: dict[str, str], run: str) -> None:
    """Mark the copy as complete: everything that can be written has been written."""
    _write(output, settings | {"run": run})


def _read(output: Path) -> dict[str, str]:
    file = output / SETTINGS
    try:
        return dict(json.loads(file.read_text())) if file.exists() else {}
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{file} cannot be read ({error}): give another output folder") from error


def _write(output: Path, content: dict[str, str]) -> None:
    try:
        atomic.write(output / SETTINGS, json.dumps(content, indent=1).encode())
    except OSError as error:
        raise DataError(f"cannot write into output={output}: {error.strerror}") from error
