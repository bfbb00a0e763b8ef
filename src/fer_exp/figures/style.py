"""What all pictures share: colour-blind safe (Okabe and Ito 2008; cividis), readable in grey."""

from __future__ import annotations

from matplotlib.figure import Figure

COLORS = {
    "training": "#0072B2",
    "validation": "#D55E00",
    "test": "#009E73",
}
VARIANTS = {"normal": "#0072B2", "occluded": "#D55E00", "mixed": "#009E73", "mixed_unique": "#CC79A7"}
MARKS = {"normal": "o", "occluded": "s", "mixed": "^", "mixed_unique": "D"}
DPI = 130


def new(width: float, height: float) -> Figure:
    """An empty figure of this size in inches."""
    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")
