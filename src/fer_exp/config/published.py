"""What a study printed, beside which a run sets its own numbers: the keys `published.*`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class PublishedNumbers:
    """What a study printed of one checkpoint: accuracies on test sets, and what else it said."""

    normal: float | None = None
    occluded: float | None = None
    mixed: float | None = None
    epoch: int | None = None
    val_accuracy: float | None = None
    val_loss: float | None = None
    macro_f1: float | None = None


@dataclass
class PublishedCheckpoints:
    """Of one training variant."""

    best: PublishedNumbers = field(default_factory=PublishedNumbers)
    last: PublishedNumbers = field(default_factory=PublishedNumbers)


@dataclass
class PublishedConfig:
    """What a study printed for `model` on `dataset`, by training variant."""

    model: str | None = None
    dataset: str | None = None
    results: dict[str, PublishedCheckpoints] = field(default_factory=dict)
