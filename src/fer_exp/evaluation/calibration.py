"""Temperature scaling: one number, fitted on validation, that makes confidence say how often a network is right."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

LOWEST, HIGHEST = 0.05, 20.0  # temperatures beyond these say that nothing can be fitted


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature with the smallest mean cross-entropy (Guo et al. 2017, section 4.2).

    Above 1 a network was surer than it was right. No answer changes by it.

    Args:
        probabilities: (n, classes) on validation faces; rows sum to 1.
        labels: (n,) int.

    Raises:
        ValueError: there are no faces.
    """
    if not len(labels):
        raise ValueError("no faces to fit a temperature on")
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        chosen = scale(probabilities, float(np.exp(log_temperature)))[rows, labels]
        return float(-np.log(np.maximum(chosen, np.finfo(np.float64).tiny)).mean())

    found = minimize_scalar(loss, bounds=(np.log(LOWEST), np.log(HIGHEST)), method="bounded")
    return float(np.exp(found.x))


def scale(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return the probabilities at a temperature, (n, classes) float64: the softmax of scores divided by it."""
    scores = np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float64).tiny)) / temperature
    exponentials = np.exp(scores - scores.max(1, keepdims=True))
    scaled: np.ndarray = exponentials / exponentials.sum(1, keepdims=True)
    return scaled
