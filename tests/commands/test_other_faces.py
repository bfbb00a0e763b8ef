import json
import shutil

import numpy as np
import pandas as pd
import pytest
from photographs import COPIES, photograph, saved
from runs import artifacts
from trees import put, read_folder

from fer_exp.commands import other_faces
from fer_exp.errors import DataError


@pytest.fixture
def elsewhere(folder, tmp_path):
    """The training faces of two of three classes under other names, as a folder without parts."""
    for theirs, ours in {"angry": "Anger", "happy": "joy"}.items():
        shutil.copytree(folder[0] / "train" / theirs, tmp_path / "elsewhere" / ours)
    return tmp_path / "elsewhere"


@pytest.mark.slow
def test_another_dataset_becomes_columns_of_a_run(train, elsewhere):
    where = ["++test_datasets.ck.dataset=image_folder", f"++test_datasets.ck.root={elsewhere}"]
    run = train(*where, "occlusion.missing=frame", "epochs=1")
    assert run.info.status == "FINISHED"
    for checkpoint in ("best", "last"):
        table = pd.read_parquet(artifacts(run) / "predictions" / f"{checkpoint}.ck.parquet")
        assert len(table) == 32 and set(table["label"]) == {"angry", "happy"}
        for form, name in (("normal", "ck"), ("occluded", "ck-occluded")):
            p = table[[f"{form}/angry", f"{form}/happy"]].to_numpy()
            assert np.allclose(p.sum(1), 1, atol=1e-5)
            right = p.argmax(1) == (table["label"] == "happy")
            assert run.data.metrics[f"{checkpoint}/{name}"] == pytest.approx(right.mean(), abs=1e-4)
            assert f"{checkpoint}_ci_low/{name}" in run.data.metrics
            assert f"{checkpoint}_change/{name}" not in run.data.metrics  # of other faces
        assert f"{checkpoint}/ck-mixed" not in run.data.metrics
    tag = run.data.tags["test_datasets.ck"]
    assert tag == (
        "32 faces of image_folder, all that there are, answers among 2 of 3 classes, chance 0.500, "
        "32 of them also in the training part, exactly or nearly"
    )
    note = run.data.tags["mlflow.note.content"]
    assert note.index("18 test faces") < note.index(f"ck: {tag}") < note.index("ck-occluded")
    counts = json.loads((artifacts(run) / "best.ck" / "recall.json").read_text())
    assert [row[0] for row in counts["data"]] == ["angry", "happy"]


def test_a_missing_one_ends_a_run_before_it_begins_and_is_named(train, tmp_path):
    with pytest.raises(DataError, match=r"^test_datasets\.ck: test_datasets\.ck\.root=.*nowhere"):
        train("++test_datasets.ck.dataset=image_folder", f"++test_datasets.ck.root={tmp_path}/nowhere")


def test_a_class_without_faces_is_no_fault_where_nothing_is_trained_and_a_damaged_face_is(tmp_path):
    from configs import configured

    for i, name in enumerate("ab"):
        put(tmp_path / "faces" / "train" / name / "0.png", saved(photograph(i)))
        put(tmp_path / "faces" / "test" / name / "0.png", saved(photograph(2 + i)))
    words = ["dataset=image_folder", f"dataset.root={tmp_path}/faces", "dataset.classes=[a,b,c]", "run=last"]
    cfg = configured(*words, command="evaluate").dataset
    found = other_faces.load(cfg, 16, ("a", "b"), 1)
    assert found.classes == ("a", "b") and len(found.faces.rows("test")) == 2
    put(tmp_path / "faces" / "test" / "a" / "1.png", b"no picture")
    with pytest.raises(DataError, match=r"test/a/1\.png"):
        other_faces.load(cfg, 16, ("a", "b"), 1)


@pytest.mark.parametrize("copy", ["exact", *COPIES])
def test_faces_of_the_training_part_are_found_among_others_however_they_were_saved(tmp_path, copy, caplog):
    for i in range(6):
        put(tmp_path / "own" / "train" / "ab"[i % 2] / f"{i}.png", saved(photograph(i)))
        put(tmp_path / "own" / "test" / "ab"[i % 2] / f"{i}.png", saved(photograph(10 + i)))
        put(tmp_path / "other" / "train" / "ab"[i % 2] / f"{i}.png", saved(photograph(20 + i)))
        put(tmp_path / "other" / "test" / "ab"[i % 2] / f"{i}.png", saved(photograph(30 + i)))
    copied = saved(photograph(3)) if copy == "exact" else COPIES[copy](photograph(3))
    put(tmp_path / "other/test/a/copy.png", copied)
    own, other = read_folder(tmp_path / "own"), read_folder(tmp_path / "other")
    assert other_faces.find_trained_on(other, own, 1, "other").tolist() == ["test/a/copy.png"]
    how = "also occur" if copy == "exact" else "are nearly the same"
    assert f"1 faces of other {how}" in caplog.text
