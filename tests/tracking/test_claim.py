import subprocess
import sys
from threading import Thread
from types import SimpleNamespace

import pytest

from fer_exp.errors import UserError
from fer_exp.tracking import Recorder, Taken, alone, claimed

HOLD = """
import sys, time
from fer_exp.tracking import claimed, find_run, open_store
with claimed(*find_run(open_store(sys.argv[1], "faces"), sys.argv[2])):
    print("mine", flush=True)
    time.sleep(600)
"""


def test_a_run_belongs_to_one_process_until_that_is_gone(store):
    with pytest.raises(KeyboardInterrupt), Recorder.new(store, "r", {"kind": "run"}) as run:
        raise KeyboardInterrupt
    found = store.client.get_run(run.id)
    words = [sys.executable, "-c", HOLD, store.uri, run.id]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "mine\n"
        with pytest.raises(Taken, match=rf"^r \({run.id}\): another process goes on with it; wait until it ends$"):
            claimed(store, found).__enter__()
        other.kill()
    with claimed(store, found), pytest.raises(Taken), claimed(store, found):
        pass
    with claimed(store, found):
        pass


def test_a_run_that_went_on_after_it_was_found_is_left_alone(store):
    with pytest.raises(KeyboardInterrupt), Recorder.new(store, "r", {"kind": "run"}) as run:
        raise KeyboardInterrupt
    found = store.client.get_run(run.id)
    store.client.set_terminated(run.id, "FINISHED")
    with pytest.raises(Taken, match="meanwhile: it is FINISHED"), claimed(store, found):
        pass


def test_of_two_processes_that_would_train_the_same_run_one_waits(tmp_path):
    store, order = SimpleNamespace(locks=tmp_path / "locks"), []

    def second():
        with alone(store, "0123"):
            order.append("second")

    with alone(store, "0123"):
        thread = Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file"), alone(SimpleNamespace(locks=tmp_path / "file"), "0123"):
        pass
