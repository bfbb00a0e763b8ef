import csv

import numpy as np
import pandas as pd
import pytest
from predicted import N, predictions
from runs import artifacts

from fer_exp.commands import compare
from fer_exp.evaluation.predictions import Predictions


@pytest.mark.slow
def test_a_run_has_a_table_per_column_and_people_stand_in_its_predictions(folder, train, tmp_path):
    root = folder[0]
    paths = sorted(file.relative_to(root).as_posix() for file in root.rglob("*.png"))
    with (tmp_path / "people.csv").open("w", newline="") as file:
        rows = [(path, f"S{i % 9}", "young" if i % 2 else "old", "x") for i, path in enumerate(paths)]
        csv.writer(file).writerows([("path", "person", "age group", "same"), *rows])
    words = (f"dataset.metadata={tmp_path}/people.csv", "dataset.group_column=person", "split.by=group")
    run = train(*words, "data=normal", "epochs=1")
    table = pd.read_json(artifacts(run) / "best/by_age-group.json", orient="split")
    assert table["value"].drop_duplicates().tolist() == ["old", "young"]
    assert set(table["tested_on"]) == {"normal", "occluded", "mixed"}
    assert not (artifacts(run) / "best/by_same.json").exists()
    found = Predictions.from_table(pd.read_parquet(artifacts(run) / "predictions/best.parquet"))
    assert dict(zip(found.ids, found.groups, strict=True)).items() <= {(path, who) for path, who, *_ in rows}
    assert list(found.metadata) == ["age group", "same"]


def test_the_page_shows_accuracy_by_value(store, add):
    gender = np.where(np.arange(N) % 4 == 0, "f", "m")
    found = predictions(0.9, 0.3, 1)._replace(metadata={"gender": gender})
    add("normal", 0, found)
    summary = compare.of_sweep("s-1", store.uri, store.experiment)
    with open(store.client.download_artifacts(summary, "answer.html")) as file:
        html = file.read()
    assert "Accuracy by gender" in html
    assert f"<td>{found.correct('occluded')[gender == 'f'].mean():.3f} (" in html
