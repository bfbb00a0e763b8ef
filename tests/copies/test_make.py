"""What lies in a copy, what is read back, what is refused."""

import os

import cv2
import numpy as np
import pytest
from copied import QUEST2, content, of_folder, pictures
from trees import EXPRESSIONS, affectnet_tree, fer_csv, jpeg, put

from fer_exp.config.dataset import AffectNetConfig, Fer2013Config, FolderConfig, SyntheticConfig
from fer_exp.config.occlusion import HeadsetConfig, Missing
from fer_exp.copies import make, manifest
from fer_exp.datasets import load
from fer_exp.errors import DataError
from fer_exp.landmarks import detect
from fer_exp.occlusion.placement import place_occluder


def test_a_copy_has_the_same_layout_and_every_face_covered(asked, folder, tmp_path):
    make.make(asked(of_folder(folder)))
    assert list(pictures(tmp_path / "copy")) == list(pictures(folder[0]))
    there = load(of_folder(folder), size=16, workers=1)
    placed = place_occluder(there.landmarks, there.sizes, QUEST2, there.ids)
    for row in (0, 50):
        picture = cv2.imread(there.path(row))[..., ::-1]
        expected = placed.paint(picture[None], [row], np.array([True]))[0]
        got = cv2.imread(str(tmp_path / "copy" / there.ids[row]))[..., ::-1]
        np.testing.assert_array_equal(got, expected)


def test_a_copy_is_read_back_and_brings_its_landmarks(asked, folder, tmp_path):
    make.make(asked(of_folder(folder)))
    copy = tmp_path / "copy"
    back = load(FolderConfig("image_folder", str(copy), str(copy / make.LANDMARKS)), size=16, workers=1)
    there = load(of_folder(folder), size=16, workers=1)
    for column in ("ids", "labels", "parts", "landmarks"):
        np.testing.assert_array_equal(getattr(back, column), getattr(there, column))


@pytest.mark.parametrize(
    ("variant", "n", "covered"), [("normal", 66, 0), ("mixed", 132, 66), ("mixed_unique", 66, 33), ("occluded", 66, 66)]
)
def test_each_variant_covers_its_share(asked, folder, tmp_path, variant, n, covered):
    make.make(asked(of_folder(folder), variant=variant))
    table = manifest.read(tmp_path / "copy")
    assert (len(pictures(tmp_path / "copy")), len(table), (table["covered"] == "yes").sum()) == (n, n, covered)
    assert (table["outcome"] == "written").all()
    if variant == "mixed":
        assert table[table["path"].str.contains("_occ")]["covered"].eq("yes").all()


def test_affectnets_annotations_come_along_and_a_mixed_copy_is_read_back_as_pairs(asked, tmp_path):
    root = affectnet_tree(tmp_path / "faces")
    before = content(root)
    cfg = AffectNetConfig("affectnet", str(root), classes=EXPRESSIONS)
    make.make(asked(cfg, variant="mixed", occlusion=HeadsetConfig("quest2", "headset", Missing.frame)))
    copy = tmp_path / "copy"
    names = {"0", "0_occ"}
    assert {p.stem for p in (copy / "val_set/images").iterdir()} >= names
    assert {p.name for p in (copy / "val_set/annotations").iterdir()} >= {
        f"{n}_{k}.npy" for n in names for k in ("exp", "lnd")
    }
    back = load(AffectNetConfig("affectnet", str(copy), classes=EXPRESSIONS), size=8, workers=1)
    there = load(cfg, size=8, workers=1)
    assert len(back) == 2 * len(there)
    np.testing.assert_array_equal(back.counts(back.rows("test")), 2 * there.counts(there.rows("test")))
    assert set(back.identities(np.arange(len(back)))) == set(there.ids)
    assert content(root) == before  # the source is as it was


def test_drawn_faces_and_csv_rows_become_folders_of_png_files(asked, tmp_path):
    pixels = " ".join(map(str, np.arange(48 * 48) % 250))
    rows = [(code, pixels, usage) for usage in ("Training", "PrivateTest") for code in range(7) for _ in range(2)]
    fer_csv(tmp_path / "fer2013.csv", rows)
    frame = HeadsetConfig("quest2", "headset", Missing.frame)
    make.make(asked(Fer2013Config("fer2013", str(tmp_path / "fer2013.csv")), occlusion=frame))
    back = load(FolderConfig("image_folder", str(tmp_path / "copy")), size=48, workers=1)
    assert (len(back), back.classes[0], back.sizes[0].tolist()) == (28, "angry", [48, 48])
    drawn = SyntheticConfig("synthetic", n_train=80, n_test=16, size=24)
    make.make(asked(drawn, variant="normal", output=str(tmp_path / "drawn")))
    back = load(FolderConfig("image_folder", str(tmp_path / "drawn")), size=24, workers=1)
    there = load(drawn, size=24, workers=1)
    assert sorted(back.digests) != [] and len(back) == 96
    first = cv2.imread(back.path(0))[..., ::-1]
    assert any((first == image).all() for image in there.pixels)


def test_a_second_run_writes_nothing_and_logs_nothing(asked, folder, tmp_path, monkeypatch, capsys):
    make.make(asked(of_folder(folder)))
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "copy").rglob("*.png")}
    monkeypatch.setattr("fer_exp.copies.summary.summarise", lambda *args: pytest.fail("logged again"))
    capsys.readouterr()
    make.make(asked(of_folder(folder)))
    assert "complete: 66 pictures" in capsys.readouterr().out
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "copy").rglob("*.png")} == stamps


def test_what_was_lost_is_written_again(asked, folder, tmp_path):
    make.make(asked(of_folder(folder)))
    whole = content(tmp_path / "copy")
    (tmp_path / "copy" / next(iter(pictures(tmp_path / "copy")))).unlink()
    make.make(asked(of_folder(folder)))
    assert content(tmp_path / "copy") == whole


def test_names_with_blanks_and_letters_of_all_kinds_stay(asked, folder, tmp_path):
    root, file = folder
    first = sorted((root / "train/angry").iterdir())[0]
    new = first.rename(first.with_name("ein Gesicht, süß (1) 顔.png"))
    with np.load(file) as stored:
        arrays = dict(stored)
    paths = arrays["path"].astype(object)
    paths[paths == first.relative_to(root).as_posix()] = new.relative_to(root).as_posix()
    np.savez(file, **arrays | {"path": paths.astype(str)})
    make.make(asked(of_folder(folder)))
    assert (tmp_path / "copy/train/angry" / new.name).is_file()


def test_exif_and_suffixes_of_jpegs_stay(asked, folder, tmp_path):
    from PIL import Image

    root, _ = folder
    exif = Image.Exif()
    exif[0x0112] = 6
    for label in ("angry", "happy", "sad"):
        image = Image.fromarray(np.full((16, 16, 3), 99, np.uint8))
        image.save(root / f"train/{label}/turned.JPEG", exif=exif, quality=90)
    make.make(asked(of_folder(folder), quality="lossless"))
    with Image.open(tmp_path / "copy/train/sad/turned.JPEG") as image:
        assert image.getexif()[0x0112] == 6 and image.size == (16, 16)


def test_a_dataset_of_pairs_is_not_doubled_again(asked, folder):
    first = next((folder[0] / "train/angry").iterdir())
    first.with_name(f"{first.stem}_occ.png").write_bytes(first.read_bytes())
    with pytest.raises(DataError, match=r"_occ\.png would be written twice"):
        make.make(asked(of_folder(folder), variant="mixed"))


def test_what_failed_once_is_not_reported_for_ever(asked, folder, tmp_path, monkeypatch):
    real, broken = make.writer.encode.cover, []

    def covered(data, paint, quality):
        if not broken:
            broken.append(1)
            raise DataError("not today")
        return real(data, paint, quality)

    monkeypatch.setattr(make.writer, "_require_space", lambda *args: None)
    monkeypatch.setattr(make.writer.encode, "cover", covered)
    with pytest.raises(DataError, match="not today"):
        make.make(asked(of_folder(folder)))
    with monkeypatch.context() as patch:
        patch.setattr(manifest, "write", lambda *args: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(DataError, match="No space left"):  # killed, or no room, before it was written down
            make.make(asked(of_folder(folder)))
    make.make(asked(of_folder(folder)))
    assert (manifest.read(tmp_path / "copy")["outcome"] == "written").all()


@pytest.mark.parametrize("name", [manifest.FILE, make.LANDMARKS])
def test_a_list_that_was_lost_is_written_again(asked, folder, tmp_path, name):
    make.make(asked(of_folder(folder)))
    before = (tmp_path / "copy" / name).read_bytes()
    (tmp_path / "copy" / name).unlink()
    make.make(asked(of_folder(folder)))
    assert (tmp_path / "copy" / name).read_bytes() == before


@pytest.mark.parametrize("name", [b"k\xe4se.png", b"a\rb.png", b"{}.png"])
def test_names_that_are_no_text_are_names_all_the_same(asked, folder, tmp_path, name):
    root, _ = folder
    first = next((root / "train/angry").iterdir())
    target = os.path.join(os.fsencode(root / "train/angry"), name)
    os.rename(first, target)
    frame = HeadsetConfig("quest2", "headset", Missing.frame)
    config = asked(FolderConfig("image_folder", str(root)), occlusion=frame)
    make.make(config)
    assert os.path.isfile(os.path.join(os.fsencode(tmp_path / "copy/train/angry"), name))
    make.make(config)  # and read back from the manifest
    assert len(manifest.read(tmp_path / "copy")) == 66


def test_no_face_in_any_picture_is_said(asked, tmp_path, monkeypatch):
    put(tmp_path / "pictures/a.jpg", jpeg(1))
    monkeypatch.setattr(detect, "complete", lambda faces, workers: faces)
    with pytest.raises(DataError, match="no face was found in 1 picture;"):
        make.make(asked(images=str(tmp_path / "pictures")))
