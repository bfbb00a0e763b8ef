import numpy as np
import pandas as pd
import pytest
from predicted import LABELS, RIGHT, WRONG, answers, predictions

from fer_exp.evaluation.predictions import Predictions
from fer_exp.inputs.variants import alternate


def test_mixed_is_each_face_once_in_the_form_that_the_rule_gives_it():
    found = answers(RIGHT, WRONG)
    hits = found.on("mixed").argmax(1) == LABELS
    assert (hits == ~alternate(LABELS)).all()


def test_predictions_keep_id_label_and_probabilities_through_parquet(tmp_path):
    table = answers(RIGHT, WRONG).to_table()
    table.to_parquet(tmp_path / "p.parquet")
    back = pd.read_parquet(tmp_path / "p.parquet")
    assert back.columns.tolist()[:3] == ["id", "label", "normal/a"]
    assert back.label.tolist() == ["a"] * 4 + ["b"] * 2 + ["c"] * 2
    pd.testing.assert_frame_equal(back, table)


def test_one_pass_serves_all_checkpoints(source, faces, monkeypatch):
    import keras

    from fer_exp.evaluation.predictions import predict

    models = {}
    for epoch in (1, 2):
        keras.utils.set_random_seed(epoch)
        layers = [keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
        models[epoch] = keras.Sequential(layers)
    rows = faces.rows("test")
    both = predict(models, source, rows, 8)
    for epoch, model in models.items():
        alone = predict({epoch: model}, source, rows, 64)[epoch]
        for form in ("normal", "occluded"):
            assert both[epoch].probabilities[form] == pytest.approx(alone.probabilities[form], abs=1e-5)
    assert np.abs(both[1].probabilities["normal"] - both[2].probabilities["normal"]).max() > 0.01


def test_mirror_averages_over_each_picture_and_its_mirror_image(source, faces):
    import keras

    from fer_exp.evaluation.predictions import predict
    from fer_exp.inputs.batches import batches
    from fer_exp.inputs.variants import build_samples

    keras.utils.set_random_seed(1)
    layers = [keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential(layers)
    rows = faces.rows("test")
    found = predict({1: model}, source._replace(mirror=True), rows, 8)[1]
    for form in ("normal", "occluded"):
        samples = build_samples(form, rows, faces.labels[rows])
        pictures = np.concatenate([images for images, _ in batches(source, samples, 64)])
        straight, mirrored = model.predict(pictures, verbose=0), model.predict(pictures[:, :, ::-1], verbose=0)
        assert np.abs(straight - mirrored).max() > 0.01
        assert found.probabilities[form] == pytest.approx((straight + mirrored) / 2, abs=1e-5)


def test_predictions_survive_the_parquet_file():
    found = predictions(0.9, 0.3, 1)
    again = Predictions.from_table(found.to_table())
    assert again.classes == found.classes
    assert (again.ids == found.ids).all()
    assert (again.labels == found.labels).all()
    assert all((again.probabilities[form] == p).all() for form, p in found.probabilities.items())
