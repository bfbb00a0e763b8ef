"""Class weights: what a face counts in the training loss."""

from __future__ import annotations

import numpy as np

from fer_exp.config.training import ClassWeights


def class_weights(kind: ClassWeights, counts: np.ndarray) -> dict[int, float] | None:
    """Return the weight of each class that has faces, or None for equal weights.

    Args:
        kind: `inverse`: 1/n, normalised to sum 1 (study A). `balanced`: 1/n, `sqrt`: 1/sqrt(n), both normalised so
            that the mean weight of a training face is 1.
        counts: (classes,) n, training faces per class.
    """
    if kind is ClassWeights.none:
        return None
    present = np.flatnonzero(counts)
    n = counts[present].astype(float)
    weights = 1 / np.sqrt(n) if kind is ClassWeights.sqrt else 1 / n
    weights /= weights.sum() if kind is ClassWeights.inverse else (weights * n).sum() / n.sum()
    return dict(zip(present.tolist(), weights.tolist(), strict=True))
