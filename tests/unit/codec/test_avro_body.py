"""P1: hostile Avro gets a code, at once and in little memory: recursion, array<null>, indexes of -1, false sizes."""

import io
import time
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.codec.avro_body import BODY_BYTES_MAX, Body, decode_body
from hub.codec.catalogue import catalogue
from hub.errors import RecordRejected
from hub.records.kinds import KIND_NAMES, KINDS

RECURSIVE = {"type": "record", "name": "R", "fields": [{"name": "next", "type": ["null", "R"]}]}
ENUM = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
EMPTY = {"type": "record", "name": "Empty", "fields": []}


def nested(depth: int) -> Any:
    schema: Any = "int"
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


def doubling(times: int) -> Any:
    """Record R1 has two fields of R0, R2 two of R1, …: 2^times values in no bytes at all."""
    fields: list[Any] = [{"name": "f0", "type": {"type": "record", "name": "R0", "fields": []}}]
    for place in range(1, times):
        inner = [{"name": "a", "type": f"R{place - 1}"}, {"name": "b", "type": f"R{place - 1}"}]
        fields.append({"name": f"f{place}", "type": {"type": "record", "name": f"R{place}", "fields": inner}})
    return {"type": "record", "name": "Top", "fields": fields}


WIDE = {
    "type": "record",
    "name": "W",
    "fields": [{"name": "b", "type": "boolean"}] + [{"name": f"n{i}", "type": "null"} for i in range(500)],
}


def refused(parsed: Any, data: bytes) -> str:
    with pytest.raises(RecordRejected) as caught:
        Body(parsed).decode(data)
    return caught.value.code


@pytest.mark.parametrize(
    "schema",
    [
        RECURSIVE,
        nested(100),
        doubling(40),
        {"type": "array", "items": "null"},
        {"type": "array", "items": EMPTY},
        {"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}},
        {"type": "array", "items": WIDE},
    ],
    ids=["recursive", "deep", "doubling", "array-null", "array-empty", "array-fixed0", "array-wide"],
)
def test_unsafe_schemas_are_refused_before_a_byte_is_read(schema: Any) -> None:
    assert refused(fastavro.parse_schema(schema), b"\x02" * 5_000) == "SCHEMA_UNKNOWN"


@pytest.mark.parametrize(
    ("schema", "data", "code"),
    [
        (ENUM, b"\x01", "UNREADABLE"),  # index -1
        (ENUM, b"\x04", "UNREADABLE"),  # index 2 of 2
        (["null", "string"], b"\x01", "UNREADABLE"),  # index -1
        (["null", "string"], b"\x04", "UNREADABLE"),
        ("string", b"\x09abc", "UNREADABLE"),  # length -5
        ("string", b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", "UNREADABLE"),  # length 2^63 - 1
        ("string", b"\x04\xff\xfe", "TEXT_ENCODING"),
        ("string", b"\x04\xed\xa0", "TEXT_ENCODING"),
        ("boolean", b"\x02", "UNREADABLE"),
        ("long", b"\xff" * 11, "UNREADABLE"),
        ("long", b"\xff", "UNREADABLE"),
        ("long", b"", "UNREADABLE"),
        ("double", b"\x00" * 7, "UNREADABLE"),
        ("int", b"\x02\x00", "TRAILING_BYTES"),
        ({"type": "array", "items": "boolean"}, b"\xfe\xff\xff\xff\x0f\x01", "UNREADABLE"),  # 2^31 items in a byte
        ({"type": "array", "items": "int"}, b"\x01\x80\x01\x02\x00", "UNREADABLE"),  # block of 64 bytes in three
        ({"type": "map", "values": "int"}, b"\x02\x02", "UNREADABLE"),
        ({"type": "int", "logicalType": "date"}, b"\xfe\xff\xff\xff\x0f", "UNREADABLE"),  # five million years on
    ],
)
def test_hostile_bytes(schema: Any, data: bytes, code: str) -> None:
    assert refused(fastavro.parse_schema(schema), data) == code


def test_a_body_has_a_bound() -> None:
    assert refused(fastavro.parse_schema("bytes"), bytes(BODY_BYTES_MAX + 1)) == "TOO_LARGE"


@pytest.mark.parametrize(
    ("schema", "data", "value"),
    [
        (
            {"type": "array", "items": "int"},
            b"\x01\x02\x02\x02\x04\x00",
            [1, 2],
        ),  # a block with its size, then one without
        ({"type": "map", "values": "int"}, b"\x02\x02a\x02\x00", {"a": 1}),
        (["null", ENUM], b"\x02\x02", "B"),
        (EMPTY, b"", {}),
        ({"type": "fixed", "name": "F", "size": 2}, b"ab", b"ab"),
    ],
)
def test_what_other_writers_may_write(schema: Any, data: bytes, value: Any) -> None:
    assert Body(fastavro.parse_schema(schema)).decode(data) == value


def encoded(parsed: Any, value: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, parsed, value)
    return out.getvalue()


@pytest.mark.parametrize("name", KIND_NAMES)
def test_good_records_come_back(name: str, plain: Any) -> None:
    record = plain(name.rpartition(".")[2])
    schema = KINDS[name].schema
    data = encoded(schema.parsed, record)
    assert decode_body(schema, data) == record
    for cut in range(0, len(data), 7):
        with pytest.raises(RecordRejected):
            decode_body(schema, data[:cut])
    with pytest.raises(RecordRejected, match="TRAILING_BYTES"):
        decode_body(schema, data + b"\0")


@given(st.sampled_from(list(catalogue())), st.binary(max_size=200))
def test_any_bytes_get_a_verdict(schema: Any, data: bytes) -> None:
    try:
        value = decode_body(schema, data)
    except RecordRejected as rejected:
        assert rejected.code in ("UNREADABLE", "TRAILING_BYTES", "TEXT_ENCODING")
    else:
        assert decode_body(schema, encoded(schema.parsed, value)) == value


@given(st.data())
def test_flipped_bits_get_a_verdict(plain_bytes: tuple[Any, bytes], data: st.DataObject) -> None:
    schema, body = plain_bytes
    place = data.draw(st.integers(0, len(body) * 8 - 1))
    flipped = bytearray(body)
    flipped[place // 8] ^= 1 << (place % 8)
    try:
        decode_body(schema, bytes(flipped))
    except RecordRejected as rejected:
        assert rejected.code in ("UNREADABLE", "TRAILING_BYTES", "TEXT_ENCODING")


@pytest.fixture(scope="module")
def plain_bytes() -> tuple[Any, bytes]:
    schema = catalogue().by_name("licence.business.legal_representative")
    return schema, encoded(schema.parsed, {"name": "王某", "id_type": "RESIDENT_ID", "id_number": "11010519491231002X"})


def test_the_worst_bytes_of_our_schemas_cost_little() -> None:
    """A bound on work, not only on memory: a body of the largest size is refused or read in well under a second."""
    started = time.process_time()
    for schema in catalogue():
        for data in (b"\0" * BODY_BYTES_MAX, b"\x02" * BODY_BYTES_MAX, b"\x01" * BODY_BYTES_MAX):
            with pytest.raises(RecordRejected):
                decode_body(schema, data)
    assert time.process_time() - started < 5
