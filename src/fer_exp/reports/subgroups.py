"""Accuracy per value of each column of the metadata file: a run's tables, and those of the answer page."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from fer_exp.evaluation.subgroups import MOST, accuracy_by, compare_values
from fer_exp.inputs.variants import TEST_SETS, order_test_sets

if TYPE_CHECKING:
    from fer_exp.evaluation.predictions import Predictions
    from fer_exp.evaluation.results import RunResult
    from fer_exp.tracking import Recorder

log = logging.getLogger(__name__)


def record_subgroups(run: Recorder, checkpoint: str, predictions: Predictions) -> None:
    """Record the accuracy per value of each column of the metadata file."""
    for column in predictions.metadata:
        table = accuracy_by(predictions, column)
        if table is None:
            log.info("no table by %s: it has one value alone, or more than %d words", column, MOST)
            continue
        word = re.sub(r"[^\w.-]+", "-", column)
        run.log_table(table, f"{checkpoint}/by_{word}.json")


def page_tables(results: list[RunResult], checkpoint: str = "best") -> list[dict[str, Any]]:
    """Return a table per column as the page's template takes it: accuracy per value, with intervals."""
    first = results[0].predictions.get(checkpoint) if results else None
    tables = []
    for column in first.metadata if first is not None else ():
        cells = compare_values(results, checkpoint, column, TEST_SETS)
        if cells is None:
            continue
        columns = order_test_sets(cells.tested_on)
        rows = []
        for (variant, value, faces), of_value in cells.groupby(["trained_on", "value", "faces"], sort=False):
            words = {c.tested_on: f"{c.accuracy:.3f} ({c.low:.3f}-{c.high:.3f})" for c in of_value.itertuples()}
            rows.append([variant, value, faces, *(words.get(name, "") for name in columns)])
        tables.append({"name": column, "columns": ["trained on", column, "faces", *columns], "rows": rows})
    return tables
