"""CONTRIBUTING.md: its examples of a dataset, a model and an occluder, written into a copy of the package and used.

Started as a script, this file is a user of that copy, and prints what they see as one line of JSON.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.slow
COPIED = ("src", "conf", "train.py", "evaluate.py", "occlude.py", "pyproject.toml")
SCHEMAS = "SCHEMAS: dict[str, type] = {\n"
# `FILE`: before a block says that it is the whole file; `FILE`, in `SCHEMAS`: or above, that it goes there
BLOCK = re.compile(r"^`([\w./]+)`(?:, (in|above) `SCHEMAS`)?:\n\n```(?:python|yaml)\n(.*?)^```$", re.M | re.S)
EXAMPLES = [
    ("src/fer_exp/datasets/labelled_list.py", ""),
    ("conf/dataset/labelled_list.yaml", ""),
    ("conf/model/convnet_tiny.yaml", ""),
    ("src/fer_exp/models/separable.py", ""),
    ("src/fer_exp/config/model.py", "above"),
    ("src/fer_exp/config/model.py", "in"),
    ("conf/model/separable_small.yaml", ""),
    ("src/fer_exp/occlusion/eye_patch.py", ""),
    ("src/fer_exp/config/occlusion.py", "above"),
    ("src/fer_exp/config/occlusion.py", "in"),
    ("conf/occlusion/eye_patch.yaml", ""),
]
SIDE = 32  # of the pictures of the dataset, in pixels


def commands(folder):
    """The words of every command that CONTRIBUTING.md says to try, with the dataset below a folder."""
    places = {"=DIR": "=faces", "=FILE": "=landmarks.npz", "=COPY": "=copy"}
    for line in "".join(re.findall(r"^```bash\n(.*?)^```$", TEXT, re.M | re.S)).splitlines():
        for place, name in places.items():
            line = re.sub(rf"{place}\b", f"={folder}/{name[1:]}", line)
        yield shlex.split(line)


def write_example(tree, file, place, code):
    """Do with a block what its caption says."""
    path = tree / file
    if not place:
        assert not path.exists()
        path.write_text(code)
        return
    text = path.read_text()
    assert text.count(SCHEMAS) == 1
    new = f"{code}\n\n{SCHEMAS}" if place == "above" else f"{SCHEMAS}{code}"
    path.write_text(text.replace(SCHEMAS, new))


def write_dataset(folder):
    """12 training and 4 test faces of two classes in turn, in the example's layout, and a file of their landmarks."""
    from trees import jpeg, put

    from fer_exp.landmarks.geometry import AVERAGE_FACE

    names = [f"{i}.jpg" for i in range(16)]
    lines = [f"{name},{('glad', 'calm')[i % 2]},{'train' if i < 12 else 'test'}" for i, name in enumerate(names)]
    for i, name in enumerate(names):
        put(folder / "faces/pictures" / name, jpeg(i, SIDE))
    (folder / "faces/labels.csv").write_text("\n".join(["picture,class,part", *lines, ""]))
    landmarks = np.repeat((AVERAGE_FACE * SIDE / 2 + SIDE / 2)[None], len(names), axis=0).astype(np.float32)
    np.savez(folder / "landmarks.npz", path=np.array([f"pictures/{name}" for name in names]), landmarks=landmarks)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The package with the examples, and a dataset."""
    tree = tmp_path_factory.mktemp("tree")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tree / name)
    for file, place, code in BLOCK.findall(TEXT):
        write_example(tree, file, place, code)
    write_dataset(tree)
    return tree


def start(tree, *words, **variables):
    """A Python process that imports the copy."""
    env = os.environ | {"PYTHONPATH": str(tree / "src"), "FER_EXP_CACHE": str(tree / "cache")} | variables
    return subprocess.run([sys.executable, *words], cwd=tree, env=env, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def seen(tree):
    """What a user of the copy sees."""
    done = start(tree, __file__, str(tree))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_example_is_there_once_and_in_order():
    assert [(file, place) for file, place, _ in BLOCK.findall(TEXT)] == EXAMPLES
    assert TEXT.count("```python") + TEXT.count("```yaml") == len(EXAMPLES)


def test_the_examples_pass_the_style_that_a_change_must_pass(tree):
    for words in (("check",), ("format", "--check")):
        done = start(tree, "-m", "ruff", *words, "src")
        assert done.returncode == 0, done.stdout


def test_the_copy_is_what_is_used(seen, tree):
    assert Path(seen["package"]).is_relative_to(tree) and Path(seen["conf"]) == tree / "conf"


def test_the_dataset_reads_the_faces_of_the_table(seen):
    assert seen["faces"] == {
        "classes": ["calm", "glad"],
        "ids": [f"pictures/{i}.jpg" for i in range(16)],
        "labels": [1, 0] * 8,
        "parts": ["train"] * 12 + ["test"] * 4,
        "landmarks": [16, 68, 2],
    }


def test_the_dataset_notices_that_a_line_was_added_and_says_what_it_cannot_use(seen):
    assert seen["excluded"] == [
        ["pictures/0.jpg", "labels.csv names it twice"],
        ["pictures/1.jpg", "its part 'spare' is neither train nor test"],
        ["pictures/2.jpg", "its class 'sad' is not in dataset.classes"],
        ["pictures/16.jpg", "cannot be read: No such file or directory"],
    ]
    assert "labels.csv: must begin with the line picture,class,part" in seen["no_header"]
    assert "labels.csv" in seen["no_table"] and "put the table there" in seen["no_table"]


def test_the_networks_give_a_probability_for_each_class(seen):
    for name, side in (("convnet_tiny", 32), ("separable_small", 64)):
        assert seen["networks"][name]["input"] == [None, side, side, 1]
        assert np.shape(seen["networks"][name]["output"]) == (2, 5)
        assert np.sum(seen["networks"][name]["output"], axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert seen["networks"]["convnet_tiny"]["kinds"].count("Conv2D") == 2
    assert seen["networks"]["separable_small"]["kinds"].count("SeparableConv2D") == 3


def test_the_occluder_has_the_corners_that_it_says_and_covers_one_eye(seen):
    # the face is 100 pixels wide; the points around its eyes have the means (76, 100.5) and (124, 100.5)
    for side, x in (("left", 76), ("right", 124)):
        patch = seen["patches"][side]
        corners = [[x - 20, 85.5], [x + 20, 85.5], [x + 20, 115.5], [x - 20, 115.5]]
        assert np.array(patch["polygons"]) == pytest.approx(np.array([[corners]]))
        assert patch["pixels"] == 41 * 30
        assert (patch["left"], patch["right"]) == (side == "left", side == "right")
        assert not patch["mouth"]


def test_the_occluder_is_a_test_set_at_another_size_too(seen):
    assert seen["tests"] == {"eye_patch-0.5": ["EyePatchConfig", 0.5]}


def test_values_that_cannot_be_meant_are_refused_by_name(seen):
    assert "model.filters=[]: must be" in seen["refused"]["model=separable_small model.filters=[]"]
    assert "occlusion.height=9" in seen["refused"]["occlusion=eye_patch occlusion.height=9"]
    assert "occlusion.side" in seen["refused"]["occlusion=eye_patch occlusion.side=above"]
    assert "table" in seen["refused"]["dataset=labelled_list dataset.table=1"]


def test_the_commands_to_try_are_composed_and_read_back_from_a_stored_run(seen):
    assert len(seen["commands"]) == len(list(commands(""))) >= 7
    assert all(seen["commands"].values()), seen["commands"]


def test_the_commands_to_try_run_with_their_trainings_as_one(tree, own_folders):
    together = {}
    for _, *words in commands(tree):
        if words[0] == "train.py":
            together |= {word.partition("=")[0]: word for word in words}  # of two models the last one
        else:
            assert_runs(tree, own_folders, words)
    assert_runs(tree, own_folders, together.values())
    assert len([file for file in (tree / "copy").rglob("*.png") if file.parent != tree / "copy"]) == 96


def assert_runs(tree, home, words):
    done = start(tree, *words, MLFLOW_TRACKING_URI=f"sqlite:///{home}/mlflow.db")
    assert done.returncode == 0, f"{words}: {done.stderr}"


def test_the_rooms_are_those_of_the_contract():
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    floors = TEXT.partition("## The floors")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)/?` \|", floors, re.M) == layers


def test_the_targets_are_those_of_the_makefile():
    made = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)[1].split()
    assert set(re.findall(r"`make ([\w-]+)", TEXT)) <= set(made)


def read_faces(root, **keys):
    """The faces of the example's dataset."""
    from configs import configured

    from fer_exp.datasets import load

    words = [f"dataset.{key}={value}" for key, value in {"root": root, **keys}.items()]
    return load(configured("dataset=labelled_list", *words).dataset, size=SIDE, workers=1)


def use_dataset(folder):
    """Read the dataset as it is, then with lines that make no face, then without its header and without its table."""
    from fer_exp.errors import DataError

    faces = read_faces(folder / "faces", landmarks=folder / "landmarks.npz")
    found = {
        "classes": faces.classes,
        "ids": faces.ids.tolist(),
        "labels": faces.labels.tolist(),
        "parts": faces.parts.tolist(),
        "landmarks": faces.landmarks.shape,
    }
    shutil.copytree(folder / "faces", folder / "spoilt")
    table = folder / "spoilt/labels.csv"
    read_faces(folder / "spoilt")
    lines = [*table.read_text().splitlines(), "0.jpg,calm,test", "16.jpg,calm,train", ""]
    lines[2:4] = ["1.jpg,calm,spare", "2.jpg,sad,train"]
    table.write_text("\n".join(lines))
    excluded = read_faces(folder / "spoilt", on_bad="skip", classes="[calm,glad]").excluded
    said = {}
    for name, spoil in (("no_header", lambda: table.write_text("0.jpg,calm,test\n")), ("no_table", table.unlink)):
        spoil()
        try:
            read_faces(folder / "spoilt")
        except DataError as error:
            said[name] = str(error)
    shutil.rmtree(folder / "spoilt")
    return {"faces": found, "excluded": [(e.id, e.reason) for e in excluded], **said}


def use_model(name):
    """Build a network and show it a white and a black picture."""
    from configs import PLAIN, configured

    from fer_exp import models

    model = models.build(configured(f"model={name}").model, PLAIN, 5)
    pictures = np.stack([np.full(model.input_shape[1:], value, np.float32) for value in (255, 0)])
    return {
        "input": model.input_shape,
        "output": np.asarray(model(pictures)).tolist(),
        "kinds": [type(layer).__name__ for layer in model.layers],
    }


def use_occluder(side):
    """Cover an upright face."""
    from configs import configured
    from upright import MOUTH, SIZES, at, face

    from fer_exp.occlusion.placement import place_occluder

    cfg = configured("occlusion=eye_patch", f"occlusion.side={side}", "occlusion.color=[255,255,255]").occlusion
    placed = place_occluder(face(), SIZES, cfg, np.array(["train/1.jpg"]))
    mask = placed.paint(np.zeros((1, 200, 200, 1), np.uint8), np.array([0]), np.array([True]))[0, :, :, 0] > 0
    return {
        "polygons": placed.polygons.tolist(),
        "pixels": int(mask.sum()),
        "left": bool(at(mask, range(36, 42)).any()),
        "right": bool(at(mask, range(42, 48)).any()),
        "mouth": bool(at(mask, MOUTH).any()),
    }


def further_tests(word):
    """The test set of that name, of a run whose own occluder is another."""
    from configs import configured

    from fer_exp.config.test_sets import further_test_sets

    occlusion = further_test_sets([word], configured().occlusion)[word].occlusion
    return {word: (type(occlusion).__name__, occlusion.scale)}


def refused(*words):
    """What is said of these words."""
    from configs import configured
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from fer_exp.errors import ConfigError

    try:
        configured(*words)
    except (ConfigError, HydraException, OmegaConfBaseException) as error:
        return f"{error} {error.__cause__ or ''}"
    return ""


def compose_command(words):
    """Whether a command's configuration is composed and, where it is a run's, read back as it was."""
    from configs import composed

    from fer_exp.config.compose import from_stored

    start = 3 if words[1] == "-m" else 1
    command = words[start].removesuffix(".py")
    cfg, plain = composed(words[start + 1 :], command=command)
    return command != "train" or from_stored(plain) == cfg


def main(folder):
    """Use the examples as a person would."""
    import fer_exp
    from fer_exp.system.paths import CONF

    wrong = [
        ("model=separable_small", "model.filters=[]"),
        ("occlusion=eye_patch", "occlusion.height=9"),
        ("occlusion=eye_patch", "occlusion.side=above"),
        ("dataset=labelled_list", "dataset.table=1"),
    ]
    print(
        json.dumps(
            {
                "package": fer_exp.__file__,
                "conf": str(CONF),
                **use_dataset(folder),
                "networks": {name: use_model(name) for name in ("convnet_tiny", "separable_small")},
                "patches": {side: use_occluder(side) for side in ("left", "right")},
                "tests": further_tests("eye_patch-0.5"),
                "refused": {" ".join(words): refused(*words) for words in wrong},
                "commands": {" ".join(words): compose_command(words) for words in commands(folder)},
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
