import os

import pytest
from trees import jpeg, put

from fer_exp.datasets import unlabelled
from fer_exp.errors import DataError


def test_a_plain_folder_leaves_nothing_out_without_a_word(tmp_path, monkeypatch):
    root = tmp_path / "pictures"
    put(root / "a.jpg", jpeg(1))
    put(root / "b.tif", b"x")
    put(tmp_path / "elsewhere/c.jpg", jpeg(2))
    (root / "link").symlink_to(tmp_path / "elsewhere")
    faces = unlabelled.load(root, 1)
    assert faces.ids.tolist() == ["a.jpg"]
    assert [(e.id, e.reason) for e in faces.excluded] == [
        ("b.tif", "not a .jpg, .jpeg or .png file"),
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
        unlabelled.load(root, 1)
