"""The folder that a copy is written into: claimed, checked, remembered."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from omegaconf import OmegaConf

from fer_exp.errors import ConfigError, DataError
from fer_exp.system import atomic as whole

if TYPE_CHECKING:
    from fer_exp.config.commands import OccludeConfig
    from fer_exp.datasets.faces import Faces

VERSION = 1  # of how a copy is made; raise it when the same settings would now give other files
SETTINGS, LOCK = ".fer-exp-copy.json", ".fer-exp-copy.lock"  # hidden: no reader takes them for faces


def settings(cfg: OccludeConfig, faces: Faces) -> dict[str, str]:
    """What two copies must share to be the same, flat and in words."""
    asked = {"version": VERSION, "faces": faces.name, "fingerprint": faces.fingerprint[:16], "variant": cfg.variant}
    rows = sha256("\0".join(faces.ids.tolist()).encode(errors="surrogateescape")).hexdigest()[:16]
    asked |= {"rows": rows, "quality": cfg.quality}  # the fingerprint is that of all faces, whatever dataset.limit says
    if cfg.variant != "normal":
        worn = OmegaConf.to_container(OmegaConf.structured(cfg.occlusion), enum_to_str=True)
        asked |= {f"occlusion.{key}": value for key, value in worn.items()}
    return {key: str(value) for key, value in asked.items()}


def keep_apart(source: Path, output: Path) -> None:
    """Raise ConfigError where the copy would lie in its source, or the source in the copy; links are followed."""
    a, b = source.resolve(), output.resolve()
    if a == b or b.is_relative_to(a) or a.is_relative_to(b):
        raise ConfigError(f"output={output} and the source {source} lie within each other: give a folder of its own")


@contextmanager
def claimed(output: Path, wanted: dict[str, str]) -> Iterator[None]:
    """The folder for this process alone, holding nothing or a copy with the same settings.

    Raises:
        ConfigError: it holds something else, or a copy made otherwise.
        DataError: another process writes there, or it cannot be made.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        lock = FileLock(output / LOCK, timeout=0)
        lock.acquire()
        strange = not (output / SETTINGS).exists() and [name for name in os.listdir(output) if name[0] != "."]
    except Timeout as error:
        raise DataError(f"output={output}: another process is writing there; wait for it") from error
    except OSError as error:
        raise DataError(f"cannot write into output={output}: {error.strerror}") from error
    try:
        if strange:
            (output / LOCK).unlink(missing_ok=True)
            raise ConfigError(
                f"output={output} holds {strange[0]}{' and more' * (len(strange) > 1)}, and no copy made here: give an "
                "empty or a new folder"
            )
        known = _stored(output)
        if known:
            differing = [key for key in {**known, **wanted} if known.get(key) != wanted.get(key) and key != "run"]
            if differing:
                words = ", ".join(f"{key} {known.get(key)}, now {wanted.get(key)}" for key in differing[:4])
                raise ConfigError(f"output={output} holds a copy made otherwise ({words}): give another folder")
        else:
            begin(output, wanted)
        yield
    finally:
        lock.release()


def finished_by(output: Path) -> str | None:
    """The summary run of the copy, once it was complete."""
    return _stored(output).get("run")


def begin(output: Path, wanted: dict[str, str]) -> None:
    """Remember what is being written: from now on the copy is not complete."""
    _store(output, wanted)


def finish(output: Path, wanted: dict[str, str], run: str) -> None:
    """Remember that all was written that can be."""
    _store(output, wanted | {"run": run})


def _stored(output: Path) -> dict[str, str]:
    file = output / SETTINGS
    try:
        return dict(json.loads(file.read_text())) if file.exists() else {}
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{file} cannot be read ({error}): give another output folder") from error


def _store(output: Path, content: dict[str, Any]) -> None:
    try:
        whole.write(output / SETTINGS, json.dumps(content, indent=1).encode())
    except OSError as error:
        raise DataError(f"cannot write into output={output}: {error.strerror}") from error
