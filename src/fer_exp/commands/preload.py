"""What every job of a sweep imports, imported once by the process that jobs are forked from."""

from __future__ import annotations

import os
from importlib import import_module

from fer_exp.system.stderr import held_stderr

MODULES = (
    "fer_exp.commands.run",
    "fer_exp.commands.continuation",
    "fer_exp.commands.compare",
    "fer_exp.reports.summary",
    "sklearn.metrics",
    "pyarrow.parquet",
)

_before = dict(os.environ)
with held_stderr():
    for module in MODULES:
        import_module(module)
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in _before}  # what they have set, as MLflow's
