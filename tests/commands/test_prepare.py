import pytest
from configs import composed, configured

from fer_exp.commands import run
from fer_exp.commands.prepare import prepare
from fer_exp.errors import DataError, UserError
from fer_exp.landmarks import detect
from fer_exp.models import keras_vggface


def test_without_landmarks_other_variants_stop_and_name_the_two_ways_out(train):
    with pytest.raises(DataError, match=r"dataset\.landmarks=FILE\.npz.*occlusion\.missing=frame"):
        train("dataset.landmarks=null", "data=mixed")


def test_missing_weights_end_the_run_before_any_data_is_read(words, monkeypatch):
    address = "http://127.0.0.1:9/notop_vgg16.h5"
    monkeypatch.setattr(
        keras_vggface, "weights_address", lambda backbone: ("notop_vgg16.h5", address, "models/vggface")
    )
    monkeypatch.setattr(detect, "load", lambda *args, **options: pytest.fail("data was read"))
    vgg16 = composed([*[w for w in words if not w.startswith("model.")], "model=vgg16"])
    with pytest.raises(
        UserError, match=r"cannot fetch http://127\.0\.0\.1:9.*model\.weights=FILE.*model\.weights=null"
    ):
        run.train(*vgg16, [])


def test_a_class_with_few_validation_faces_brings_a_warning_where_it_counts_for_a_whole_share(words, caplog):
    prepare(configured(*words))
    assert "rests in equal parts on classes with few validation faces (angry 3, happy 3, sad 3)" in caplog.text
    assert "monitor=val_accuracy is steadier, and so is the last epoch" in caplog.text
    caplog.clear()
    prepare(configured(*words, "monitor=val_accuracy"))
    assert "few validation faces" not in caplog.text
