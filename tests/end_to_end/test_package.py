"""The wheel, in an environment of its own, used from a folder that has nothing to do with the checkout."""

import zipfile

import pytest
from environments import Environment, build_wheel
from mlflow import MlflowClient
from packaging.requirements import Requirement
from runs import artifacts

from fer_exp.system.paths import CONF, ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory, wheel):
    environment = Environment(tmp_path_factory.mktemp("env"), sees_all=True)
    done = environment.pip("install", "--quiet", "--no-deps", "--force-reinstall", wheel)
    assert done.returncode == 0, done.stderr
    return environment


def test_it_needs_what_requirements_txt_says_and_brings_the_whole_configuration(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (name for name in names if name.endswith("/METADATA"))
        text = archive.read(metadata).decode()
    needed = {str(Requirement(li.split(": ", 1)[1])) for li in text.splitlines() if li.startswith("Requires-Dist: ")}
    lines = [line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    assert needed == {str(Requirement(line)) for line in lines if line}
    conf = {f"fer_exp/conf/{file.relative_to(CONF).as_posix()}" for file in CONF.rglob("*.yaml")}
    assert conf == {name for name in names if name.startswith("fer_exp/conf/")}
    assert {"fer_exp/py.typed", "fer_exp/reports/page.html"} <= names


def test_the_smoke_run_works_from_an_empty_folder_and_leaves_its_results_there(installed, tmp_path):
    (tmp_path / "mlflow.db").unlink()
    before = {file.name for file in tmp_path.iterdir()}
    work = tmp_path / "work"
    work.mkdir()
    done = installed.run("fer-exp", "train", "experiment=smoke", cwd=work)
    assert done.returncode == 0, done.stderr
    assert "fer-exp ui" in done.stdout and "make ui" not in done.stdout
    assert {path.name for path in work.iterdir()} == {"mlruns", "outputs"}
    assert {file.name for file in tmp_path.iterdir()} - before <= {"work", "cache"}
    client = MlflowClient(f"sqlite:///{work}/mlruns/mlflow.db")
    (found,) = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert found.info.status == "FINISHED"
    assert artifacts(found).is_relative_to(work)
    assert "mlflow.source.git.commit" not in found.data.tags  # the folder's repository, if it is in one, is another's
    again = installed.run("fer-exp", "evaluate", f"run={found.info.run_id}", cwd=work)
    assert again.returncode == 0 and "agree" in again.stdout, again.stderr


def test_the_command_and_its_help_are_those_of_the_package(installed, tmp_path):
    shown = installed.run("fer-exp", "--help", cwd=tmp_path)
    assert "Use: fer-exp VERB" in shown.stdout
    for verb, line in (("train", "fer-exp train data="), ("occlude", "fer-exp train dataset=affectnet")):
        shown = installed.run("fer-exp", verb, "--help", cwd=tmp_path)
        assert shown.returncode == 0 and line.split(" data")[0] in shown.stdout
        assert "python " not in shown.stdout
