"""A line of a journal counts only if it is what was written."""

import json
import zlib

import pytest
from records import everything, journals

from fer_exp.tracking import Recorder, deliver_abandoned
from fer_exp.tracking.entries import UNREADABLE, decode, encode, read_entry

LINE = encode({"op": "metrics", "points": [["loss", 0.5, 1, 1]]})
NONSENSE = [
    {"op": "tags", "values": ["a", "b"]},
    {"op": "tags", "values": {"a": {"b": "c"}}},
    {"op": "parameters", "values": {"a": None}},
    {"op": "metrics", "points": [["loss", 0.5, 2**70, 1]]},
    {"op": "metrics", "points": 3},
    {"op": "end", "status": "FINISHED", "at": "soon"},
    {"op": ["tags"]},
]


def test_every_flipped_bit_is_seen():
    for position in range(len(LINE) - 1):
        for bit in range(8):
            damaged = LINE[:position] + bytes([LINE[position] ^ 1 << bit]) + LINE[position + 1 :]
            for line in damaged.splitlines(keepends=True):
                assert read_entry(line, 0).op == UNREADABLE, (position, bit)
    assert read_entry(LINE, 7) == ("metrics", {"points": [("loss", 0.5, 1, 1)]}, 7)


def test_the_checksum_is_the_crc_32_of_the_json():
    content, checksum = LINE.split(b"] ")[0], LINE.split()[-1]
    content = LINE[: -len(checksum) - 2]
    assert int(checksum, 16) == zlib.crc32(content) and json.loads(content) == decode(LINE)


def test_one_flipped_bit_is_kept_aside_and_named_and_nothing_else_waits_for_it(store, away, caplog):
    away()
    with Recorder.new(store, "r", {"kind": "run"}) as run:
        run.log_metrics({"loss": 0.5}, 1)
        run.set_tags({"note": "all is well"})
    (folder,) = journals(store)
    content = (folder / "entries.jsonl").read_bytes()
    (folder / "entries.jsonl").write_bytes(content.replace(b"is well", b"is well"[:-1] + b"m"))
    assert deliver_abandoned(store) == 3
    found = store.client.get_run(run.id)
    assert (found.data.metrics, found.info.status) == ({"loss": 0.5}, "FINISHED")
    assert "note" not in found.data.tags
    assert "all is wel" in (folder / "refused.jsonl").read_text()
    assert f"{folder}/refused.jsonl" in caplog.text


@pytest.mark.parametrize(
    "line",
    [
        *map(encode, NONSENSE),
        b'{"op": "tags", "values": {"a": "\\ud800"}}\n',
        b'{"op": "tags", "values": ' + b"[" * 10**5 + b"]" * 10**5 + b"}\n",
    ],
)
def test_a_line_of_nonsense_blocks_nothing_behind_it(store, away, line):
    away()
    with Recorder.new(store, "r", {"kind": "run"}) as run:
        with (run.journal.folder / "entries.jsonl").open("ab") as file:
            file.write(line)
        run.log_metrics({"loss": 0.5}, 1)
    assert deliver_abandoned(store) == 3
    found = store.client.get_run(run.id)
    assert (found.data.metrics, found.info.status) == ({"loss": 0.5}, "FINISHED")
    assert (journals(store)[0] / "refused.jsonl").exists()


def test_a_journal_from_before_lines_had_checksums_is_delivered(store, away):
    away()
    with Recorder.new(store, "r", {"kind": "run"}) as run:
        everything(run)
    (folder,) = journals(store)
    lines = (folder / "entries.jsonl").read_bytes().splitlines()
    old = [json.dumps(decode(line)) + "\n" for line in lines]
    (folder / "entries.jsonl").write_text("".join(old))
    (folder / "delivered.json").write_text(json.dumps({"position": len(old[0]), "run_id": run.id}))
    deliver_abandoned(store)
    found = store.client.get_run(run.id)
    assert len(found.data.params) == 150 and found.info.status == "FINISHED"
    assert not journals(store)


def test_a_file_name_that_is_no_text_holds_nothing_up(store):
    with Recorder.new(store, "r", {"kind": "run"}) as run:
        run.set_tags({"root": "/data/\udcff", "mood": "\U0001f600"})
    tags = store.client.get_run(run.id).data.tags
    assert (tags["root"], tags["mood"]) == ("/data/?", "\U0001f600")
    assert not journals(store)
