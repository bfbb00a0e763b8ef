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
    f1: float | None = None  # average not stated


@dataclass
class PublishedCheckpoints:
    """The numbers that a study published of one training variant."""

    best: PublishedNumbers = field(default_factory=PublishedNumbers)
    last: PublishedNumbers = field(default_factory=PublishedNumbers)


@dataclass
class PublishedConfig:
    """The numbers that a study published for `model` on `dataset`, by training variant.

    Attributes:
        model: the option of the study's network.
        dataset: the option of its dataset.
        training_faces: how many the study had, each counted once.
        test_faces: how many it had.
        deviations: in what our recipe differs from the study's, a sentence each.
        results: the numbers, by training variant.
    """

    model: str | None = None
    dataset: str | None = None
    training_faces: int | None = None
    test_faces: int | None = None
    deviations: list[str] = field(default_factory=list)
    results: dict[str, PublishedCheckpoints] = field(default_factory=dict)
