"""The keras-vggface package (0.6, written for Keras 2 in 2019) under Keras 3.

Two things have changed since then, and both are bridged here, only while they are needed:

- Three modules that the package imports are gone. Stand-ins are importable while it is imported; all it takes from
  them is `get_file` and `get_source_inputs`, which Keras 3 has elsewhere.
- A layer's name must not contain a slash. While a network is built, the package's layer classes replace it by an
  underscore: "conv5_1_1x1_reduce/bn" becomes "conv5_1_1x1_reduce_bn".
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

import keras
import numpy as np


def _module(name: str, **contents: object) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(contents)
    return module


@contextmanager
def keras2_modules() -> Iterator[None]:
    """Provide the modules of Keras 2 that keras-vggface imports; afterwards Keras itself is as it was."""
    stand_ins = {
        "keras.utils.layer_utils": _module("keras.utils.layer_utils"),  # used with Theano alone
        "keras.utils.data_utils": _module("keras.utils.data_utils", get_file=keras.utils.get_file),
        "keras.engine": _module("keras.engine", __path__=[]),
        "keras.engine.topology": _module("keras.engine.topology", get_source_inputs=keras.utils.get_source_inputs),
    }
    before = {name: sys.modules.get(name) for name in stand_ins}
    attributes = {owner: dict(vars(owner)) for owner in (keras, keras.utils)}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
        for owner, before_import in attributes.items():  # an import also sets the submodule on its parent
            for name in set(vars(owner)) - set(before_import):
                delattr(owner, name)


def package(module: str) -> ModuleType:
    """Import `keras_vggface.<module>`."""
    with keras2_modules():
        return importlib.import_module(f"keras_vggface.{module}")


@contextmanager
def names_without_slashes(module: ModuleType) -> Iterator[None]:
    """Let the layer classes that `module` has imported take names with slashes."""
    classes = {
        name: kind for name, kind in vars(module).items() if isinstance(kind, type) and issubclass(kind, keras.Layer)
    }

    def renaming(kind: type) -> Callable[..., keras.Layer]:
        def make(*args: object, name: str | None = None, **options: object) -> keras.Layer:
            return kind(*args, name=name and name.replace("/", "_"), **options)

        return make

    vars(module).update({name: renaming(kind) for name, kind in classes.items()})
    try:
        yield
    finally:
        vars(module).update(classes)


def network(backbone: str, size: int) -> keras.Model:
    """Build the package's network without its classifier, with random weights.

    Args:
        backbone: resnet50, senet50 (Cao et al. 2018, VGGFace2) or vgg16 (Parkhi et al. 2015, Deep Face Recognition).
        size: height and width of a picture in pixels, at least 197 (vgg16: 48).

    Returns:
        A model from preprocessed pictures (batch, size, size, 3) to the last feature map: for 224 pixels (1, 1, 2048)
        after the average pooling of the two ResNets, (7, 7, 512) for vgg16.
    """
    models = package("models")
    with names_without_slashes(models):
        build = getattr(models, backbone.upper())
        return build(include_top=False, weights=None, input_shape=(size, size, 3))


def weights_address(backbone: str) -> tuple[str, str, str]:
    """Return file name, address and folder (below Keras's own) of a network's weights without its classifier."""
    utils = package("utils")
    address = getattr(utils, f"{backbone.upper()}_WEIGHTS_PATH_NO_TOP")
    return address.rsplit("/", 1)[1], address, utils.VGGFACE_DIR


def preprocess_input(pixels: np.ndarray, version: int) -> np.ndarray:
    """Preprocess as the package does: RGB to BGR, minus the mean of the pictures the weights were learned from."""
    preprocessed: np.ndarray = package("utils").preprocess_input(pixels, version=version)
    return preprocessed
