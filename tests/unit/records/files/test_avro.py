"""Avro container files from outside: neither their schemas nor their counts and sizes are believed (P1)."""

import io
import json
import time
import zlib
from collections.abc import Callable
from datetime import date
from typing import Any

import fastavro
import pytest

from hub.ports import Fault
from hub.records.files.avro import MAGIC
from hub.records.shape import check_shape
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


def file_of(record: dict[str, Any], change: Callable[[Any], None]) -> bytes:
    """One record, in a file whose schema is the kind's after ``change``."""
    schema = json.loads(BUSINESS.schema.text)
    change(schema)
    return container([record], fastavro.parse_schema(schema))


def without(name: str) -> Callable[[Any], None]:
    def change(schema: Any) -> None:
        schema["fields"] = [entry for entry in schema["fields"] if entry["name"] != name]

    return change


def of(schema: Any, *path: str) -> Any:
    for step in path:
        schema = next(entry for entry in schema["fields"] if entry["name"] == step)
        schema = schema if step == path[-1] else schema["type"]
    return schema


def test_what_a_file_may_leave_out_is_filled_in(plain: Plain) -> None:
    """P1: as the help of the command says."""
    for name in ("source", "assurance"):
        record = {key: value for key, value in plain("business").items() if key != name}
        (row,) = read(file_of(record, without(name)), "avro")
        assert row.record is not None
        assert check_shape("licence.business", row.record) == ()


def test_what_is_missing_is_named(plain: Plain) -> None:
    record = plain("business")
    del record["enterprise"]["name"]
    (row,) = read(file_of(record, lambda schema: without("name")(of(schema, "enterprise")["type"])), "avro")
    assert check_shape("licence.business", row.record) == [Fault("SHAPE_MISSING", "enterprise.name")]


def test_a_wrong_type_is_named(plain: Plain) -> None:
    record = plain("business")
    record["enterprise"]["name"] = 5

    def change(schema: Any) -> None:
        of(schema, "enterprise", "name")["type"] = "int"

    (row,) = read(file_of(record, change), "avro")
    assert check_shape("licence.business", row.record) == [Fault("SHAPE_TYPE", "enterprise.name")]


@pytest.mark.parametrize(
    ("kind", "written", "day"),
    [
        ("int", 18_690, date(2021, 3, 4)),
        ("long", 18_690, date(2021, 3, 4)),
        ("string", "2021年3月4日", date(2021, 3, 4)),
        ("bytes", b"2021-03-04", b"2021-03-04"),
        ("int", 20_210_304, 20_210_304),
        ("int", -719_162, date(1, 1, 1)),
        ({"type": "long", "logicalType": "timestamp-millis"}, 1_614_787_200_000, 1_614_787_200_000),
    ],
)
def test_a_date_needs_no_logical_type(plain: Plain, kind: Any, written: Any, day: Any) -> None:
    """Logical types play no part in resolution (Avro 1.11)."""
    record = plain("business")
    record["enterprise"]["issued_on"] = written

    def change(schema: Any) -> None:
        of(schema, "enterprise", "issued_on")["type"] = kind

    (row,) = read(file_of(record, change), "avro")
    assert row.record is not None
    assert row.record["enterprise"]["issued_on"] == day
    faults = check_shape("licence.business", row.record)
    assert list(faults) == ([] if day == date(2021, 3, 4) else [Fault("SHAPE_TYPE", "enterprise.issued_on")])


def test_a_date_outside_the_calendar_is_named(plain: Plain) -> None:
    record = plain("business")
    record["enterprise"]["issued_on"] = 10**9

    def change(schema: Any) -> None:
        of(schema, "enterprise", "issued_on")["type"] = "int"

    data = file_of(record, change).replace(b'"issued_on", "type": "int"', b'"issued_on", "type": "int"')
    assert check_shape("licence.business", read(data, "avro")[0].record) == [
        Fault("SHAPE_TYPE", "enterprise.issued_on")
    ]


def test_no_end_is_none_in_avro_too(plain: Plain) -> None:
    record = plain("business")
    record["enterprise"]["valid_until"] = date(9999, 12, 31)
    (row,) = read(container([record]), "avro")
    assert row.record is not None
    assert row.record["enterprise"]["valid_until"] is None


def test_fields_that_the_reader_does_not_have_are_passed_over(plain: Plain) -> None:
    """Avro 1.11, schema resolution: a newer writer is read."""
    record = plain("business") | {"colour": "red"}
    (row,) = read(file_of(record, lambda schema: schema["fields"].append({"name": "colour", "type": "string"})), "avro")
    assert row.record == plain("business")


def fixed(size: Any) -> Any:
    return {"type": "fixed", "name": "F", "size": size}


ENUM: Any = {"type": "enum", "name": "E", "symbols": 1}
UNSAFE = [
    *(fixed(size) for size in (-5, None, "x", 1.5, 10**30, True, [], 10**6)),
    {"type": "map", "values": fixed(-2)},
    {"type": "array", "items": {"type": "record", "name": "R", "fields": [{"name": "a", "type": fixed(-5)}]}},
    {"type": "record", "name": "R", "fields": [{"name": "a", "type": fixed(None)}]},
    ENUM,
    ENUM | {"symbols": None},
    ENUM | {"symbols": [1]},
    ENUM | {"symbols": "AB"},
    {"type": "record", "name": "R", "fields": 1},
    {"type": "record", "name": "R", "fields": [1]},
    {"type": "record", "name": "R", "fields": [{"name": "a", "type": {"type": {"type": 5}}}]},
    {"type": "record", "name": 5, "fields": []},
    {"type": "record", "name": "R", "fields": []},
    {"type": "record", "name": "R", "fields": [{"name": "a", "type": "null"}]},
    {
        "type": "record",
        "name": "R",
        "fields": [{"name": "a", "type": "int"}, *({"name": f"n{i}", "type": "null"} for i in range(999))],
    },
    fixed(0),
    "null",
    [],
    5,
    None,
    {"type": "bytes", "logicalType": "decimal", "precision": "x", "scale": -1},
]


@pytest.mark.parametrize("schema", UNSAFE, ids=lambda schema: json.dumps(schema)[:60])
@pytest.mark.parametrize("body", [b"\x04\x02a\x02b\0", b"\x02\0\0", b"\xff" * 40])
def test_a_schema_that_cannot_be_read_safely_is_refused(schema: Any, body: bytes) -> None:
    """P1: sizes that are negative, null, text, a fraction or huge crashed the command, or kept it for ever."""
    began = time.process_time()
    data = header(json.dumps(schema).encode()) + varint(1) + varint(len(body)) + body + b"S" * 16
    assert set(codes(read(data, "avro"))) <= {"SCHEMA_UNKNOWN", "UNREADABLE", "SHAPE_TYPE", "TRAILING_BYTES"}
    assert time.process_time() - began < 1


def bomb(schema: Any, plain_byte: bytes, size: int = 16_777_216) -> bytes:
    engine = zlib.compressobj(9, wbits=-15)
    body = engine.compress(plain_byte * size) + engine.flush()
    text = json.dumps(schema).encode()
    return header(text, b"deflate") + varint(size) + varint(len(body)) + body + b"S" * 16


@pytest.mark.parametrize(
    ("schema", "plain_byte"),
    [
        (BUSINESS.schema.json, b"\xff"),
        ({"type": "record", "name": "R", "fields": []}, b"\0"),
        ({"type": "record", "name": "R", "fields": [{"name": "a", "type": "boolean"}]}, b"\0"),
    ],
    ids=["broken", "no-bytes", "one-byte"],
)
def test_a_small_file_is_not_many_rows(schema: Any, plain_byte: bytes) -> None:
    """P1: 25 kB once became 16.8 million rows."""
    began = time.process_time()
    found = codes(read(bomb(schema, plain_byte), "avro"))
    assert found in (["SCHEMA_UNKNOWN"], ["TOO_LARGE"])
    assert time.process_time() - began < 1


def test_many_small_blocks_are_not_many_rows() -> None:
    """The limit of what a byte of the file may become holds for all blocks together."""
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "boolean"}]}
    engine = zlib.compressobj(9, wbits=-15)
    body = engine.compress(b"\0" * 200_000) + engine.flush()
    block = varint(12_000) + varint(len(body)) + body + b"S" * 16
    data = header(json.dumps(schema).encode(), b"deflate") + block * 50
    found = codes(read(data, "avro"))
    assert len(found) < 20 * len(data)
    assert found.count("TOO_LARGE") > 25


def test_real_files_pack_less_than_the_limit(plain: Plain) -> None:
    records = [plain("business") for _ in range(2_000)]
    for place, record in enumerate(records):
        record["source"]["key"] = f"{place:08d}"
    found = read(container(records, codec="deflate", per_block=100), "avro")
    assert codes(found) == ["ok"] * 2_000


def test_a_block_that_cannot_be_unpacked_hides_no_neighbour(plain: Plain) -> None:
    """P1: the block after one that is too large was passed over without a word."""
    data = container([plain("business")] * 3, codec="deflate")
    marks = [place for place in range(len(data)) if data[place : place + 16] == b"S" * 16]
    start, end = marks[1] + 16, marks[2]
    large = varint(5) + varint(12) + b"\xff" * 12
    assert codes(read(data[:start] + large + data[end:], "avro")) == ["ok", "UNREADABLE", "ok"]


def test_a_header_of_many_entries_is_read_in_time() -> None:
    began = time.process_time()
    data = MAGIC + varint(400_000) + b"\x02a\x00" * 400_000 + b"\0"
    assert codes(read(data, "avro")) == ["TOO_LARGE"]
    assert time.process_time() - began < 3


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
