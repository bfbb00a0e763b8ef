import logging

import numpy as np
import pandas as pd
import pytest
from conftest import CLASSES
from photographs import COPIES, photograph, saved
from runs import artifacts
from trees import put

from fer_exp.evaluation.predictions import Predictions


def plant(root):
    """A copy of a training face, saved again, in the test part under another class, and one that is equal."""
    for i, name in enumerate(CLASSES):
        put(root / "train" / name / "photograph.png", saved(photograph(i)))
    put(root / "test/sad/again.jpg", COPIES["saved again"](photograph(0)))
    put(root / "test/happy/equal.png", saved(photograph(1)))


@pytest.mark.slow
def test_a_run_counts_lists_shows_and_warns_of_test_faces_that_are_nearly_training_faces(folder, train, caplog):
    plant(folder[0])
    with caplog.at_level(logging.WARNING):
        run = train("occlusion.missing=frame", "data=normal")
    tags = run.data.tags
    near = {side: int(tags[f"near_duplicates.test_in_{side}"]) for side in ("training", "validation")}
    assert sorted(near.values()) == [0, 1] and tags["twins.test"] == "2"
    side = max(near, key=near.get)
    assert f"1 test picture is nearly one in {side}" in caplog.text and "data/near_duplicates.csv" in caplog.text
    predictions = Predictions.from_table(pd.read_parquet(artifacts(run) / "predictions/best.parquet"))
    others = ~np.isin(predictions.ids, ["test/sad/again.jpg", "test/happy/equal.png"])
    for name in ("normal", "occluded", "mixed"):
        alone = predictions.correct(name)[others].mean()
        assert run.data.metrics[f"best_without_twins/{name}"] == pytest.approx(alone, abs=1e-4)
    pairs = pd.read_csv(artifacts(run) / "data/near_duplicates.csv").set_index("test")
    assert pairs["kind"].to_dict() == {"test/happy/equal.png": "exact", "test/sad/again.jpg": "near"}
    row = pairs.loc["test/sad/again.jpg"]
    assert (row.training, row.training_class, row.test_class) == ("train/angry/photograph.png", "angry", "sad")
    assert row.side == side and row.correlation > 0.92
    assert (artifacts(run) / "data/near_duplicates.png").stat().st_size > 0
    problems = pd.read_csv(artifacts(run) / "data/problems.csv")
    (found,) = problems[problems["problem"].str.startswith("nearly")].itertuples()
    assert (found.id, found.problem, found.detail) == (
        "test/sad/again.jpg",
        "nearly the same picture in training, under another class",
        "train/angry/photograph.png (angry)",
    )


@pytest.mark.slow
def test_a_run_without_the_twins_trains_on_fewer_faces_in_a_split_of_its_own(folder, train):
    plant(folder[0])
    words = ("occlusion.missing=frame", "data=normal", "epochs=1")
    all_faces, fewer = train(*words), train(*words, "dataset.duplicates=exclude")
    assert (all_faces.data.tags["duplicates.excluded"], fewer.data.tags["duplicates.excluded"]) == ("0", "2")
    assert fewer.data.tags["twins.test"] == "0"
    assert not any("without_twins" in name for name in fewer.data.metrics)
    assert fewer.data.tags["split.hash"] != all_faces.data.tags["split.hash"]
    left_out = pd.read_json(artifacts(fewer) / "data/excluded.json", orient="split")
    assert left_out["id"].tolist() == ["train/angry/photograph.png", "train/happy/photograph.png"]
    counts = [pd.read_json(artifacts(r) / "data/class_counts.json", orient="split") for r in (all_faces, fewer)]
    per_run = [(c["training"] + c["validation"]).sum() for c in counts]
    assert per_run[0] - per_run[1] == 2 and counts[0]["test"].equals(counts[1]["test"])
