"""P1: every row of a file gives a record or a fault with its code, and its neighbours flow on, whatever it holds."""

import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ports import Fault
from hub.records.files import json as parse_json
from hub.records.files.avro import MAGIC
from hub.records.files.json import DEPTH_MAX, RECORD_BYTES_MAX
from hub.records.files.parse import ENCODINGS, FORMATS, Row, rows
from hub.records.kinds import KINDS
from hub.records.rules import Context
from hub.records.verdict import judge

BUSINESS = KINDS["licence.business"]
_NOW = datetime(2024, 5, 1, tzinfo=UTC)
TITLE = KINDS["licence.property-title"]
Plain = Callable[[str], dict[str, Any]]


def read(data: bytes, form: str, kind: Any = BUSINESS, encoding: str = "utf-8") -> list[Row]:
    return list(rows(kind, io.BytesIO(data), form, encoding))


def codes(found: list[Row]) -> list[str]:
    return [row.fault.code if row.fault else "ok" for row in found]


@pytest.fixture
def good(samples: Any) -> bytes:
    return json.dumps(json.loads((samples / "business.json").read_text("utf-8")), ensure_ascii=False).encode()


HOSTILE = [
    (b'{"a": 1, "a": 2}', "DUPLICATE_KEY"),
    (b'{"a": {"b": 1, "b": 1}}', "DUPLICATE_KEY"),
    (b'{"a": NaN}', "NUMBER_NOT_FINITE"),
    (b'{"a": -Infinity}', "NUMBER_NOT_FINITE"),
    (b'{"a": 1e999}', "NUMBER_NOT_FINITE"),
    (b'{"a": 9223372036854775808}', "NUMBER_TOO_LARGE"),
    (b'{"a": ' + b"9" * 100_000 + b"}", "NUMBER_TOO_LARGE"),
    (b'{"a":' * 50 + b"1" + b"}" * 50, "TOO_DEEP"),
    (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "TOO_DEEP"),
    (b'{"a": "' + b"x" * RECORD_BYTES_MAX + b'"}', "TOO_LARGE"),
    (b'{"a": "\xff\xfe"}', "TEXT_ENCODING"),
    (b'{"a": "\xed\xa0\x80"}', "TEXT_ENCODING"),
    (b"{", "UNREADABLE"),
    (b'{"a": 1}}', "UNREADABLE"),
    (b'{"a": "\x01"}', "UNREADABLE"),
    (b"\x00", "UNREADABLE"),
    (b"[]", "SHAPE_TYPE"),
    (b"null", "SHAPE_TYPE"),
    (b'"text"', "SHAPE_TYPE"),
]


@pytest.mark.parametrize(("line", "code"), HOSTILE, ids=lambda value: str(value)[:30])
def test_hostile_lines_and_their_neighbours(line: bytes, code: str, good: bytes) -> None:
    found = read(good + b"\n" + line + b"\n\n" + good, "jsonl")
    assert codes(found) == ["ok", code, "ok"]
    assert [row.number for row in found] == [1, 2, 4]


@pytest.mark.parametrize(
    ("element", "code"),
    [case for case in HOSTILE if case[0] not in (b"{", b'{"a": 1}}', b"\x00")],
    ids=lambda value: str(value)[:30],
)
def test_hostile_elements_and_their_neighbours(element: bytes, code: str, good: bytes) -> None:
    found = read(b"[" + good + b", " + element + b"," + good + b"]", "json")
    assert codes(found) == ["ok", code, "ok"]


def test_depth_is_measured_not_counted(good: bytes) -> None:
    wide = b'{"a": [' + b",".join([b"{}"] * 100) + b"]}"
    deep = b'{"a":' * DEPTH_MAX + b"1" + b"}" * DEPTH_MAX
    quoted = b'{"a": "' + b"[" * 100 + b'"}'
    assert codes(read(b"\n".join([wide, deep, quoted]), "jsonl")) == ["ok", "ok", "ok"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ["UNREADABLE"]),
        (b"[]", []),
        (b" [ \n ] \n", []),
        (b"[", ["UNREADABLE"]),
        (b"[{}", ["UNREADABLE"]),
        (b"[{},", ["ok", "UNREADABLE"]),
        (b"[{}] x", ["ok", "TRAILING_BYTES"]),
        (b"[{},,{}]", ["ok", "UNREADABLE", "ok"]),
        (b"[{} {}, {}]", ["UNREADABLE", "ok"]),
        (b"\xef\xbb\xbf[{}]", ["ok"]),
        (b"{} {}", ["UNREADABLE"]),
    ],
)
def test_json_files(data: bytes, expected: list[str]) -> None:
    assert codes(read(data, "json")) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


class Drip(io.BytesIO):
    """Gives out few bytes at a time, so that every token is cut somewhere."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size, self._size) if size and size > 0 else size)


@given(st.lists(json_values, max_size=4), st.integers(1, 9), st.booleans())
def test_an_array_is_cut_where_it_should_be(values: list[Any], size: int, ascii_only: bool) -> None:
    data = b" [" + json.dumps(values, ensure_ascii=ascii_only)[1:].encode("utf-8", "surrogatepass")
    stream = Drip(data, size)
    stream.seek(1)
    assert [json.loads(piece or b"") for _, piece in parse_json.elements(stream)] == values


@given(st.sampled_from(FORMATS), st.binary(max_size=300), st.sampled_from(ENCODINGS))
def test_any_bytes_give_rows(form: str, data: bytes, encoding: str) -> None:
    for row in read(data, form, encoding=encoding):
        assert (row.record is None) != (row.fault is None)
        assert row.number >= 1
        if row.record is not None:
            judge(BUSINESS, row.record, Context.at(_NOW))


@given(st.text(alphabet='",\n\r a.0enterprise{}[]:\\', max_size=200), st.sampled_from(FORMATS))
def test_any_text_gives_rows(text: str, form: str) -> None:
    for row in read(text.encode(), form):
        assert (row.record is None) != (row.fault is None)


def test_what_a_file_may_leave_out(good: bytes) -> None:
    bare = json.loads(good)
    del bare["source"], bare["assurance"], bare["enterprise"]["former_names"], bare["enterprise"]["valid_until"]
    (row,) = read(json.dumps(bare).encode(), "json")
    assert row.record is not None
    assert row.record["assurance"] == "CHANNEL_ONLY"
    assert row.record["enterprise"]["former_names"] == []
    assert not judge(BUSINESS, row.record, Context.at(_NOW)).findings


def test_long_term_is_no_end(good: bytes) -> None:
    record = json.loads(good)
    record["enterprise"]["valid_until"] = "长期"
    (row,) = read(json.dumps(record).encode(), "json")
    assert row.record is not None
    assert row.record["enterprise"]["valid_until"] is None


# ---- CSV -----------------------------------------------------------------------------------------------------------

HEADER = (
    "authority,region,status,unit.unit_no,unit.title_no,unit.address.text,unit.area_m2,unit.issued_on,unit.valid_until,unit.seized,"
    "unit.co_ownership,holders.0.name,holders.0.id_type,holders.0.id_number,holders.0.share,"
    "holders.1.name,holders.1.id_type,holders.1.id_number,holders.1.share"
)
LINE = (
    "11120000000021135M,120104,CURRENT,120104001001GB00001F00010001,津(2021)南开区不动产权第1000001号,长江道12号,89.5,2021-08-02,长期,否,"
    "SHARES,李某,RESIDENT_ID,11010519491231002X,1/2,王某,RESIDENT_ID,440524188001010014,1/2"
)
ALONE = LINE.replace("SHARES", "SOLE").replace(",1/2,王某,RESIDENT_ID,440524188001010014,1/2", ",,,,,")


def csv_rows(*lines: str, encoding: str = "utf-8") -> list[Row]:
    return read("\n".join(lines).encode(encoding), "csv", TITLE, encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_csv(encoding: str) -> None:
    both, alone = csv_rows(HEADER, LINE, ALONE, encoding=encoding)
    assert both.record is not None
    assert alone.record is not None
    assert [holder["share"] for holder in both.record["holders"]] == ["1/2", "1/2"]
    assert [holder["share"] for holder in alone.record["holders"]] == [None]
    assert both.record["unit"]["valid_until"] is None
    assert both.record["unit"]["seized"] is False
    assert (both.number, alone.number) == (2, 3)
    for row in (both, alone):
        assert judge(TITLE, row.record, Context.at(_NOW)).findings in ((), [])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (LINE + ",more", "UNREADABLE"),
        ('"a"b,' + LINE, "UNREADABLE"),
        ("x" * (RECORD_BYTES_MAX + 10), "TOO_LARGE"),
    ],
    ids=["more-cells", "quote", "long"],
)
def test_csv_faults_and_their_neighbours(line: str, code: str) -> None:
    assert codes(csv_rows(HEADER, LINE, line, LINE)) == ["ok", code, "ok"]


def test_an_open_quote_swallows_a_bounded_part() -> None:
    filler = [LINE] * (RECORD_BYTES_MAX // len(LINE) + 50)
    found = codes(csv_rows(HEADER, '"' + LINE, *filler))
    assert found[0] in ("TOO_LARGE", "UNREADABLE")
    assert found[-1] == "ok"


@pytest.mark.parametrize(
    ("header", "code"),
    [("a,a", "DUPLICATE_KEY"), (",".join(f"c{n}" for n in range(3_000)), "TOO_LARGE"), ('"a', "UNREADABLE")],
)
def test_a_header_that_cannot_be(header: str, code: str) -> None:
    assert codes(csv_rows(header, LINE)) == [code]


def test_a_header_with_a_strange_name_is_named_in_every_row() -> None:
    (row,) = csv_rows(HEADER + ",unit.colour,holders.x.name", LINE + ",red,y")
    assert row.fault is None
    findings = judge(TITLE, row.record, Context.at(_NOW)).findings
    assert list(findings) == [
        Fault("SHAPE_UNKNOWN_FIELD", "unit.colour"),
        Fault("SHAPE_UNKNOWN_FIELD", "holders.x.name"),
    ]


def test_a_column_that_is_a_value_and_a_group() -> None:
    assert codes(csv_rows("unit,unit.unit_no", "1,2")) == ["UNREADABLE"]


def test_csv_in_a_wrong_encoding_names_the_field() -> None:
    (row,) = read("\n".join((HEADER, LINE)).encode("gb18030"), "csv", TITLE)
    findings = judge(TITLE, row.record, Context.at(_NOW)).findings
    assert Fault("TEXT_ENCODING", "holders.0.name") in findings


# ---- Avro ----------------------------------------------------------------------------------------------------------


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


# ---- memory --------------------------------------------------------------------------------------------------------


class Stream(io.RawIOBase):
    """A file made as it is read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._left = self._left or next(self._pieces, b"")
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


@pytest.mark.parametrize("form", ["jsonl", "json", "csv"])
def test_memory_is_constant(form: str, good: bytes) -> None:
    """Some 15 MB of rows, among them one of 10 MB, in a few megabytes."""
    long = [b'{"a": "', *[b"x" * 10_000] * 1_000, b'"}']
    if form == "csv":
        pieces = [
            HEADER.encode() + b"\n",
            *[(LINE + "\n").encode()] * 20,
            *long,
            b"\n",
            *[(LINE + "\n").encode() * 500] * 60,
        ]
    else:
        mark = b"\n" if form == "jsonl" else b","
        pieces = [b" " if form == "jsonl" else b"[", good + mark, *long, mark, *[(good + mark) * 100] * 60, good]
        pieces += [] if form == "jsonl" else [b"]"]
    stream = io.BufferedReader(Stream(iter(pieces)))
    kind = TITLE if form == "csv" else BUSINESS
    tracemalloc.start()
    base = tracemalloc.get_traced_memory()[0]
    count = sum(1 for _ in rows(kind, stream, form))
    peak = tracemalloc.get_traced_memory()[1] - base
    tracemalloc.stop()
    assert count > 5_000
    assert peak < 6_000_000
