"""What may be asked for: the typed schema of conf/, its messages, its help, and how a sweep is checked.

Imports nothing heavy: a wrong key or value ends before TensorFlow, Keras or MLflow load.
"""

from fer_exp.config.entry import held_stderr, is_sweep, main, overrides, reported, start_process, sweep_id
from fer_exp.config.paths import ROOT
from fer_exp.config.schema import GROUPS, EvaluateConfig, OccludeConfig, TrainConfig, stored, validate
from fer_exp.config.sweep import CheckSweep
from fer_exp.config.testsets import further_test_sets

__all__ = [
    "GROUPS",
    "ROOT",
    "CheckSweep",
    "EvaluateConfig",
    "OccludeConfig",
    "TrainConfig",
    "further_test_sets",
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
