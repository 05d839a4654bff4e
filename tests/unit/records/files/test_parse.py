"""P1: every row of a file gives a record or a fault with its code, and its neighbours flow on, whatever it holds."""

import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.records.files.parse import ENCODINGS, FORMATS, rows
from hub.records.rules import Context
from hub.records.verdict import judge
from tests.unit.records.files.reading import BUSINESS, HEADER, LINE, TITLE, read

_NOW = datetime(2024, 5, 1, tzinfo=UTC)


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


@pytest.mark.parametrize("text", ["2021-06-01", "2021/6/1", "20210601", "2021年6月1日", "2021-06-01 00:00:00"])
def test_a_date_is_read_in_every_form_that_sources_write(good: bytes, text: str) -> None:
    record = json.loads(good)
    record["enterprise"]["issued_on"] = text
    (row,) = read(json.dumps(record).encode(), "json")
    assert row.record is not None
    assert row.record["enterprise"]["issued_on"] == date(2021, 6, 1)


@pytest.mark.parametrize("dirt", [str.lower, " {} ".format, "\u200e{}".format, lambda text: text.replace("1", "１")])
def test_identifiers_are_tidied_as_connectors_tidy_them(good: bytes, dirt: Callable[[str], str]) -> None:
    """One way for identifiers: a file is judged as its source would be."""
    record = json.loads(good)
    (clean,) = read(json.dumps(record).encode(), "json")
    enterprise, representative = record["enterprise"], record["legal_representative"]
    assert clean.record
    enterprise["uscc"], record["region"] = dirt(enterprise["uscc"]), dirt(record["region"])
    representative["id_number"] = dirt(representative["id_number"])
    (row,) = read(json.dumps(record).encode(), "json")
    assert row.record == clean.record
    enterprise["name"] = "\u200e" + enterprise["name"]
    (row,) = read(json.dumps(record).encode(), "json")
    assert row.record
    assert [one.code for one in judge(BUSINESS, row.record, Context.at(_NOW)).findings] == ["TEXT_CONTROL"]


def test_the_identifiers_of_every_item_of_a_list_are_tidied() -> None:
    bare = {
        "holders": [{"id_number": "11010519491231002x"}, {"id_number": None}, 1],
        "unit": {"title_no": "津（2021）"},
    }
    (row,) = read(json.dumps(bare).encode(), "json", kind=TITLE)
    assert row.record
    assert row.record["holders"][0]["id_number"] == "11010519491231002X"
    assert row.record["holders"][2] == 1
    assert row.record["unit"]["title_no"] == "津（2021）", "as given"


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
