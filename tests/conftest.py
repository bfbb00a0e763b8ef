"""Tiny faces: blank pictures with a class colour, landmarks where a head of that size would have them."""

from __future__ import annotations

import logging
import os
import shutil

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import cv2
import numpy as np
import pytest

from fer_exp.datasets.faces import Faces

pytest.register_assert_rewrite("inked", "runs")  # it asserts for tests of several files
pytest_plugins = ["predicted"]  # fixtures for tests of several rooms

CLASSES = ("angry", "happy", "sad")
left_out = pytest.StashKey[int]()  # how many tests the command line leaves out


def pytest_collection_modifyitems(items):
    """The long ones first, so that no process is left with one when the others are done."""
    items.sort(key=lambda item: ("slow" not in item.keywords, "end_to_end" not in item.path.parts))


def pytest_configure(config):
    config.stash[left_out] = 0
    if config.pluginmanager.has_plugin("xdist"):
        config.pluginmanager.register(Counted())


class Counted:
    """Of tests in several processes pytest does not say by itself how many were left out."""

    def pytest_testnodedown(self, node, error):
        node.config.stash[left_out] = getattr(node, "workeroutput", {}).get("left_out", 0)


def pytest_deselected(items):
    config = items[0].config
    config.stash[left_out] += len(items)
    if hasattr(config, "workeroutput"):
        config.workeroutput["left_out"] = config.stash[left_out]


def pytest_terminal_summary(terminalreporter, config):
    if count := config.stash[left_out]:
        terminalreporter.write_line(f"{count} tests were left out: make test-all runs the long ones too")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """An empty tracking database: making one takes a second, copying it nothing."""
    from mlflow import MlflowClient

    file = tmp_path_factory.mktemp("migrated") / "mlflow.db"
    MlflowClient(f"sqlite:///{file}").search_experiments()
    return file


@pytest.fixture(autouse=True)
def own_folders(tmp_path, migrated, monkeypatch):
    """No test writes into the user's cache, database or outputs."""
    monkeypatch.setenv("FER_EXP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("FER_EXP_SWEEP_ID", raising=False)
    monkeypatch.setattr("fer_exp.reports.figures.style.DPI", 40)  # most of a picture's time is its pixels
    shutil.copy(migrated, tmp_path / "mlflow.db")
    return tmp_path


@pytest.fixture
def own_logging(monkeypatch):
    """For tests that call a command's main.

    Hydra closes the handlers there are when it configures logging; absl's would close what pytest captures.
    """
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(logging, "_handlerList", [])
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def store(tmp_path):
    """The empty tracking database of the test."""
    from fer_exp.tracking import open_store

    return open_store(f"sqlite:///{tmp_path}/mlflow.db", "faces")


@pytest.fixture
def away(monkeypatch):
    """away(): from now on the thread delivers nothing, as if the server hung."""

    def go():
        from fer_exp.tracking.sender import Sender

        monkeypatch.setattr(Sender, "_work", lambda sender: None)
        monkeypatch.setattr(Sender, "flush", lambda sender, patience=None: False)

    return go


def head(size: int) -> np.ndarray:
    """(68, 2) landmarks of an upright head in the middle: only what the headset bar needs, the rest in a circle."""
    angle = np.linspace(0, np.pi, 68)
    points = np.stack([0.5 - 0.4 * np.cos(angle), 0.4 + 0.4 * np.sin(angle)], 1)
    points[0], points[16], points[36], points[45] = (0.1, 0.4), (0.9, 0.4), (0.3, 0.4), (0.7, 0.4)
    return (points * size).astype(np.float32)


def picture(label: int, index: int, size: int) -> np.ndarray:
    """uint8 (size, size, 3): noise with a bright lower half in the class's colour channel."""
    image = np.random.default_rng((label, index)).integers(0, 80, (size, size, 3), dtype=np.uint8)
    image[size // 2 :, :, label] += 150
    return image


def make_faces(n_train=60, n_test=30, size=16, landmarks=True) -> Faces:
    """Faces in memory, classes in turn."""
    parts = np.array(["train"] * n_train + ["test"] * n_test)
    labels = np.concatenate([np.arange(n_train) % 3, np.arange(n_test) % 3])
    ids = np.array([f"{part}/{i:04d}" for i, part in enumerate(parts)])
    return Faces(
        name="tiny",
        classes=CLASSES,
        ids=ids,
        labels=labels,
        parts=parts,
        sizes=np.full((len(ids), 2), size, np.int32),
        digests=ids.astype("S32"),
        landmarks=np.repeat(head(size)[None], len(ids), 0) if landmarks else None,
        fingerprint="f" * 64,
        pixels=np.stack([picture(label, i, size) for i, label in enumerate(labels)]),
    )


@pytest.fixture
def faces() -> Faces:
    """60 training and 30 test faces of three classes, 16x16 colour."""
    return make_faces()


def write_folder(path):
    """48 training and 18 test faces as a folder per class of PNG files, and a landmark file: (root, landmarks)."""
    faces = make_faces(n_train=48, n_test=18)
    paths = []
    for row, label in enumerate(faces.labels):
        name = f"{faces.parts[row]}/{CLASSES[label]}/face_{row}.png"
        (path / "faces" / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path / "faces" / name), faces.pixels[row][..., ::-1])
        paths.append(name)
    file = path / "landmarks.npz"
    np.savez(file, path=np.array(paths), landmarks=faces.landmarks, valid=np.ones(len(paths), bool))
    return path / "faces", file


@pytest.fixture
def folder(tmp_path):
    """The tiny faces as files: (root, landmarks)."""
    return write_folder(tmp_path)


@pytest.fixture
def words(folder, tmp_path):
    """Words of a command line that trains a tiny network on the tiny folder, tracked in a database of its own."""
    return train_words(folder, tmp_path)


def train_words(folder, home):
    """The same for a folder of faces and the folder of a database."""
    root, landmarks = folder
    data = ["dataset=image_folder", f"dataset.root={root}", f"dataset.landmarks={landmarks}"]
    network = ["model.size=16", "model.blocks=[[4],[8]]", "epochs=2", "batch_size=16"]
    return [*data, f"tracking.uri=sqlite:///{home}/mlflow.db", *network]


def train_run(words, home):
    """Train in this process; the finished run."""
    from configs import composed
    from mlflow import MlflowClient

    from fer_exp.commands import run

    found = run.train(*composed(words), words)
    return MlflowClient(f"sqlite:///{home}/mlflow.db").get_run(found)


@pytest.fixture
def train(words, tmp_path):
    """train(*words) -> the finished run, in this process."""
    return lambda *more: train_run([*words, *more], tmp_path)


@pytest.fixture(scope="module")
def module_folder(tmp_path_factory):
    """The same for all tests of a module, none of which changes it: (root, landmarks)."""
    return write_folder(tmp_path_factory.mktemp("folder"))


@pytest.fixture(scope="module")
def trained_in(tmp_path_factory):
    """The folder of the database of `trained`."""
    return tmp_path_factory.mktemp("trained")


@pytest.fixture(scope="module")
def trained(module_folder, trained_in, migrated):
    """A finished run of the variant mixed, for all tests of a module, none of which changes it."""
    return train_once(module_folder, trained_in, migrated, "data=mixed")


def train_once(folder, home, migrated, *more):
    """Train for all tests of a module: what each test has of its own, `home` has here."""
    shutil.copy(migrated, home / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_EXP_CACHE", str(home / "cache"))
        patch.setattr("fer_exp.reports.figures.style.DPI", 40)
        return train_run([*train_words(folder, home), *more], home)


@pytest.fixture
def quest2():
    """The default occluder."""
    from fer_exp.config.occlusion import HeadsetConfig

    return HeadsetConfig(name="quest2", kind="headset")


@pytest.fixture
def source(faces, quest2):
    """The tiny faces, ready to be read at their own size."""
    from fer_exp.inputs.source import Source
    from fer_exp.occlusion.placement import place_occluder

    return Source(faces, place_occluder(faces.landmarks, faces.sizes, quest2), 16, 3)
