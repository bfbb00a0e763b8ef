import json
import shutil
import subprocess
import sys

import pytest

ID = "0123456789abcdef" * 2
CASES = {
    "train dataset=image_folder": "dataset.root=DIR",
    "train dataset=image_folder dataset.root=nowhere": "dataset.root=nowhere",
    "train dataset=image_folder dataset.root=nowhere model=resnet50": "dataset.root=nowhere",
    "train test_datasets.ck.dataset=image_folder test_datasets.ck.root=nowhere": "test_datasets.ck.root=nowhere",
    "train dataset=image_folder dataset.root=faces dataset.classes=[happy,sat]": "no face of sat",
    f"train resume={ID}": f"resume={ID}: not in",
    f"evaluate run={ID}": f"run={ID}: not in",
    f"evaluate run={ID} dataset=image_folder dataset.root=nowhere": "dataset.root=nowhere",
    f"evaluate runs=[{ID}]": f"run={ID}: not in",
    "evaluate sweep=s-none": "sweep=s-none: no finished run",
    "evaluate where.model=none": "no finished run",
    "plan sweep=s-none": "sweep=s-none: no finished run",
}
CODE = """
import contextlib, io, json, sys
from fer_exp.__main__ import main
answers = []
for words in json.loads(sys.argv[1]):
    sys.argv[1:] = words
    with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(io.StringIO()):
        status = main()
    answers.append((status, said.getvalue(), sorted({"tensorflow", "keras"} & set(sys.modules))))
print(json.dumps(answers))
"""


@pytest.mark.slow
def test_what_needs_no_tensorflow_is_said_before_it_loads(tmp_path, migrated):
    for name in ("train/happy/1.jpg", "train/sad/1.jpg", "test/happy/1.jpg", "test/sad/1.jpg"):
        (tmp_path / "faces" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "faces" / name).write_bytes(b"")
    shutil.copy(migrated, tmp_path / "mlflow.db")
    words = [[*case.split(), f"tracking.uri=sqlite:///{tmp_path}/mlflow.db"] for case in CASES]
    command = [sys.executable, "-c", CODE, json.dumps(words)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for (case, expected), (status, said, heavy) in zip(CASES.items(), json.loads(done.stdout), strict=True):
        assert expected in said and status in (1, 2), (case, said)
        assert not heavy, case
