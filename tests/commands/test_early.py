"""What needs no TensorFlow is said before it loads."""

import subprocess
import sys

import pytest

ID = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def place(tmp_path_factory, migrated):
    """A working folder with a database, and a dataset of two classes."""
    folder = tmp_path_factory.mktemp("early")
    for name in ("train/happy/1.jpg", "train/sad/1.jpg", "test/happy/1.jpg", "test/sad/1.jpg"):
        (folder / "faces" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "faces" / name).write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    "words, said",
    [
        ("train dataset=image_folder", "dataset.root=DIR"),
        ("train dataset=image_folder dataset.root=nowhere", "dataset.root=nowhere"),
        ("train dataset=image_folder dataset.root=nowhere model=resnet50", "dataset.root=nowhere"),
        ("train test_datasets.ck.dataset=image_folder test_datasets.ck.root=nowhere", "test_datasets.ck.root=nowhere"),
        ("train dataset=image_folder dataset.root=faces dataset.classes=[happy,sat]", "no face of sat"),
        (f"train resume={ID}", f"run={ID}: not in"),
        (f"evaluate run={ID}", f"run={ID}: not in"),
        (f"evaluate run={ID} dataset=image_folder dataset.root=nowhere", "dataset.root=nowhere"),
        (f"evaluate runs=[{ID}]", f"run={ID}: not in"),
        ("evaluate sweep=s-none", "sweep=s-none: no finished run"),
        ("evaluate where.model=none", "no finished run"),
        ("plan sweep=s-none", "sweep=s-none: no finished run"),
    ],
)
def test_what_needs_no_tensorflow_is_said_before_it_loads(words, said, place):
    words = [*words.split(), f"tracking.uri=sqlite:///{place}/mlflow.db"]
    code = (
        f"import sys; sys.argv = ['fer-exp', *{words!r}]\n"
        "from fer_exp.__main__ import main\n"
        "status = main()\n"
        "sys.exit(9 if {'tensorflow', 'keras'} & set(sys.modules) else status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=place)
    assert said in done.stderr and done.returncode in (1, 2), (done.returncode, done.stderr)
