"""Uncovered faces answered by one network, covered ones by another: who answers, and how often the wrong one does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fer_exp.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

FORMS = ("normal", "occluded")


def mean_of(answers: Sequence[Predictions]) -> Predictions:
    """Return the mean of the probabilities that several networks gave the same faces, uncovered and covered."""
    probabilities = {form: np.mean([one.probabilities[form] for one in answers], axis=0) for form in FORMS}
    return answers[0]._replace(probabilities=probabilities)


def known(count: int) -> dict[str, np.ndarray]:
    """Return whether each face of a test set is covered, (n,) bool, as the test set says it."""
    return {"normal": np.zeros(count, bool), "occluded": np.ones(count, bool)}


def route(uncovered: Predictions, covered: Predictions, taken_for_covered: Mapping[str, np.ndarray]) -> Predictions:
    """Return the answers of one network to faces that are taken for uncovered, of another to all others.

    Args:
        uncovered: the answers of the first, to the faces in both forms.
        covered: the answers of the second, to the same.
        taken_for_covered: (n,) bool of each form.
    """
    probabilities = {
        form: np.where(taken_for_covered[form][:, None], covered.probabilities[form], uncovered.probabilities[form])
        for form in FORMS
    }
    return uncovered._replace(probabilities=probabilities)


def error_rates(taken_for_covered: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return the share of the faces of each form that are taken for the other one, 0..1."""
    return {form: float(np.mean(taken_for_covered[form] != (form == "occluded"))) for form in FORMS}


def learn_detector(features: np.ndarray, covered: np.ndarray) -> Pipeline:
    """Return a logistic regression on standardised features that tells covered faces; `predict` gives bool.

    Args:
        features: (n, k) float.
        covered: (n,) bool, both of them there.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(features, covered)
