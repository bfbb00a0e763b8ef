from dataclasses import replace

import numpy as np
import pytest
from conftest import make_faces

from fer_exp.config.training import SplitBy
from fer_exp.errors import DataError
from fer_exp.inputs import split

VARIANTS = ("normal", "occluded", "mixed", "mixed_unique")


def draw(faces, variant="normal", share=0.2, by=SplitBy.face, seed=0):
    return split.draw_split(faces, faces.rows("train"), variant, share, by, seed)


def test_by_face_no_face_is_on_both_sides_and_none_is_lost(faces):
    for variant in VARIANTS:
        found = draw(faces, variant)
        assert not set(found.train.rows) & set(found.validation.rows)
        assert set(found.train.rows) | set(found.validation.rows) == set(faces.rows("train"))


def test_all_variants_of_a_seed_have_the_same_split(faces):
    found = [draw(faces, variant) for variant in VARIANTS]
    assert len({f.hash for f in found}) == 1
    assert len({tuple(np.unique(f.validation.rows)) for f in found}) == 1


def test_another_seed_gives_another_split_and_hash(faces):
    assert draw(faces, seed=0).hash != draw(faces, seed=1).hash


def test_mixed_unique_covers_the_same_faces_whatever_the_seed(faces):
    def covered(seed):
        found = draw(faces, "mixed_unique", seed=seed)
        return {r for part in (found.train, found.validation) for r in part.rows[part.covered]}

    assert covered(0) == covered(1)


def test_by_image_a_doubled_face_can_stand_on_both_sides(faces):
    found = draw(faces, "mixed", by=SplitBy.image)
    assert len(found.train) + len(found.validation) == 2 * len(faces.rows("train"))
    assert set(found.train.rows) & set(found.validation.rows)


def test_validation_has_the_share_of_every_class(faces):
    assert faces.counts(draw(faces, share=0.25).validation.rows).tolist() == [5, 5, 5]


def test_a_class_of_one_face_is_trained_on_and_a_class_of_two_is_shared():
    drawn = split.draw_stratified(np.array([0, 1, 1, 2, 2, 2, 2]), 0.01, seed=3)
    assert not drawn[0]
    assert drawn[1:3].sum() == 1
    assert drawn[3:].sum() == 1


def test_too_few_faces_for_a_validation_part_is_an_error_that_names_the_keys(faces):
    rows = faces.rows("train")[:3]  # one of each class
    with pytest.raises(DataError, match=r"split.validation.*dataset.limit"):
        split.draw_split(faces, rows, "normal", 0.2, SplitBy.face, 0)


def test_a_covered_copy_is_on_the_side_of_its_face(faces):
    twice = faces.take(np.repeat(np.arange(len(faces)), 2))
    ids = np.array([f"{name}{'_occ' if i % 2 else ''}.jpg" for i, name in enumerate(twice.ids)])
    found = draw(replace(twice, ids=ids), share=0.3)
    sides = [set(twice.ids[part.rows]) for part in (found.train, found.validation)]
    assert not sides[0] & sides[1]
    assert len(found.validation) == pytest.approx(0.3 * len(twice.rows("train")), abs=2)


def with_people(faces, count):
    """People of different numbers of pictures, each with a favourite class."""
    rng = np.random.default_rng(0)
    who = rng.choice(count, len(faces), p=rng.dirichlet(np.full(count, 3.0)))
    return replace(faces, groups=np.array([f"S{person:03d}" for person in who]))


def by_people(seed=0, variant="normal", share=0.2, count=30, n_train=600):
    faces = with_people(make_faces(n_train=n_train, n_test=3, size=4, landmarks=False), count)
    return faces, draw(faces, variant, share, SplitBy.group, seed)


def test_by_group_no_person_is_on_both_sides_whatever_the_variant():
    for variant in VARIANTS:
        faces, found = by_people(variant=variant)
        train, validation = (set(faces.groups[part.rows]) for part in (found.train, found.validation))
        assert not train & validation
        assert set(found.train.rows) | set(found.validation.rows) == set(faces.rows("train"))


@pytest.mark.parametrize("share", [0.1, 0.2, 0.4])
def test_by_group_every_class_has_about_its_share(share):
    for seed in range(5):
        faces, found = by_people(seed, share=share)
        shares = faces.counts(found.validation.rows) / faces.counts(faces.rows("train"))
        np.testing.assert_allclose(shares, share, atol=0.05)


def test_by_group_the_seed_alone_decides_who_is_drawn():
    hashes = [by_people(seed)[1].hash for seed in (0, 0, 1)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_by_group_two_people_are_parted_and_one_is_an_error_that_says_so():
    faces, found = by_people(count=2)
    assert len(set(faces.groups[found.train.rows])) == len(set(faces.groups[found.validation.rows])) == 1
    with pytest.raises(DataError, match=r"change split\.validation \(they show 1 people\)"):
        by_people(count=1)
