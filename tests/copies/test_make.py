"""python occlude.py, as its user runs it: what lies in the copy, what is read back, what is refused."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from trees import EXPRESSIONS, affectnet_tree, fer_csv, jpeg, put

from fer_exp.config.commands import OccludeConfig
from fer_exp.config.dataset import AffectNetConfig, Fer2013Config, FolderConfig, OnBad, SyntheticConfig
from fer_exp.config.occlusion import HeadsetConfig, Missing
from fer_exp.config.test_sets import further_test_sets
from fer_exp.config.tracking import TrackingConfig
from fer_exp.copies import folder, make, manifest
from fer_exp.datasets import load
from fer_exp.datasets import unlabelled as plain
from fer_exp.errors import ConfigError, DataError
from fer_exp.landmarks import detect as landmarks
from fer_exp.occlusion import placement as cover
from fer_exp.system.paths import ROOT

QUEST2 = HeadsetConfig(name="quest2", kind="headset")


@pytest.fixture
def asked(tmp_path):
    """A configuration with everything but what a test is about."""

    def config(dataset=None, occlusion=QUEST2, **keys):
        keys = {"output": str(tmp_path / "copy"), "workers": 1} | keys
        uri = f"sqlite:///{tmp_path}/mlflow.db"
        return OccludeConfig(dataset=dataset, occlusion=occlusion, tracking=TrackingConfig(uri=uri), **keys)

    return config


def of_folder(folder, **keys):
    root, file = folder
    return FolderConfig(name="image_folder", root=str(root), landmarks=str(file), **keys)


def content(path):
    """Every file but what tells of the run, path -> bytes."""
    return {
        p.relative_to(path).as_posix(): p.read_bytes()
        for p in sorted(path.rglob("*"))
        if p.is_file() and not p.name.startswith(".fer-exp-copy")
    }


def pictures(path):
    return {name: data for name, data in content(path).items() if name.endswith((".png", ".jpg"))}


def test_a_copy_has_the_same_layout_and_every_face_covered(asked, folder, tmp_path):
    make.make(asked(of_folder(folder)))
    assert list(pictures(tmp_path / "copy")) == list(pictures(folder[0]))
    there = load(of_folder(folder), size=16, workers=1)
    placed = cover.place(there.landmarks, there.sizes, QUEST2, there.ids)
    for row in (0, 50):
        picture = cv2.imread(str(there.path(row)))[..., ::-1]
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
    first = cv2.imread(str(back.path(0)))[..., ::-1]
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


def test_the_summary_run_has_counts_manifest_and_contact_sheet(asked, folder, tmp_path):
    from mlflow import MlflowClient

    make.make(asked(of_folder(folder), occlusion=further_test_sets(["sunglasses"], QUEST2)["sunglasses"].occlusion))
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("fer-exp").experiment_id])
    assert run.info.run_name == "occlude-image_folder-occluded" and run.data.tags["kind"] == "copy"
    assert (run.data.metrics["pictures"], run.data.metrics["covered"], run.data.metrics["left_out"]) == (66, 66, 0)
    assert run.data.params["occlusion"] == "sunglasses"
    assert {a.path for a in client.list_artifacts(run.info.run_id)} == {manifest.FILE, "contact_sheet.png"}
    assert folder_run(tmp_path / "copy") == run.info.run_id


def folder_run(path):
    return folder.finished_by(path)


def test_faces_without_landmarks_are_told_apart_in_the_manifest(asked, folder, tmp_path):
    _, file = folder
    with np.load(file) as stored:
        arrays = dict(stored)
    arrays["valid"][[3, 60]] = False
    np.savez(file, **arrays)
    make.make(asked(of_folder(folder)))
    table = manifest.read(tmp_path / "copy").set_index("source")
    assert table["landmarks"].value_counts().to_dict() == {"own": 64, "typical": 2}
    lost = arrays["path"][3]
    assert table.loc[lost, "landmarks"] == "typical" and table.loc[lost, "covered_share"] == ""
    bar = np.array(json.loads(table.loc[arrays["path"][0], "bar"]))
    assert bar.shape == (1, 4, 2)
    skip = HeadsetConfig("quest2", "headset", Missing.skip)
    with pytest.raises(DataError, match=r"2 pictures are not in.*no usable landmarks"):
        make.make(asked(of_folder(folder), occlusion=skip, output=str(tmp_path / "skipped")))
    assert len(pictures(tmp_path / "skipped")) == 64


def test_damaged_pictures_are_counted_listed_and_everything_else_is_done(asked, folder, tmp_path):
    root, _ = folder
    put(root / "train/angry/broken ü.jpg", jpeg(1)[:-200])
    put(root / "train/angry/text.png", b"no picture")
    with pytest.raises(DataError, match=r"2 pictures are not in .*broken ü\.jpg.*All others are"):
        make.make(asked(of_folder(folder)))
    assert len(pictures(tmp_path / "copy")) == 66
    table = manifest.read(tmp_path / "copy")
    assert table["outcome"].str.startswith("left out").sum() == 2
    with pytest.raises(DataError, match="2 pictures are not in"):  # a finished copy says so again
        make.make(asked(of_folder(folder)))


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


@pytest.mark.parametrize("where", [".", "inside", ".."])
def test_a_copy_never_lies_in_its_source_or_around_it(asked, folder, where):
    before = content(folder[0])
    with pytest.raises(ConfigError, match="within each other"):
        make.make(asked(of_folder(folder), output=str(folder[0] / where)))
    assert content(folder[0]) == before


def test_a_link_into_the_source_is_seen_through(asked, folder, tmp_path):
    (tmp_path / "link").symlink_to(folder[0])
    with pytest.raises(ConfigError, match="within each other"):
        make.make(asked(of_folder(folder), output=str(tmp_path / "link")))


def test_a_folder_that_holds_something_else_is_left_alone(asked, folder, tmp_path):
    put(tmp_path / "copy/thesis.txt", b"years of work")
    with pytest.raises(ConfigError, match=r"holds thesis\.txt"):
        make.make(asked(of_folder(folder)))
    assert list(content(tmp_path / "copy")) == ["thesis.txt"]


def test_a_copy_made_otherwise_is_not_mixed_with_another(asked, folder):
    make.make(asked(of_folder(folder)))
    with pytest.raises(ConfigError, match=r"made otherwise \(occlusion\.scale 1\.0, now 1\.5\)"):
        make.make(asked(of_folder(folder), occlusion=HeadsetConfig("quest2", "headset", scale=1.5)))


def test_two_processes_do_not_write_into_one_output(asked, folder, tmp_path):
    there = landmarks.load(of_folder(folder, on_bad=OnBad.skip), size=224, workers=1)
    with (
        folder_of(asked, folder, there, tmp_path),
        pytest.raises(DataError, match="another process is writing there"),
    ):
        make.make(asked(of_folder(folder)))
    make.make(asked(of_folder(folder)))


def folder_of(asked, folder_, there, tmp_path):
    return folder.claimed(tmp_path / "copy", folder.settings(asked(of_folder(folder_)), there))


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


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["output=x"], "say what to copy"),
        (["images=a", "dataset=fer2013", "output=x"], "say what to copy"),
        (["images=a", "output=x", "quality=0"], "1 to 100, or lossless"),
        (["images=a", "output=x", "variant=covered"], "variant=covered"),
        (["images=a", "output=x", "occlusion=helmet"], "occlusion=helmet: one of"),
        (["images=a", "output=x", "qualty=3"], "did you mean quality"),
        (["images=/nowhere", "output=x"], "no such folder"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_line(words, says, tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "occlude.py"), *words, f"hydra.run.dir={tmp_path}/h"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode in (1, 2) and says in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_a_copy_that_is_killed_is_finished_by_the_same_command(folder, tmp_path):
    words = [
        f"dataset.root={folder[0]}",
        f"dataset.landmarks={folder[1]}",
        f"tracking.uri=sqlite:///{tmp_path}/mlflow.db",
    ]
    command = [sys.executable, str(ROOT / "occlude.py"), "dataset=image_folder", *words, "workers=1"]

    def run(output, **keys):
        return subprocess.Popen([*command, f"output={tmp_path / output}", f"hydra.run.dir={tmp_path}/h"], **keys)

    assert run("whole").wait() == 0
    job = run("killed", stderr=subprocess.DEVNULL)
    started = time.monotonic()
    while not list((tmp_path / "killed").rglob("*.png")) and time.monotonic() - started < 60:
        time.sleep(0.001)
    job.send_signal(signal.SIGKILL)
    job.wait()
    assert run("killed").wait() == 0
    assert content(tmp_path / "killed") == content(tmp_path / "whole")


def test_the_manifest_is_a_plain_csv(asked, folder, tmp_path):
    make.make(asked(of_folder(folder)))
    table = pd.read_csv(tmp_path / "copy" / manifest.FILE)
    columns = ["path", "source", "class", "part", "covered", "landmarks", "covered_share", "bar", "outcome"]
    assert list(table.columns) == columns
    assert table["covered_share"].between(0.05, 1).all()
    assert Path(tmp_path / "copy" / table["path"][0]).is_file() and os.path.exists(folder[0] / table["source"][0])


def test_other_rows_are_another_copy(asked, folder):
    make.make(asked(of_folder(folder, limit=6), variant="mixed_unique"))
    with pytest.raises(ConfigError, match=r"made otherwise \(rows"):
        make.make(asked(of_folder(folder), variant="mixed_unique"))


def test_a_dataset_of_pairs_is_not_doubled_again(asked, folder):
    first = next((folder[0] / "train/angry").iterdir())
    first.with_name(f"{first.stem}_occ.png").write_bytes(first.read_bytes())
    with pytest.raises(DataError, match=r"_occ\.png would be written twice"):
        make.make(asked(of_folder(folder), variant="mixed"))


def test_what_failed_once_is_not_reported_for_ever(asked, folder, tmp_path, monkeypatch):
    real, broken = make.files.encode.covered, []

    def covered(data, paint, quality):
        if not broken:
            broken.append(1)
            raise DataError("not today")
        return real(data, paint, quality)

    monkeypatch.setattr(make.files, "_need_space", lambda *args: None)
    monkeypatch.setattr(make.files.encode, "covered", covered)
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


def test_a_plain_folder_leaves_nothing_out_without_a_word(tmp_path, monkeypatch):
    root = tmp_path / "pictures"
    put(root / "a.jpg", jpeg(1))
    put(root / "b.tif", b"x")
    put(tmp_path / "elsewhere/c.jpg", jpeg(2))
    (root / "link").symlink_to(tmp_path / "elsewhere")
    faces = plain.load(root, 1)
    assert faces.ids.tolist() == ["a.jpg"]
    assert [(e.id, e.reason) for e in faces.excluded] == [
        ("b.tif", "no .jpg, .jpeg or .png file"),
        ("link", "a link to a folder"),
    ]
    real = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    (root / "closed").mkdir()
    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(DataError, match=r"cannot read the folder .*closed: Permission denied"):
        plain.load(root, 1)


def test_no_face_in_any_picture_is_said(asked, tmp_path, monkeypatch):
    put(tmp_path / "pictures/a.jpg", jpeg(1))
    monkeypatch.setattr(landmarks, "complete", lambda faces, workers: faces)
    with pytest.raises(DataError, match="no face was found in 1 pictures"):
        make.make(asked(images=str(tmp_path / "pictures")))


def test_a_copy_does_not_lie_where_a_link_of_the_source_leads(asked, folder, tmp_path):
    root, _ = folder
    (root / "train").rename(tmp_path / "real")
    (root / "train").symlink_to(tmp_path / "real")
    with pytest.raises(ConfigError, match="within each other"):
        make.make(asked(of_folder(folder), output=str(tmp_path / "real/angry/copy")))
