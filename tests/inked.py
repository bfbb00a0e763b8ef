"""Figures as pixels."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

CLASSES = ("angry", "happy", "sad")


def draws_well(figure, warnings):
    """Fail unless there is ink on a figure, and drawing it warned of neither layout nor glyphs."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    assert np.asarray(canvas.buffer_rgba())[..., :3].std() > 5
    assert not [str(w.message) for w in warnings if "layout" in str(w.message) or "Glyph" in str(w.message)]
