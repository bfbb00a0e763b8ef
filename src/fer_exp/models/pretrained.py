"""Files of learned weights: fetched, recognised, checked and loaded."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import keras
from pooch import file_hash

from fer_exp.config.model import Finetune
from fer_exp.errors import UserError
from fer_exp.models import hdf5
from fer_exp.system import atomic
from fer_exp.system.download import download

log = logging.getLogger(__name__)


def fetch(name: str, address: str, folder: Path, remedy: str) -> Path:
    """Fetch the file `folder/name` once, whole or not at all, and return its path.

    This is for publishers who state no SHA-256 (fer_exp.system.assets has the files of those who do): that of the first
    download is kept beside the file (`NAME.sha256`, as `sha256sum` writes it) and compared from then on.

    Args:
        name: of the file.
        address: it is published at.
        folder: to keep it in; made if missing.
        remedy: what else the user can do, for errors: "or ...".

    Raises:
        UserError: no network, a full disk, or a file that is not what it was.
    """
    file, note = folder / name, folder / f"{name}.sha256"
    expected = note.read_text().split()[0] if note.is_file() else None
    if not file.is_file():
        try:
            download(address, file, expected)
        except UserError as error:
            raise UserError(
                f"cannot fetch {address} ({error}). Fetch it where there is a network and put it at {file}, {remedy}"
            ) from error
    digest = file_hash(file)
    if expected is None:
        try:
            atomic.write(note, f"{digest}  {name}\n".encode())
        except OSError as error:  # a folder that others keep: the run's own tag still holds the digest
            log.warning("warning: cannot keep the SHA-256 of %s beside it: %s", file, error.strerror)
    elif digest != expected:
        raise UserError(
            f"{file} has the SHA-256 {digest}, not {expected}: it was changed or is damaged. "
            f"Delete it and {note.name} to fetch it again"
        )
    return file


def keras_folder() -> Path:
    """Return the folder where Keras, and with it keras-vggface, keeps what it fetches."""
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()


def with_imagenet(build: Callable[[], keras.Model]) -> keras.Model:
    """Return what `build` builds, a network of keras.applications with the weights that Keras fetches.

    Raises:
        UserError: they cannot be fetched.
    """
    try:
        return build()
    except Exception as error:  # get_file raises Exception itself when the address does not answer
        reason = str(error).rsplit(" -- ", 1)[-1]
        raise UserError(
            f"cannot fetch model.weights=imagenet ({reason}). Fetch it once where there is a network and copy "
            f"{keras_folder() / 'models'} here, or start from random weights with model.weights=null model.finetune=all"
        ) from error


def load(model: keras.Model, file: Path) -> None:
    """Load the weights of an HDF5 file in Keras 2's layout (save_weights), layer by layer, by name.

    Names are compared with slashes as underscores; every name and shape is checked before the first is loaded.

    Args:
        model: whose layers are all to be found in the file, and no others.
        file: `layer_names` and, per layer, `weight_names`, at the top or below `model_weights`.

    Raises:
        UserError: it is not such a file, or holds the weights of another network.
    """
    stored = hdf5.read(file)
    layers = {layer.name: layer for layer in model.layers if layer.weights}
    missing, unknown = sorted(layers.keys() - stored.keys()), sorted(stored.keys() - layers.keys())
    if missing or unknown:
        reasons = [f"lacks {_some(missing)}"] * bool(missing) + [f"also holds {_some(unknown)}"] * bool(unknown)
        hint = "; is it the file of the whole network? The one without its top (notop) is needed" if unknown else ""
        raise UserError(f"{file}: these are not the weights of {model.name}: it {' and '.join(reasons)}{hint}")
    for name, layer in layers.items():
        shapes = [[tuple(w.shape) for w in weights] for weights in (layer.weights, stored[name])]
        if shapes[0] != shapes[1]:
            raise UserError(f"{file}: {name} has the shapes {shapes[1]}, {model.name} needs {shapes[0]}")
    for name, layer in layers.items():
        layer.set_weights(stored[name])


def freeze(network: keras.Model, finetune: Finetune, first_of_part: Callable[[], int]) -> None:
    """Leave trainable what `finetune` names: nothing, all, or the layers from the one at `first_of_part()` on."""
    if finetune is Finetune.all:
        return
    first = first_of_part() if finetune is Finetune.part else len(network.layers)
    for layer in network.layers[:first]:
        layer.trainable = False


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more layers" if len(names) > 3 else "")
