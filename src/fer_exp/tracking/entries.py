"""A line of a journal: one thing to do, held against its checksum and against the shape that it must have."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, Field

UNREADABLE = "unreadable"  # the operation of a line that cannot be read

Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Point = tuple[str, float, Int64, Int64]  # of a metric: key, value, milliseconds since 1970, step


class Entry(NamedTuple):
    """A line of the journal: what to do, with what, and where in the file the next one begins."""

    op: str
    values: dict[str, Any]
    end: int


class _Run(BaseModel):
    uri: str
    experiment: str
    name: str
    run_id: str | None
    at: float
    tags: dict[str, str]


class _Texts(BaseModel):
    values: dict[str, str]


class _Metrics(BaseModel):
    points: list[Point]


class _Model(BaseModel):
    name: str
    step: Int64
    tags: dict[str, str]
    points: list[Point]
    digest: str


class _Dataset(BaseModel):
    name: str
    digest: str
    source: str
    profile: dict[str, Any]
    context: str


class _Artifact(BaseModel):
    file: str
    folder: str | None
    table: bool


class _End(BaseModel):
    status: str
    at: float


SHAPES: dict[str, type[BaseModel]] = {
    "run": _Run,
    "parameters": _Texts,
    "tags": _Texts,
    "metrics": _Metrics,
    "model": _Model,
    "dataset": _Dataset,
    "artifact": _Artifact,
    "end": _End,
}


def encode(values: Mapping[str, Any]) -> bytes:
    """Return a line: the values as JSON, a blank and the CRC-32 of the JSON, 8 hex digits.

    What no text can hold, such as bytes of a file name that are not UTF-8, becomes a question mark.
    """
    content = json.dumps(values, ensure_ascii=False).encode(errors="replace")
    return b"%s %08x\n" % (content, zlib.crc32(content))


def decode(line: bytes) -> dict[str, Any]:
    """Return the values of a line; one that ends with its JSON was written before lines had a checksum.

    Raises:
        ValueError: it is damaged, nested too deeply, or holds no object, or what no text can hold.
    """
    content = line.removesuffix(b"\n")
    if not content.endswith(b"}"):
        content, _, checksum = content.rpartition(b" ")
        if checksum != b"%08x" % zlib.crc32(content):
            raise ValueError("the line and its checksum do not agree")
    try:
        values = json.loads(content)
        if rb"\ud" in content:
            json.dumps(
                values, ensure_ascii=False
            ).encode()  # half a surrogate pair would be refused later, by everything that it is sent with
    except RecursionError as error:
        raise ValueError("the line is nested too deeply") from error
    if not isinstance(values, dict):
        raise ValueError("the line holds no object")
    return values


def read_entry(line: bytes, end: int) -> Entry:
    """Return what a line says; of the operation UNREADABLE where it is damaged or makes no sense."""
    try:
        values = decode(line)
        op = values.pop("op")
        return Entry(op, SHAPES[op].model_validate(values).model_dump(), end)
    except (ValueError, KeyError, TypeError):
        return Entry(UNREADABLE, {"line": repr(line[:2000])}, end)
