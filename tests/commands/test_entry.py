import os
import signal
import sys

import pytest

from fer_exp.commands import check, evaluate, train
from fer_exp.commands.sweep import SWEEP_ID, invocation


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    """Hydra writes outputs/ into the working folder."""
    monkeypatch.chdir(tmp_path)


pytestmark = pytest.mark.usefixtures("own_logging")


@pytest.mark.slow
def test_two_commands_in_one_process_know_nothing_of_each_other(tmp_path, capfd):
    before = [list(sys.argv), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)]
    store = f"tracking.uri=sqlite:///{tmp_path}/mlflow.db"
    # a job that fails in a process of its own, then an error in this one
    (tmp_path / "empty").mkdir()
    assert train.main(["-m", "dataset=image_folder", "dataset.root=empty", "seed=0", store]) == 1
    said = capfd.readouterr()
    assert "failed: [0] dataset=image_folder" in said.err and "\n1 of 1\n" in said.out
    # what no job can do without is missed before the first one starts
    with pytest.raises(SystemExit, match="2"):
        train.main(["-m", "dataset=image_folder", "dataset.root=nowhere", "seed=0,1", store])
    assert "error: dataset.root=nowhere" in capfd.readouterr().err
    assert train.main(["dataset=image_folder", "dataset.root=nowhere", store]) == 1
    assert "error: dataset.root=nowhere" in capfd.readouterr().err
    assert train.main(["--cfg", "job", "epochs=3"]) == 0
    shown = capfd.readouterr()
    assert "epochs: 3" in shown.out and "error" not in shown.err and "failed" not in shown.err
    assert check.main(["dataset=synthetic", "dataset.n_train=80", "dataset.n_test=16", "dataset.limit=16"]) in (0, 1)
    assert "nowhere" not in capfd.readouterr().err
    assert [list(sys.argv), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)] == before
    assert SWEEP_ID not in os.environ


def test_a_call_that_is_over_leaves_nothing_to_the_next(capsys):
    assert evaluate.main(["run=1", "sweep=s-1"]) == 2
    assert "run and sweep together" in capsys.readouterr().err
    assert invocation().error is None and invocation().failed == []
    assert evaluate.main([]) == 2
    assert "together" not in capsys.readouterr().err


def test_an_opencv_that_does_not_load_ends_in_one_line_that_says_what_to_do(monkeypatch, capfd):
    def fail(settings):
        raise ImportError("libxcb.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(check, "check", fail)
    assert check.main(["dataset=synthetic"]) == 1
    shown = capfd.readouterr().err
    assert shown.startswith("error: OpenCV does not load (libxcb.so.1") and shown.count("\n") == 1
    assert "python -m fer_exp.system.opencv" in shown


@pytest.mark.parametrize("address", ["https://hush@host", "https://a:hush@host", "https://host/?token=hush"])
def test_a_secret_in_an_address_is_written_nowhere(tmp_path, capfd, address):
    assert train.main([f"tracking.uri='{address}'"]) == train.main(["-m", f"tracking.uri='{address}'"]) == 2
    said = capfd.readouterr()
    assert "***" in said.err and "hush" not in said.out + said.err
    assert not any(b"hush" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


@pytest.mark.parametrize("words", [[], ["-m"]])
def test_a_place_where_hydra_cannot_write_ends_in_one_line(tmp_path, capfd, words):
    (tmp_path / "outputs").write_text("a file, where root may not make a folder either")
    assert train.main([*words, "seed=0", f"tracking.uri=sqlite:///{tmp_path}/mlflow.db"]) == 1
    said = capfd.readouterr().err
    assert said.startswith(f"error: {tmp_path}/outputs") and "hydra.run.dir=DIR" in said and said.count("\n") == 1


def test_a_stop_that_a_library_turns_into_another_error_is_a_stop(monkeypatch, capfd):
    def fail(settings):
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            raise AttributeError("in the midst of the clean-up of a library")

    monkeypatch.setattr(check, "check", fail)
    assert check.main(["dataset=synthetic"]) == 130
    assert capfd.readouterr().err == "stopped\n"


def test_a_name_in_a_message_gives_the_terminal_no_orders(tmp_path, capfd):
    root = tmp_path / "faces\x1b[2J"
    assert check.main(["dataset=image_folder", f"dataset.root='{root}'"]) == 1
    said = capfd.readouterr()
    assert r"faces\x1b[2J" in said.err and "\x1b" not in said.out + said.err
