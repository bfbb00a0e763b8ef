import numpy as np
import pytest
from inked import CLASSES, draws_well

from fer_exp.reports import figures

HISTORY = [{"loss": 1 / e, "val_loss": 1.1 / e, "accuracy": e / 5, "val_accuracy": e / 6} for e in (1, 2, 3)]


@pytest.mark.parametrize(
    "make",
    [
        lambda: figures.curves(HISTORY, 2),
        lambda: figures.class_counts(CLASSES, {"training": np.array([5, 0, 2000]), "test": np.array([3, 3, 3])}),
        lambda: figures.confusion(CLASSES, np.array([[5, 1, 0], [0, 0, 0], [2, 2, 2]]), "title"),
        lambda: figures.samples(CLASSES, {"angry": np.zeros((2, 8, 8, 1)), "sad": np.full((1, 8, 8, 1), 255)}, "title"),
    ],
    ids=["curves", "class_counts", "confusion", "samples"],
)
def test_every_picture_draws_with_ink_on_it_and_without_warnings(make, recwarn):
    draws_well(make(), recwarn)


def test_confusion_shows_shares_of_the_true_class_and_class_sizes():
    figure = figures.confusion(CLASSES, np.array([[3, 1, 0], [0, 0, 0], [0, 0, 4]]), "title")
    axes = figure.axes[0]
    assert [t.get_text() for t in axes.texts] == ["75", "25", "0", "0", "0", "0", "0", "0", "100"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["angry (4)", "happy (0)", "sad (4)"]


def test_samples_are_one_picture_of_rows_per_class_without_those_that_have_none():
    rows = {"angry": np.zeros((2, 8, 8, 1)), "sad": np.full((1, 8, 8, 3), 100.4)}
    (axes,) = figures.samples(CLASSES, rows, "title").axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["angry", "sad"]
    (sheet,) = (image.get_array() for image in axes.images)
    assert (sheet[:8, 9:17] == 0).all() and (sheet[9:17, :8] == 100).all() and (sheet[9:, 9:] == 255).all()
