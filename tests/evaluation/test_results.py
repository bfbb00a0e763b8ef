import numpy as np
from predicted import N, predictions

from fer_exp.evaluation import results
from fer_exp.tracking import sweep_runs


def test_runs_with_other_faces_classes_or_no_predictions_are_named_and_left_out(store, add):
    add("normal", 0, predictions(0.9, 0.3, 1))
    add("occluded", 0, predictions(0.5, 0.8, 2))
    add("mixed", 0, predictions(0.5, 0.8, 3, ids=np.array([f"other/{i}.jpg" for i in range(N)])))
    add("mixed", 1, predictions(0.5, 0.8, 3, classes=("angry", "sad", "happy")))
    add("mixed", 2, None)
    found, notes = results.load(store, sweep_runs(store, "s-1"))
    assert [t.variant for t in found] == ["normal", "occluded"]
    said = "\n".join(notes)
    assert "net-mixed-s0: left out, its test faces differ from those of the others" in said
    assert "net-mixed-s1: left out, its classes differ from those of the others" in said
    assert "net-mixed-s2: left out of what is compared face by face: it has no predictions" in said


def test_faces_of_another_dataset_are_columns_of_those_that_were_tested_on_the_same(store, add):
    other = {"best": predictions(0.8, 0.6, 9, ("angry", "happy")), "last": predictions(0.7, 0.6, 9, ("angry", "happy"))}
    ids = np.array([f"others/{i}.jpg" for i in range(N)])
    changed = {name: found._replace(ids=ids) for name, found in other.items()}
    add("normal", 0, predictions(0.9, 0.3, 1), elsewhere={"ck": other})
    add("occluded", 0, predictions(0.5, 0.8, 2), elsewhere={"ck": other})
    add("mixed", 0, predictions(0.5, 0.8, 3), elsewhere={"ck": changed})
    found, notes = results.load(store, sweep_runs(store, "s-1"))
    assert len(found) == 3
    assert [t.variant for t in found if t.on("best", "ck")] == ["normal", "occluded"]
    assert notes == ["net-mixed-s0: its faces or classes of ck differ from those of the others"]
    assert found[0].correct("best", "ck").mean() == other["best"].correct("normal").mean()
    assert found[0].correct("best", "ck-occluded").mean() == other["best"].correct("occluded").mean()
    assert found[0].correct("best", "normal").mean() != other["best"].correct("normal").mean()
    assert found[0].on("best", "ck-mixed") is None and found[0].on("best", "raf") is None
