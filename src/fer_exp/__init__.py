"""Experiments on facial-expression recognition under partial face occlusion."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fer_exp.evaluation.notebooks import load_matrix, load_predictions

__all__ = ["load_matrix", "load_predictions"]


def __getattr__(name: str) -> Any:
    """Return what a notebook asks for; MLflow and pandas are imported then, not with the package."""
    if name not in __all__:
        raise AttributeError(f"module fer_exp has no attribute {name}")
    from fer_exp.evaluation import notebooks

    return getattr(notebooks, name)
