"""Avro container files from outside: neither their schemas nor their counts and sizes are believed (P1)."""

import io
import json
from collections.abc import Callable
from typing import Any

import fastavro
import pytest

from hub.records.files.avro import MAGIC
from tests.unit.records.files.reading import BUSINESS, codes, read

Plain = Callable[[str], dict[str, Any]]


def container(
    records: list[Any], schema: Any = BUSINESS.schema.parsed, codec: str = "null", per_block: int = 1
) -> bytes:
    out = io.BytesIO()
    fastavro.writer(
        out, schema, records, codec=codec, sync_interval=1 if per_block == 1 else 10**9, sync_marker=b"S" * 16
    )
    return out.getvalue()


@pytest.mark.parametrize("codec", ["null", "deflate"])
@pytest.mark.parametrize("per_block", [1, 100])
def test_avro(plain: Plain, codec: str, per_block: int) -> None:
    record = plain("business")
    found = read(container([record] * 5, codec=codec, per_block=per_block), "avro")
    assert [row.record for row in found] == [record] * 5
    assert [row.number for row in found] == [1, 2, 3, 4, 5]


def test_a_broken_block_and_its_neighbours(plain: Plain) -> None:
    """One record a block; the second block's sync marker is damaged, then its contents."""
    data = container([plain("business")] * 4)
    marks = [place for place in range(len(data)) if data[place : place + 16] == b"S" * 16]
    assert len(marks) == 5
    no_mark = data[: marks[2]] + b"X" + data[marks[2] + 1 :]
    found = codes(read(no_mark, "avro"))
    assert found.count("UNREADABLE") == 1
    assert found[0] == found[-1] == "ok"
    bad_index = bytearray(data)
    bad_index[marks[1] + 16 + 3] = 0x01  # after count and size: the first text has a length of -1
    assert codes(read(bytes(bad_index), "avro")) == ["ok", "UNREADABLE", "ok", "ok"]


def test_an_older_writer_s_schema_is_resolved(plain: Plain) -> None:
    """A file written before a field with a default was added."""
    schema = json.loads(BUSINESS.schema.text)
    enterprise = next(entry for entry in schema["fields"] if entry["name"] == "enterprise")["type"]
    enterprise["fields"] = [entry for entry in enterprise["fields"] if entry["name"] != "licence_number"]
    record = plain("business")
    del record["enterprise"]["licence_number"]
    (row,) = read(container([record], fastavro.parse_schema(schema)), "avro")
    assert row.record == plain("business")


def header(schema: bytes, codec: bytes = b"null") -> bytes:
    def text(value: bytes) -> bytes:
        return varint(len(value)) + value

    entries = text(b"avro.schema") + text(schema) + text(b"avro.codec") + text(codec)
    return MAGIC + varint(2) + entries + b"\0" + b"S" * 16


def varint(value: int) -> bytes:
    value = value << 1 if value >= 0 else ((-value) << 1) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


BOMB = b"x\x9c" + b"\0" * 10
INT = b'"int"'


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ["UNREADABLE"]),
        (b"Obj\x02", ["UNREADABLE"]),
        (MAGIC + varint(2**40), ["UNREADABLE"]),
        (MAGIC + varint(1) + varint(2**40), ["TOO_LARGE"]),
        (header(b"{"), ["SCHEMA_UNKNOWN"]),
        (header(b"[" * 100_000), ["SCHEMA_UNKNOWN"]),
        (header(b'{"type": "array", "items": "null"}'), ["SCHEMA_UNKNOWN"]),
        (header(INT, b"bzip3"), ["UNREADABLE"]),
        (header(INT), []),
        (header(INT) + varint(1) + varint(2**40), ["TOO_LARGE"]),
        (header(INT) + varint(2**40) + varint(1) + b"\x02" + b"S" * 16, ["UNREADABLE"]),
        (header(INT) + varint(1) + varint(1) + b"\x02" + b"S" * 16, ["SHAPE_TYPE"]),
        (header(INT, b"deflate") + varint(1) + varint(12) + BOMB + b"S" * 16, ["UNREADABLE"]),
    ],
)
def test_hostile_avro_files(data: bytes, expected: list[str]) -> None:
    assert codes(read(data, "avro")) == expected
