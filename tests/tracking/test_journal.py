"""What is recorded lies on disk first, whole or not at all."""

import errno
import os
import resource
import signal

import pytest
from records import everything, journals, later, snapshot

from fer_exp.errors import UserError
from fer_exp.tracking import Recorder, deliver_abandoned
from fer_exp.tracking.delivery import Delivery


@pytest.mark.parametrize("note", ["", "{}", '{"position": "x"}', None])
def test_a_damaged_note_of_what_is_delivered_sends_all_again_and_changes_nothing(store, away, monkeypatch, note):
    away()
    with Recorder.new(later(store), "r", {"kind": "run"}) as run:
        everything(run)
    (folder,) = journals(store)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Delivery, "_end", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        deliver_abandoned(store)  # its files are gone from the journal
    (found,) = store.client.search_runs([store.experiment_id])
    before = snapshot(store, found.info.run_id)
    (folder / "delivered.json").unlink()
    if note is not None:
        (folder / "delivered.json").write_text(note)
    deliver_abandoned(store)
    after = snapshot(store, found.info.run_id)
    assert after["end"][0] == "FINISHED"
    assert after | {"end": 0} == before | {"end": 0}
    assert not journals(store) and run.name == "r"


@pytest.mark.parametrize("room", [0, 1, 20, 60])
def test_a_record_that_did_not_fit_leaves_no_half_for_the_next(store, away, room):
    away()
    run = Recorder.new(store, "r", {"kind": "run"})
    size = (run.journal.folder / "entries.jsonl").stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, limits[1]))
        with pytest.raises(UserError, match=r"File too large.*Make room"):
            run.log_metrics({"loss": 0.5}, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    run.log_metrics({"loss": 0.25}, 1)
    run.end("FAILED")
    assert deliver_abandoned(store) == 2
    found = store.client.get_run(run.id)
    assert (found.data.metrics, found.info.status) == ({"loss": 0.25}, "FAILED")


@pytest.mark.parametrize("line", [b"\0\0\n", b"\xff\n", b"[]\n", b'{"op": "dance"}\n', b'{"op": "metrics"}\n', b"\n"])
def test_a_line_that_says_nothing_is_put_aside(store, away, line, caplog):
    away()
    run = Recorder.new(store, "r", {"kind": "run"})
    with (run.journal.folder / "entries.jsonl").open("ab") as file:
        file.write(line)
    run.log_metrics({"loss": 0.5}, 1)
    run.end("FINISHED")
    assert deliver_abandoned(store) == 3
    found = store.client.get_run(run.id)
    assert (found.data.metrics, found.info.status) == ({"loss": 0.5}, "FINISHED")
    assert f"what cannot be delivered, which is kept in {run.journal.folder}/refused.jsonl" in caplog.text


def test_an_entry_never_names_a_file_outside_its_journal(store, tmp_path, away):
    away()
    run = Recorder.new(store, "r", {"kind": "run"})
    (tmp_path / "secret").write_text("secret")
    run._append("artifact", file="../../secret", folder=None, table=False)
    run.close()
    assert deliver_abandoned(store) == 1
    assert "leaves the journal" in (journals(store)[0] / "refused.jsonl").read_text()
    assert not store.client.list_artifacts(run.id)


def test_the_journal_is_for_its_user_alone(store, away):
    away()
    Recorder.new(store, "r", {"kind": "run"})
    assert os.stat(journals(store)[0]).st_mode & 0o077 == 0


def test_a_run_that_cannot_begin_its_journal_says_where_and_what_to_do(store, away):
    away()
    store.journal.write_text("a file")
    with pytest.raises(UserError, match=r"journal: Not a directory; no run can begin$"):
        Recorder.new(store, "r", {"kind": "run"})


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_journal_on_a_protected_disk_says_to_make_it_writable(store, away, monkeypatch, number):
    def refuse(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    away()
    with monkeypatch.context() as patch, pytest.raises(UserError, match=r"no run can begin\. Make it writable"):
        patch.setattr("fer_exp.tracking.journal.Path.mkdir", refuse)
        Recorder.new(store, "r", {"kind": "run"})
