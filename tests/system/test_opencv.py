"""One OpenCV in an environment, with packages that fill one folder as the two builds do."""

import os
from importlib.metadata import PackageNotFoundError

import pytest
from environments import Environment, offline, write_wheel

from fer_exp.errors import UserError
from fer_exp.system import opencv
from fer_exp.system.paths import PACKAGE

MISSING = "libxcb.so.1: cannot open shared object file: No such file or directory"
FULL = f"import os\nif os.environ.get('BARE'): raise ImportError({MISSING!r})\nBUILD = 'full'\n"
THERE, NOT_THERE = ("libc.so.6",), ("libnowhere.so.1",)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The two builds in two versions, and a package that needs opencv-python."""
    folder = tmp_path_factory.mktemp("wheels")
    for version in ("9.8", "9.9"):
        write_wheel(folder, opencv.FULL, version, {"cv2/__init__.py": FULL, "cv2/window.py": ""})
        headless = {"cv2/__init__.py": "BUILD = 'headless'\n", "cv2/none.py": ""}
        write_wheel(folder, opencv.HEADLESS, version, headless)
    write_wheel(folder, "wants-opencv", "1", {"wants.py": ""}, "opencv-python>=9")
    return folder


class Machine:
    """An environment with or without the desktop's libraries."""

    def __init__(self, folder, wheels):
        self.own, self.wheels = Environment(folder, sees_all=False), wheels

    def install(self, *packages):
        done = self.own.pip("install", "--quiet", *packages, wheels=self.wheels)
        assert done.returncode == 0, done.stderr

    def settle(self, libraries, wheels=None):
        code = f"from fer_exp.system import opencv; opencv.LIBRARIES = {libraries!r}; raise SystemExit(opencv.main())"
        variables = offline(wheels or self.wheels) | {"PYTHONPATH": str(PACKAGE.parent)}
        variables |= {"BARE": "1"} if libraries == NOT_THERE else {}
        return self.own.run("python", "-c", code, env=variables)

    @property
    def files(self):
        return {file.name for file in (self.own.site / "cv2").glob("*.py")}

    def versions(self):
        lines = self.own.pip("freeze").stdout.split()
        return dict(line.split("==") for line in lines)


@pytest.fixture
def machine(tmp_path, wheels):
    return Machine(tmp_path / "env", wheels)


@pytest.mark.slow
def test_on_a_bare_machine_the_same_version_without_windows_takes_its_place_and_nothing_mixes_them_later(machine):
    machine.install("opencv-python==9.8")
    done = machine.settle(NOT_THERE)
    assert (done.returncode, done.stdout.count("\n"), done.stderr) == (0, 1, "")
    assert "opencv-python-headless" in done.stdout
    assert machine.files == {"__init__.py", "none.py"}
    assert machine.versions() == {"opencv-python": "9.8", "opencv-python-headless": "9.8"}
    machine.install("opencv-python>=9", "wants-opencv")
    assert machine.files == {"__init__.py", "none.py"}
    assert machine.own.pip("check").returncode == 0
    assert machine.settle(NOT_THERE).stdout == ""
    machine.install("--upgrade", "opencv-python")  # a newer range asks for the real one
    assert machine.settle(NOT_THERE).returncode == 0
    assert machine.files == {"__init__.py", "none.py"}
    assert machine.versions()["opencv-python-headless"] == "9.9"


@pytest.mark.slow
def test_where_it_works_nothing_changes_and_where_libraries_came_it_has_windows_again(machine):
    machine.install("opencv-python==9.9")
    assert machine.settle(THERE).stdout == ""
    assert machine.files == {"__init__.py", "window.py"}
    machine.settle(NOT_THERE)
    assert machine.files == {"__init__.py", "none.py"}
    done = machine.settle(THERE)
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert machine.files == {"__init__.py", "window.py"}
    assert machine.versions() == {"opencv-python": "9.9"}


@pytest.mark.slow
@pytest.mark.parametrize(("libraries", "left"), [(THERE, "window.py"), (NOT_THERE, "none.py")])
def test_two_builds_in_one_folder_become_one(machine, libraries, left):
    machine.install("opencv-python==9.9", "opencv-python-headless==9.9")
    assert machine.files == {"__init__.py", "window.py", "none.py"}
    assert machine.settle(libraries).returncode == 0
    assert machine.files == {"__init__.py", left}


@pytest.mark.slow
def test_what_cannot_be_fetched_changes_nothing_and_says_what_to_install(machine, tmp_path):
    machine.install("opencv-python==9.9")
    (tmp_path / "empty").mkdir()
    done = machine.settle(NOT_THERE, wheels=tmp_path / "empty")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "libgl1" in done.stderr and "mesa-libGL" in done.stderr
    assert machine.files == {"__init__.py", "window.py"}


def test_an_opencv_that_does_not_load_is_explained_and_no_other_error_is():
    assert "python -m fer_exp.system.opencv" in opencv.explain(ImportError(MISSING))
    assert opencv.explain(ImportError("No module named 'keras'")) is None


@pytest.fixture
def installed(monkeypatch):
    """installed(versions): from now on these builds are."""

    def go(versions):
        class Found:
            def __init__(self, name):
                if name not in versions:
                    raise PackageNotFoundError(name)
                self.version, self.requires = versions[name], None

        monkeypatch.setattr(opencv, "distribution", Found)

    return go


def test_a_window_needs_a_build_that_has_them_and_a_display(installed, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    installed({"opencv-python": "9.9"})
    if os.name == "posix" and os.uname().sysname == "Linux":
        with pytest.raises(UserError, match="no display"):
            opencv.check_window()
    monkeypatch.setenv("DISPLAY", ":7")
    opencv.check_window()
    installed({"opencv-python-headless": "9.9"})
    with pytest.raises(UserError, match="opens no windows"):
        opencv.check_window()
