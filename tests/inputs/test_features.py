"""A frozen base is asked once per face and form; the head then learns the same as through the whole network."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from fer_exp.config.model import Finetune, MiniXceptionConfig
from fer_exp.config.occlusion import Fill
from fer_exp.inputs import features
from fer_exp.inputs.batches import EpochSampler, batches
from fer_exp.inputs.source import ExtraTestSet
from fer_exp.inputs.variants import build_samples

FROZEN = MiniXceptionConfig(name="mini", kind="mini_xception", size=64, channels=1, finetune=Finetune.none)


@pytest.fixture
def base():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(6, 5, strides=4, activation="relu"), keras.layers.GlobalAveragePooling2D()]
    return keras.Sequential([keras.Input((64, 64, 1)), keras.layers.Rescaling(1 / 255), *layers])


@pytest.fixture
def pictures(source):
    return source._replace(size=64, channels=1)


@pytest.fixture
def parts(faces):
    return [faces.rows("train"), faces.rows("test")]


def extract(base, pictures, parts, variant):
    """The features of a training part in a variant, and of a test part in every form."""
    train, test = parts
    forms = features.needed_for_training(pictures, variant)
    needed = [features.Needed(train, form) for _, form, _ in forms]
    needed += [features.Needed(test, form) for _, form, _ in features.needed_for_tests(pictures)]
    return features.extract(base, FROZEN, pictures, needed)


@pytest.mark.parametrize("variant", ["normal", "occluded", "mixed", "mixed_unique"])
def test_features_are_what_the_base_makes_of_each_picture_in_the_same_order(base, pictures, parts, faces, variant):
    found = extract(base, pictures, parts, variant)
    train = build_samples(variant, parts[0], faces.labels[parts[0]])
    for rows, order in (
        (train, EpochSampler(faces.labels[train.rows], 3)),
        (build_samples("occluded", parts[1], None), None),
    ):
        expected = [(base.predict_on_batch(x), y) for x, y in batches(pictures, rows, 32, order).as_numpy_iterator()]
        given = list(batches(found, rows, 32, order).as_numpy_iterator())
        for (x, y), (x_given, y_given) in zip(expected, given, strict=True):
            assert y.tolist() == y_given.tolist()
            assert x_given == pytest.approx(x, abs=1e-4)


def test_only_the_forms_that_a_variant_needs_are_computed(base, pictures, parts):
    found = extract(base, pictures, parts, "normal")
    assert [len(rows) for rows, _ in found.forms["normal"]] == [60, 30]
    assert [len(rows) for rows, _ in found.forms["occluded"]] == [30]
    with pytest.raises(ValueError, match="not computed"):
        batches(found, build_samples("occluded", parts[0], None), 8)


def test_they_are_computed_once(base, pictures, parts, monkeypatch):
    first = extract(base, pictures, parts, "mixed")
    monkeypatch.setattr(features, "batches", lambda *args: pytest.fail("computed again"))
    again = extract(base, pictures, parts, "mixed")
    for form in ("normal", "occluded"):
        for (_, a), (_, b) in zip(first.forms[form], again.forms[form], strict=True):
            assert (a == b).all()
    # another variant finds its part
    extract(base, pictures, parts, "occluded")


@pytest.mark.parametrize("change", ["weights", "bar", "colour", "noise", "fill", "resolution", "faces"])
def test_what_they_depend_on_makes_them_anew(base, pictures, parts, faces, quest2, monkeypatch, change):
    extract(base, pictures, parts, "occluded")
    computed = []
    monkeypatch.setattr(features, "batches", lambda *args: computed.append(1) or batches(*args))
    if change == "weights":
        base.set_weights([w + 0.01 for w in base.get_weights()])
    elif change == "bar":
        pictures = pictures._replace(placement=replace(pictures.placement, polygons=pictures.placement.polygons + 1))
    elif change == "colour":
        pictures = pictures._replace(placement=replace(pictures.placement, color=(255, 0, 0)))
    elif change == "fill":
        pictures = pictures._replace(placement=replace(pictures.placement, fill=Fill.mean))
    elif change == "noise":
        pictures = pictures._replace(placement=replace(pictures.placement, noise=9, phase=np.zeros(len(faces), int)))
    elif change == "resolution":
        pictures = pictures._replace(degrade=8)
    else:
        parts[0] = parts[0][:-1]
    extract(base, pictures, parts, "occluded")
    assert (
        len(computed)
        == {"weights": 3, "bar": 2, "colour": 2, "noise": 2, "fill": 2, "resolution": 3, "faces": 1}[change]
    )


def test_a_damaged_entry_is_computed_again(base, pictures, parts, tmp_path):
    first = np.array(extract(base, pictures, parts, "normal").forms["normal"][0][1])
    for file in (tmp_path / "cache").rglob("features.npy"):
        file.write_bytes(file.read_bytes()[:200])
    again = extract(base, pictures, parts, "normal").forms["normal"][0][1]
    assert (first == again).all()


def test_a_disk_without_room_is_named_before_anything_is_computed(base, pictures, parts, monkeypatch):
    from fer_exp.errors import DataError

    monkeypatch.setattr(features.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 2**20}))
    with pytest.raises(DataError, match=r"60 faces take .* GiB.*FER_EXP_CACHE.*augmentation=light"):
        extract(base, pictures, parts, "normal")


def test_each_test_set_has_the_features_of_its_own_pictures(base, pictures, parts, faces, quest2):
    from fer_exp.occlusion.placement import place_occluder

    large = place_occluder(faces.landmarks, faces.sizes, replace(quest2, scale=1.5, color=[200, 200, 200]))
    pictures = pictures._replace(
        extra_test_sets={"quest2-1.5": ExtraTestSet(large, None), "8px": ExtraTestSet(None, 8)}
    )
    found = extract(base, pictures, parts, "normal")
    for form in ("normal", "occluded", "quest2-1.5", "8px"):
        rows = parts[1][:8]
        (seen, variant), (given, its) = pictures.for_test_set(form), found.for_test_set(form)
        ((picture, _),) = batches(seen, build_samples(variant, rows, None), 8).as_numpy_iterator()
        ((x, _),) = batches(given, build_samples(its, rows, None), 8).as_numpy_iterator()
        assert x == pytest.approx(base.predict_on_batch(picture), abs=1e-4), form


def test_features_stay_on_the_disk(source, faces):
    import keras

    from fer_exp.config.model import MiniXceptionConfig
    from fer_exp.inputs import features

    base = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten()])
    cfg = MiniXceptionConfig(name="mini", kind="mini_xception", size=64, channels=1)
    found = features.extract(
        base, cfg, source, [*features.needed_for_training(source, "mixed"), *features.needed_for_tests(source)]
    )
    tables = [table for pairs in found.forms.values() for _, table in pairs]
    assert len(tables) == 4
    assert all(isinstance(table, np.memmap) for table in tables)


def test_mirror_images_have_features_of_their_own_in_every_form(base, pictures, parts):
    pictures = pictures._replace(mirror=True, extra_test_sets={"8px": ExtraTestSet(None, 8)})
    tests = features.needed_for_tests(pictures)
    found = features.extract(base, FROZEN, pictures, [*tests, *features.mirror_images(pictures, tests)])
    for form in ("normal", "occluded", "8px"):
        (seen, variant), (given, its) = pictures.for_test_set(form), found.for_test_set(form)
        for of_pictures, of_features in zip(seen.views, given.views, strict=True):
            ((picture, _),) = batches(of_pictures, build_samples(variant, parts[1][:8], None), 8).as_numpy_iterator()
            ((x, _),) = batches(of_features, build_samples(its, parts[1][:8], None), 8).as_numpy_iterator()
            assert x == pytest.approx(base.predict_on_batch(picture), abs=1e-4), form
    plain = pictures._replace(mirror=False)
    assert features.mirror_images(plain, tests) == []
    assert len(features.extract(base, FROZEN, plain, tests).views) == 1
