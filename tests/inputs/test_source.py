from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fer_exp.config.occlusion import Missing
from fer_exp.errors import UserError
from fer_exp.inputs.batches import batches
from fer_exp.inputs.pictures import degraded
from fer_exp.inputs.source import ExtraTestSet, Source, covered_shares
from fer_exp.inputs.variants import build_samples
from fer_exp.occlusion.placement import place_occluder


def test_a_further_test_set_has_its_own_occluder_and_resolution(source, quest2):
    faces = source.faces
    large = place_occluder(faces.landmarks, faces.sizes, replace(quest2, scale=1.5, color=[9, 9, 9]))
    source = source._replace(extra_test_sets={"quest2-1.5": ExtraTestSet(large, None), "8px": ExtraTestSet(None, 8)})
    for name, expected in (
        ("quest2-1.5", large.paint(faces.pixels[:4], np.arange(4), np.ones(4, bool))),
        ("8px", degraded(faces.pixels[:4], 8)),
    ):
        seen, variant = source.for_test_set(name)
        got, _ = next(batches(seen, build_samples(variant, np.arange(4), faces.labels[:4]), 4).as_numpy_iterator())
        np.testing.assert_array_equal(got, expected)


def test_a_further_test_set_has_the_resolution_of_training_unless_it_names_one(faces, quest2):
    from fer_exp.config.test_sets import further_test_sets

    assert [t.degrade for t in further_test_sets(["sunglasses", "quest2-8px"], quest2).values()] == [None, 8]
    model, dataset = SimpleNamespace(size=16, channels=3), SimpleNamespace(degrade=12)
    data = SimpleNamespace(name="normal")
    cfg = SimpleNamespace(
        mirror=False,
        tests=["sunglasses", "quest2-8px"],
        occlusion=quest2,
        model=model,
        dataset=dataset,
        data=data,
        picture_cache=0,
    )
    found = Source.from_config(faces, cfg)
    assert {name: degrade for name, (_, degrade) in found.extra_test_sets.items()} == {
        "sunglasses": 12,
        "quest2-8px": 8,
    }


def test_shares_are_known_without_landmarks_where_the_frame_says_where_the_face_is(faces, quest2):
    faces = replace(faces, landmarks=None)
    quest2.missing = Missing.frame
    source = Source(faces, place_occluder(None, faces.sizes, quest2), 16, 3)
    assert 0.3 < covered_shares(source, np.arange(5))["occluded"] < 0.6


def test_covered_copies_are_not_covered_twice(train, folder):
    first = next((folder[0] / "train/angry").iterdir())
    first.with_name(f"{first.stem}_occ.png").write_bytes(first.read_bytes())
    with pytest.raises(UserError, match=r"1 pictures of .* are covered copies \(_occ\)"):
        train("data=occluded")
