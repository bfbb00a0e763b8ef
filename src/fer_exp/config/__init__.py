"""What may be asked for: the typed schema of conf/, its messages, its help, and how a sweep is checked.

Imports nothing heavy: a wrong key or value ends before TensorFlow, Keras or MLflow load.
"""

from fer_exp.config.entry import ROOT, held_stderr, is_sweep, main, overrides, reported, start_process, sweep_id
from fer_exp.config.schema import EvaluateConfig, TrainConfig, stored, validate
from fer_exp.config.sweep import CheckSweep

__all__ = [
    "ROOT",
    "CheckSweep",
    "EvaluateConfig",
    "TrainConfig",
    "held_stderr",
    "is_sweep",
    "main",
    "overrides",
    "reported",
    "start_process",
    "stored",
    "sweep_id",
    "validate",
]
