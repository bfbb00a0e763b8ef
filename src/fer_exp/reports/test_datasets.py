"""What a run records of the other datasets that it was tested on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fer_exp.config.test_datasets import column
from fer_exp.evaluation.scores import accuracy_without, named_metrics, score_test_sets
from fer_exp.reports.run_report import record_checkpoint

if TYPE_CHECKING:
    import numpy as np

    from fer_exp.datasets.faces import Faces
    from fer_exp.evaluation.predictions import Predictions
    from fer_exp.evaluation.scores import Scores
    from fer_exp.tracking import Recorder


def record_test_dataset(
    run: Recorder, name: str, predictions: Mapping[str, Predictions], faces: Faces, known: np.ndarray
) -> dict[str, dict[str, Scores]]:
    """Record the scores of each checkpoint on another dataset; return them by checkpoint and column of the matrix.

    Args:
        run: what records them.
        name: what the run's configuration calls the dataset.
        predictions: by checkpoint.
        faces: the table.
        known: ids of its faces that stand in the run's training part as well.
    """
    by_checkpoint = {}
    for checkpoint, of_checkpoint in predictions.items():
        # mixed says nothing beyond its two forms: it would be one column more for each dataset
        by_form = {f: s for f, s in score_test_sets(of_checkpoint).items() if f in of_checkpoint.probabilities}
        record_checkpoint(run, f"{checkpoint}.{name}", of_checkpoint, by_form, faces.synthetic)
        by_column = {column(name, form): scores for form, scores in by_form.items()}
        run.log_metrics(named_metrics(checkpoint, by_column, own_test_set=""))
        without = accuracy_without(checkpoint, of_checkpoint, known)
        run.log_metrics(
            {
                f"{prefix}/{column(name, form)}": value
                for (prefix, form), value in ((key.split("/", 1), value) for key, value in without.items())
                if form in by_form
            }
        )
        by_checkpoint[checkpoint] = by_column
    return by_checkpoint
