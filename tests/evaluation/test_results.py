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
