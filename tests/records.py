"""What a run records, and what is stored of it."""

import numpy as np
import pandas as pd
from runs import files

from fer_exp.reports import figures


def everything(run):
    """One record of each kind."""
    run.log_params({f"key{i}": i for i in range(150)})
    run.set_tags({"a": "first"})
    run.log_input("faces-test", "d" * 40, "somewhere", {"pictures": 3}, "test")
    for epoch in (1, 2, 3):
        run.log_metrics({"loss": 1 / epoch, "nothing": float("nan"), "all": float("inf")}, epoch)
    run.log_text("some text", "notes/text.txt")
    run.log_table(pd.DataFrame({"class": ["happy"], "n": [3]}), "data/table.json")
    run.log_parquet(pd.DataFrame({"x": [1.5]}), "predictions/best.parquet")
    run.log_figure(figures.matrix(["a"], ["b"], np.array([[0.5]]), [["n"]], "t"), "matrix.png")
    run.log_model("best", 2, {"data": "normal"}, {"best/normal": 0.75, "best/mixed": 0.5}, "f" * 64)
    run.set_tags({"a": "last"})


def snapshot(store, run_id):
    """All that the pages can show of a run, in comparable form."""
    client = store.client
    found = client.get_run(run_id)
    points = [p for key in found.data.metrics for p in client.get_metric_history(run_id, key)]
    models = client.search_logged_models([store.experiment_id], f"source_run_id = '{run_id}'")
    return {
        "runs": len(client.search_runs([store.experiment_id])),
        "params": found.data.params,
        "tags": found.data.tags,
        "points": sorted((p.key, str(p.value), p.timestamp, p.step) for p in points),
        "inputs": sorted(str(i.dataset.to_dictionary()) for i in found.inputs.dataset_inputs),
        "outputs": [(o.model_id, o.step) for o in found.outputs.model_outputs],
        "models": [(m.model_id, m.name, str(m.status), len(m.metrics)) for m in models],
        "files": sorted(files(client, run_id)),
        "end": (found.info.status, found.info.start_time, found.info.end_time),
    }


def journals(store):
    return sorted(store.journal.glob("[!.]*"))


def later(store):
    """The same store, whose server does not answer yet."""
    return store._replace(experiment_id=None)
