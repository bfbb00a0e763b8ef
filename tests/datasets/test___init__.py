import subprocess
import sys

import pytest
from trees import class_tree, read_folder

import fer_exp.datasets
from fer_exp.config.dataset import DatasetConfig, FolderConfig
from fer_exp.datasets import load
from fer_exp.errors import ConfigError


@pytest.fixture
def root(tmp_path):
    return class_tree(tmp_path / "faces", {"train/b": 3, "train/a": 12, "test/b": 2, "test/a": 2})


def test_an_unknown_reader_is_a_config_error():
    with pytest.raises(ConfigError, match=r"dataset\.name=nothing"):
        load(DatasetConfig(name="nothing"), size=8, workers=1)


def test_limit_cuts_each_part_down(root):
    faces = read_folder(root, limit=3)
    assert [len(faces.rows(part)) for part in ("train", "test")] == [3, 3]
    assert (faces.counts(faces.rows("train")) >= 1).all()


def test_readers_import_nothing_heavy():
    names = ", ".join(f"fer_exp.datasets.{name}" for name in ("affectnet", "fer2013", "image_folder", "duplicates"))
    heavy = "{'tensorflow', 'keras', 'mlflow', 'hydra', 'matplotlib', 'pandas'}"
    code = f"import sys, {names}; sys.exit(str({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_load_hands_size_and_workers_to_the_reader(monkeypatch, root):
    seen = {}

    def reader(cfg, *, size, workers):
        seen.update(size=size, workers=workers)

    monkeypatch.setattr("fer_exp.datasets.image_folder.load", reader)
    fer_exp.datasets.load(FolderConfig(name="image_folder"), size=5, workers=3)
    assert seen == {"size": 5, "workers": 3}
