import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from copied import of_folder, pictures
from trees import jpeg, put

from fer_exp.config.occlusion import HeadsetConfig, Missing
from fer_exp.copies import make, manifest
from fer_exp.errors import DataError


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


def test_the_manifest_is_a_plain_csv(asked, folder, tmp_path):
    make.make(asked(of_folder(folder)))
    table = pd.read_csv(tmp_path / "copy" / manifest.FILE)
    columns = ["path", "source", "class", "part", "covered", "landmarks", "covered_share", "bar", "outcome"]
    assert list(table.columns) == columns
    assert table["covered_share"].between(0.05, 1).all()
    assert Path(tmp_path / "copy" / table["path"][0]).is_file() and os.path.exists(folder[0] / table["source"][0])


def test_no_name_in_the_manifest_is_a_formula_and_each_path_is_still_one(tmp_path):
    values = {"path": "=1+1.png", "source": "@sum.png", "class": "-happy", "part": "train", "outcome": "written"}
    manifest.write(pd.DataFrame([dict.fromkeys(manifest.COLUMNS, "") | values]), tmp_path)
    (row,) = manifest.read(tmp_path).to_dict("records")
    assert (row["path"], row["source"], row["class"]) == ("./=1+1.png", "./@sum.png", "'-happy")
