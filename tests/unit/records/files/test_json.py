"""JSON from outside: every row gives a record or a fault, and its neighbours are read (P1)."""

import io
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import RecordRejected
from hub.records.files import json as parse_json
from hub.records.files.json import DEPTH_MAX, RECORD_BYTES_MAX, load
from tests.unit.records.files.reading import codes, read

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


@pytest.mark.parametrize(
    "record",
    [
        b'{"a":[' + b"[" * 33 + b'"' + b'\\"' * 130_000,
        b"[" * 40 + b'"' * 260_000,
        (b"[" * 40 + b'"\\') * 6_000,
        b"[" * 40 + b"\\" * 260_000,
        b'{"a":' * 31 + b'"' + b"\\u0000" * 43_000,
        b"[" + b"[]," * 87_000 + b"[]]",
        b"[1." + b"9" * 260_000,
        b'{"a":"' + b"x" * 260_000,
    ],
    ids=["escaped", "quotes", "cut", "backslashes", "nul", "wide", "figures", "open"],
)
def test_no_record_holds_the_threads_of_the_hub(record: bytes) -> None:
    """P1: reading takes linear time. One record of 64 kB once held every thread of the process for half a minute."""
    began = time.process_time()
    codes(read(record, "jsonl"))
    codes(read(b"[" + record + b"]", "json"))
    assert time.process_time() - began < 2


def test_a_record_without_an_end_is_not_searched_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse_json, "SKIPPED_BYTES_MAX", 1_000_000)
    assert codes(read(b'{"a":"' + b"x" * 3_000_000 + b'"}\n{}', "jsonl")) == ["TOO_LARGE"]
    assert codes(read(b'[{"a":"' + b"x" * 3_000_000 + b'"},{}]', "json")) == ["TOO_LARGE"]


def test_files_that_were_put_together(good: bytes) -> None:
    assert codes(read(b"\xef\xbb\xbf" + good + b"\n\xef\xbb\xbf" + good, "jsonl")) == ["ok", "ok"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-8-sig"])
@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_a_file_in_another_encoding_is_told_once(form: str, encoding: str, good: bytes) -> None:
    text = good.decode() if form == "json" else "\n".join([good.decode()] * 3)
    expected = ["ok"] * (1 if form == "json" else 3) if encoding == "utf-8-sig" else ["TEXT_ENCODING"]
    assert codes(read(text.encode(encoding), form)) == expected


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


@pytest.mark.parametrize("value", [0, -(2**63), 2**63 - 1, 1.5, "天津", [], {}, None, True])
def test_a_value_is_read_as_it_was_written(value: Any) -> None:
    assert load(json.dumps(value).encode()) == value


@pytest.mark.parametrize("data", [b"", b" ", b"{}{}", b"01", b"'a'", b'{"a":1,}'])
def test_what_is_not_one_value_is_unreadable(data: bytes) -> None:
    with pytest.raises(RecordRejected, match="UNREADABLE"):
        load(data)
