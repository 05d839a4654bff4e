"""Files of plain records, read row by row: JSON, JSON Lines, CSV and Avro container files, in constant memory.

Every row gives a record or a fault with its code, and its neighbours flow on. Records come with the schema's defaults,
dates made from text, and what a file may leave out: ``source`` and ``assurance``.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from io import BufferedReader
from typing import Any, BinaryIO, Final, NamedTuple

from hub.codec.defaults import Complete, Readers, completer
from hub.errors import RecordRejected
from hub.ports import Fault, Plain
from hub.records.dates import date_or_none, date_or_same
from hub.records.files import avro as parse_avro
from hub.records.files import csv as parse_csv
from hub.records.files import json as parse_json
from hub.records.files.identifiers import tidier
from hub.records.kinds import Kind
from hub.records.text import is_blank

FORMATS: Final = ("json", "jsonl", "csv", "avro")
SUFFIXES: Final = {
    ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".avro": "avro",
}  # fmt: skip
ENCODINGS: Final = ("utf-8", "gb18030")


class Row(NamedTuple):
    """A row of a file. ``number``: its line (JSON Lines, CSV) or its place in the file (JSON, Avro), from 1."""

    number: int
    record: Plain | None
    fault: Fault | None = None


def rows(kind: Kind, stream: BinaryIO, form: str, encoding: str = "utf-8") -> Iterator[Row]:
    """The rows of an open file. ``form`` is json, jsonl, csv or avro. ``encoding`` is for CSV; the others are UTF-8.

    Wrong content never raises; it gives faults. A text file that begins in another encoding has one fault,
    TEXT_ENCODING. Raises ``OSError`` as the stream does.
    """
    ahead = BufferedReader(stream)  # type: ignore[type-var]
    try:
        if form != "avro" and is_in_another(ahead.peek(4)[:4], encoding if form == "csv" else "utf-8"):
            yield Row(1, None, Fault("TEXT_ENCODING"))
        else:
            yield from _READERS[form](kind, ahead, encoding)
    finally:
        ahead.detach()


def is_in_another(start: bytes, encoding: str) -> bool:
    """Whether a text file begins with the byte order mark of another encoding, or as UTF-16 and UTF-32 do without one:
    two characters of ASCII have a zero byte between them (RFC 4627 §3)."""
    own = {"utf-8": b"\xef\xbb\xbf", "gb18030": b"\x84\x31\x95\x33"}
    other = start.startswith((b"\xff\xfe", b"\xfe\xff", *(mark for name, mark in own.items() if name != encoding)))
    return other or b"\0" in start


def _row(number: int, complete: Complete, value: Any) -> Row:
    """The row of what was read: a value, or the ``RecordRejected`` that says why not."""
    if isinstance(value, RecordRejected):
        return _fault(number, value)
    return Row(number, complete(value)) if type(value) is dict else Row(number, None, Fault("SHAPE_TYPE"))


def _fault(number: int, fault: RecordRejected) -> Row:
    return Row(number, None, Fault(fault.code, fault.field))


def _text_or_none(value: Any) -> Any:
    return None if type(value) is str and is_blank(value) else value


_OF_TEXT: Final = Readers(date_or_same, date_or_none, _text_or_none)
_OF_AVRO: Final = Readers(parse_avro.day, parse_avro.day_or_none, _text_or_none)


def _completer(kind: Kind, readers: Readers | None = None) -> Complete:
    """Defaults of the schema, and of a file: a row's own number names it when its source does not. Identifiers are
    tidied."""
    complete, tidied = completer(kind.schema.parsed, readers), tidier(kind.schema.parsed)
    assert complete is not None

    def complete_open(value: Any) -> Any:
        if "source" not in value:
            value["source"] = {"system": "file", "key": "row", "version": 0, "operation": "UPSERT"}
        value.setdefault("assurance", "CHANNEL_ONLY")
        completed = complete(value)
        return tidied(completed) if tidied else completed

    return complete_open


def _json_rows(kind: Kind, pieces: Iterator[parse_json.Piece]) -> Iterator[Row]:
    complete = _completer(kind, _OF_TEXT)
    number = 0
    try:
        for number, data in pieces:
            value = RecordRejected("TOO_LARGE") if data is None else _attempt(parse_json.load, data)
            yield _row(number, complete, value)
    except RecordRejected as fault:
        yield _fault(number + 1, fault)


def _csv_rows(kind: Kind, stream: BinaryIO, encoding: str) -> Iterator[Row]:
    complete = _completer(kind)
    with closing(parse_csv.rows(stream, encoding)) as read:
        for number, header in read:
            columns = _attempt(parse_csv.columns, header, kind.schema.parsed)
            if isinstance(columns, RecordRejected):
                yield _fault(number, columns)
                return
            break
        for number, cells in read:
            yield _row(number, complete, _attempt(parse_csv.record, cells, columns))


def _avro_rows(kind: Kind, stream: BinaryIO, _encoding: str) -> Iterator[Row]:
    complete = _completer(kind, _OF_AVRO)
    number = 0
    try:
        for number, value in parse_avro.rows(stream, kind.schema.parsed):
            yield _row(number, complete, value)
    except RecordRejected as fault:
        yield _fault(number + 1, fault)


def _attempt(read: Callable[..., Any], given: Any, *more: Any) -> Any:
    """``read(given, …)``, or the ``RecordRejected`` that it raises, or that was given."""
    if isinstance(given, RecordRejected):
        return given
    try:
        return read(given, *more)
    except RecordRejected as fault:
        return fault


_READERS: Final[dict[str, Callable[[Kind, BinaryIO, str], Iterator[Row]]]] = {
    "json": lambda kind, stream, _: _json_rows(kind, parse_json.elements(stream)),
    "jsonl": lambda kind, stream, _: _json_rows(kind, parse_json.lines(stream)),
    "csv": _csv_rows,
    "avro": _avro_rows,
}
