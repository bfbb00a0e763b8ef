"""Every figure; the only package that imports matplotlib."""

from matplotlib.figure import Figure

from fer_exp.reports.figures.comparison import (
    confusion_change,
    examples,
    histories,
    matrix,
    recall_lost,
    reliability,
    severity,
    won_back,
)
from fer_exp.reports.figures.landmarks import FaceGroup, landmark_sheet
from fer_exp.reports.figures.pairs import Pair, pair_sheet
from fer_exp.reports.figures.run import class_counts, confusion, curves, samples, tested_epochs
from fer_exp.reports.figures.style import VARIANTS

__all__ = [
    "VARIANTS",
    "FaceGroup",
    "Figure",
    "Pair",
    "class_counts",
    "confusion",
    "confusion_change",
    "curves",
    "examples",
    "histories",
    "landmark_sheet",
    "matrix",
    "pair_sheet",
    "recall_lost",
    "reliability",
    "samples",
    "severity",
    "tested_epochs",
    "won_back",
]
