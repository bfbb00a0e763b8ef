"""Weights in HDF5 files of Keras 2's layout, from anywhere: bounds on what a damaged or hostile one can do."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

from fer_exp.errors import UserError, one_line
from fer_exp.system.archives import check_size
from fer_exp.system.forks import describe_end

LONGEST = 120.0  # seconds that reading may take; gigabytes take a few


def read(file: Path) -> dict[str, list[np.ndarray]]:
    """Return the weights of each layer that has any; names have underscores in place of slashes.

    They are read in a process of their own first: on some damaged files the HDF5 library crashes or never ends.

    Raises:
        UserError: it is not such a file.
    """
    try:
        # -P: what lies in the working folder is not imported in place of what is installed
        trial = [sys.executable, "-P", "-m", __name__, str(file)]
        done = subprocess.run(trial, timeout=LONGEST, capture_output=True, check=False)
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{file}: damaged: reading it had not ended after {LONGEST:.0f} seconds") from error
    if done.returncode < 0:
        raise UserError(f"{file}: damaged: reading it was {describe_end(done.returncode)}")
    return _read(file)  # what else the process said is said again


def _read(file: Path) -> dict[str, list[np.ndarray]]:
    try:
        with h5py.File(file, "r") as content:
            _check_self_contained(content)
            top = content.get("model_weights", content)
            layers = {
                layer: [top[layer][name] for name in _names(top[layer], "weight_names")]
                for layer in _names(top, "layer_names")
            }
            check_size(sum(_bytes_to_read(entry) for entries in layers.values() for entry in entries))
            stored = {layer.replace("/", "_"): [_numbers(entry) for entry in layers[layer]] for layer in layers}
    except Exception as error:  # h5py raises errors of all kinds on damaged files
        raise UserError(f"{file}: not an HDF5 file of weights in Keras's layout ({one_line(error)})") from error
    return {layer: weights for layer, weights in stored.items() if weights}


def _check_self_contained(content: h5py.File) -> None:
    """Raise ValueError where a part of the content lies in other files, which a file's SHA-256 says nothing of."""

    def linked(name: str, link: h5py.HardLink | h5py.SoftLink | h5py.ExternalLink) -> str | None:
        return name if isinstance(link, h5py.ExternalLink) else None

    def stored(name: str, item: h5py.Group | h5py.Dataset) -> str | None:
        return name if isinstance(item, h5py.Dataset) and (item.is_virtual or item.external) else None

    if name := content.visititems_links(linked):  # it stops at the first that is not None
        raise ValueError(f"{name} is a link to another file")
    if name := content.visititems(stored):
        raise ValueError(f"{name} is stored in other files")


def _bytes_to_read(entry: h5py.Dataset) -> int:
    """Return how much memory reading takes at least: that of the numbers, or of a chunk that is larger."""
    return max(entry.nbytes, math.prod(entry.chunks or (0,)) * entry.dtype.itemsize)


def _numbers(entry: h5py.Dataset) -> np.ndarray:
    """Return the content of a dataset; raise ValueError where it holds anything but finite numbers."""
    if entry.dtype.kind not in "fiu":
        raise ValueError(f"{entry.name} holds {entry.dtype}, not numbers")
    values = np.asarray(entry)
    if not np.isfinite(values).all():
        raise ValueError(f"{entry.name} holds numbers that are not finite")
    return values


def _names(group: h5py.Group, attribute: str) -> list[str]:
    """Return a list of names; a long one is spread over attributes `name0`, `name1`, ..."""
    names = group.attrs.get(attribute)
    if names is None:
        chunks: list[np.ndarray] = []
        while (chunk := group.attrs.get(f"{attribute}{len(chunks)}")) is not None:
            chunks.append(chunk)
        if not chunks:
            raise KeyError(f"no attribute {attribute} in {group.name}")
        names = np.concatenate(chunks)
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


if __name__ == "__main__":
    _read(Path(sys.argv[1]))
