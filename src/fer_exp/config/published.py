"""The keys `published.*`: the numbers that a study published, for a run to set its own beside them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class PublishedNumbers:
    """The numbers that a study published of one checkpoint: accuracies on test sets, and others."""

    normal: float | None = None
    occluded: float | None = None
    mixed: float | None = None
    epoch: int | None = None
    val_accuracy: float | None = None
    val_loss: float | None = None
    macro_f1: float | None = None


@dataclass
class PublishedCheckpoints:
    """The numbers that a study published of one training variant."""

    best: PublishedNumbers = field(default_factory=PublishedNumbers)
    last: PublishedNumbers = field(default_factory=PublishedNumbers)


@dataclass
class PublishedConfig:
    """The numbers that a study published for `model` on `dataset`, by training variant."""

    model: str | None = None
    dataset: str | None = None
    results: dict[str, PublishedCheckpoints] = field(default_factory=dict)
