import numpy as np
import pytest
from trees import EXPRESSIONS, affectnet_face, class_tree, jpeg, put, read_affectnet

from fer_exp.config.dataset import OnBad
from fer_exp.datasets import affectnet, images
from fer_exp.errors import ConfigError, DataError


def test_the_validation_part_is_the_test_part(root):
    faces = read_affectnet(root)
    assert faces.ids[faces.rows("test")].tolist() == [f"val_set/images/{i}.jpg" for i in range(3)]
    assert faces.labels[faces.rows("train")].tolist() == [0, 1, 2, 0, 1, 2]


def test_landmarks_stay_with_their_faces_where_others_are_left_out(root):
    for i in range(6):
        np.save(root / f"train_set/annotations/{i}_lnd.npy", np.full(136, i / 2))
    np.save(root / "train_set/annotations/2_exp.npy", np.array("8"))
    faces = read_affectnet(root, on_bad=OnBad.skip)
    assert faces.landmarks[:5, 0, 0].tolist() == [0, 0.5, 1.5, 2, 2.5]


def test_other_class_names_are_another_fingerprint(root):
    assert read_affectnet(root, classes=["a", "b", "c"]).fingerprint != read_affectnet(root).fingerprint


@pytest.mark.parametrize("lnd", [None, np.full(136, np.nan)], ids=["no file", "not finite"])
def test_a_face_without_usable_landmarks_stays_without(root, lnd):
    affectnet_face(root, "train_set", "9", np.array("0"), lnd, seed=9)
    faces = read_affectnet(root)
    assert np.isnan(faces.landmarks).all((1, 2)).tolist() == (faces.ids == "train_set/images/9.jpg").tolist()


def test_a_dataset_without_any_landmarks_has_none(root):
    for path in root.rglob("*_lnd.npy"):
        path.unlink()
    assert read_affectnet(root).landmarks is None


@pytest.mark.parametrize("code", ["3", "8", "9", "10", "-1"])
def test_codes_without_a_class_cannot_be_used(root, code):
    affectnet_face(root, "train_set", "9", np.array(code), seed=9)
    with pytest.raises(DataError, match=rf"images/9\.jpg: expression code {code} has no class"):
        read_affectnet(root)
    faces = read_affectnet(root, on_bad=OnBad.skip)
    assert [e.id for e in faces.excluded] == ["train_set/images/9.jpg"]
    assert len(faces) == 9
    assert len(faces.landmarks) == 9


def test_a_picture_without_annotations_is_an_exclusion_and_the_other_way_round(root):
    (root / "train_set/annotations/5_exp.npy").unlink()
    (root / "train_set/images/4.jpg").unlink()
    faces = read_affectnet(root, on_bad=OnBad.skip)
    assert [(e.id, e.reason) for e in faces.excluded] == [
        ("train_set/annotations/4_exp.npy", "no picture of that name"),
        ("train_set/images/5.jpg", "no annotations/5_exp.npy"),
    ]


def test_a_covered_copy_beside_its_face_has_its_annotations_and_is_the_same_face(root):
    put(root / "train_set/images/2_occ.jpg", jpeg(77))
    faces = read_affectnet(root)
    rows = [faces.ids.tolist().index(f"train_set/images/{name}.jpg") for name in ("2", "2_occ")]
    assert faces.labels[rows[0]] == faces.labels[rows[1]]
    np.testing.assert_array_equal(*faces.landmarks[rows])
    assert len(np.unique(faces.identities(np.arange(len(faces))))) == len(faces) - 1


def test_a_covered_copy_of_no_face_has_no_annotations(root):
    put(root / "train_set/images/77_occ.jpg", jpeg(77))
    with pytest.raises(DataError, match=r"77_occ\.jpg: no annotations/77_exp"):
        read_affectnet(root)


def test_a_class_in_the_middle_without_faces_names_what_can_be_done(root):
    with pytest.raises(DataError, match=r"no face of fear in the training part.*its last ones"):
        read_affectnet(root, classes=[*EXPRESSIONS, "fear"])


def test_an_empty_class_stops_before_any_picture_is_opened(root, monkeypatch):
    monkeypatch.setattr(images, "check", lambda *args: pytest.fail("pictures were opened"))
    with pytest.raises(DataError, match="no face of fear"):
        read_affectnet(root, classes=[*EXPRESSIONS, "fear"])


def test_added_annotations_are_seen(root):
    affectnet_face(root, "train_set", "9", np.array("0"), seed=9)
    (root / "train_set/annotations/9_exp.npy").rename(root / "held_back.npy")
    assert len(read_affectnet(root, on_bad=OnBad.skip)) == 9
    (root / "held_back.npy").rename(root / "train_set/annotations/9_exp.npy")
    assert len(read_affectnet(root)) == 10


@pytest.mark.parametrize(("train", "test"), [("train_set", "val_set"), ("train", "val"), ("train", "test")])
@pytest.mark.parametrize("folders", [("0", "1", "2"), EXPRESSIONS], ids=["codes", "names"])
def test_class_folders_are_read_by_code_or_name(tmp_path, train, test, folders):
    class_tree(tmp_path / "faces", {f"{part}/{folder}": 2 for part in (train, test) for folder in folders})
    faces = read_affectnet(tmp_path / "faces")
    assert faces.counts(faces.rows("train")).tolist() == faces.counts(faces.rows("test")).tolist() == [2, 2, 2]
    label = faces.labels[faces.ids == f"{train}/{folders[1]}/0.jpg"]
    assert label.tolist() == [1]
    assert faces.landmarks is None


def test_a_pictures_companions_are_the_annotations_of_its_part():
    kinds = ("exp", "lnd", "val", "aro")
    assert affectnet.companions("val_set/images") == tuple(f"val_set/annotations/{{}}_{kind}.npy" for kind in kinds)
    assert affectnet.companions("train/0") == affectnet.companions("") == ()


def test_sorted_faces_of_other_codes_cannot_be_used(tmp_path):
    class_tree(tmp_path / "faces", {f"{part}/{code}": 2 for part in ("train", "val") for code in "0128"})
    with pytest.raises(DataError, match="class folder '8'"):
        read_affectnet(tmp_path / "faces")
    assert len(read_affectnet(tmp_path / "faces", on_bad=OnBad.skip).excluded) == 4


def test_a_folder_that_is_no_affectnet_says_what_is_expected_and_what_is_there(tmp_path):
    (tmp_path / "faces/pictures").mkdir(parents=True)
    with pytest.raises(DataError, match=r"not AffectNet: expected train_set/images.*found pictures/"):
        read_affectnet(tmp_path / "faces")


def test_a_half_unpacked_affectnet_names_the_missing_folder(root):
    import shutil

    shutil.rmtree(root / "val_set/annotations")
    with pytest.raises(DataError, match="the folder val_set/annotations is not there"):
        read_affectnet(root)


def test_the_class_order_is_never_guessed(root):
    with pytest.raises(ConfigError, match=r"dataset\.classes"):
        read_affectnet(root, classes=None)


def test_files_among_the_pictures_that_are_none_are_passed_over(root, caplog):
    put(root / "train_set/images/notes.txt", b"x")
    faces = read_affectnet(root)
    assert len(faces) == 9 and not faces.excluded
    assert "files that are no pictures are passed over: 1, such as train_set/images/notes.txt" in caplog.text
