"""Reads CSV from outside: a header of dotted field names (``enterprise.uscc``, ``holders.0.name``), then one record in
each row."""

import csv
import io
from collections.abc import Callable, Generator, Iterator
from itertools import pairwise
from typing import Any, BinaryIO, Final

from hub.errors import RecordRejected
from hub.records.dates import date_or_none, date_or_same
from hub.records.files.json import RECORD_BYTES_MAX, SKIPPED_BYTES_MAX
from hub.records.text import current, is_blank, without_invisible

COLUMNS_MAX: Final = 2_000
_BOOLEANS: Final = {"true": True, "1": True, "是": True, "false": False, "0": False, "否": False}

Cell = Callable[[str], Any]
Path = tuple[str | int, ...]
Column = tuple[Path, Cell]
Row = tuple[int, list[str] | RecordRejected]


def rows(stream: BinaryIO, encoding: str) -> Generator[Row, None, None]:
    """(Line number, cells) of each row, also of the header; a ``RecordRejected`` instead of cells that cannot be read.
    A row of blank cells is no row: spreadsheets write them.

    Memory: one row. A quote that is never closed takes at most ``RECORD_BYTES_MAX`` bytes; then reading continues. It
    ends after a line of more than ``SKIPPED_BYTES_MAX`` characters.
    """
    csv.field_size_limit(RECORD_BYTES_MAX)
    lines = _Lines(stream, encoding)
    try:
        while not lines.ended:
            yield from _some_rows(lines)
    finally:
        lines.close()


def _some_rows(lines: "_Lines") -> Iterator[Row]:
    """The rows up to the end, or to one that cannot be read."""
    reader = csv.reader(lines, strict=True)
    try:
        for cells in reader:
            if not is_blank("".join(cells)):
                yield lines.first, cells
            lines.start_row()
    except RecordRejected as fault:
        yield lines.first, fault
    except csv.Error:
        yield lines.first, RecordRejected("UNREADABLE")
    lines.start_row()


class _Lines:
    """Decoded lines, with a bound on the size of one row. Wrong bytes become lone surrogates; the shape check refuses
    them."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._text = io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="")
        self._encoding = encoding
        self._row_characters = 0
        self._number = 0
        self.first = 1
        self.ended = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(RECORD_BYTES_MAX + 1)
        if not line:
            self.ended = True
            raise StopIteration
        self._number += 1
        self._row_characters += len(line)
        if self._row_characters > RECORD_BYTES_MAX:
            self._skip_line(line)
            raise RecordRejected("TOO_LARGE")
        return current(line.removeprefix("\ufeff") if self._number == 1 else line, self._encoding)

    def _skip_line(self, line: str) -> None:
        skipped = 0
        while line and not line.endswith(("\n", "\r")):
            line = self._text.readline(RECORD_BYTES_MAX)
            skipped += len(line)
            if skipped > SKIPPED_BYTES_MAX:
                self.ended = True
                return

    def close(self) -> None:
        """Give the stream back, still open."""
        self._text.detach()

    def start_row(self) -> None:
        self._row_characters = 0
        self.first = self._number + 1


# ---- cells to records ----------------------------------------------------------------------------------------------


def _text(cell: str) -> Any:
    return cell


def _nullable(convert: Cell) -> Cell:
    return lambda cell: None if is_blank(cell) else convert(cell)


def _integer(cell: str) -> Any:
    figures = without_invisible(cell).strip()
    return int(figures) if len(figures) <= 20 and figures.removeprefix("-").isdecimal() and figures.isascii() else cell


def _boolean(cell: str) -> Any:
    return _BOOLEANS.get(without_invisible(cell).strip().lower(), cell)


def _converter(schema: Any) -> Cell:
    """The function that converts a cell. A cell that cannot be converted stays text; the shape check refuses it."""
    if isinstance(schema, list):
        (branch,) = (branch for branch in schema if branch != "null")
        return date_or_none if _is_date(branch) else _nullable(_converter(branch))
    if _is_date(schema):
        return date_or_same
    name = schema["type"] if isinstance(schema, dict) else schema
    return {"long": _integer, "int": _integer, "boolean": _boolean}.get(name, _text)


def columns(header: list[str], schema: Any) -> list[Column]:
    """For each column where its cells go and how they are read. Raises ``RecordRejected``: DUPLICATE_KEY (two columns
    of one field), TOO_LARGE.

    A name that the schema does not have stays: the shape check names it in every row. A column without a name has the
    path (): its cells must be blank.
    """
    if len(header) > COLUMNS_MAX:
        raise RecordRejected("TOO_LARGE")
    names = [without_invisible(name).strip() for name in header]
    found = [_column(name, schema) if name else ((), _text) for name in names]
    paths = [path for path, _ in found if path]
    if len(set(paths)) != len(paths):
        raise RecordRejected("DUPLICATE_KEY")
    return found


def _column(name: str, schema: Any) -> Column:
    """Follow a dotted name into the schema. An unknown name becomes an unknown field of the last record on its path."""
    path: list[str | int] = []
    steps = name.split(".")
    record_at = 0
    for place, step in enumerate(steps):
        if _is(schema, "record"):
            record_at = place
            schema = next((entry["type"] for entry in schema["fields"] if entry["name"] == step), None)
            path.append(step)
        elif _is(schema, "array") and step.isdecimal() and step.isascii() and len(step) <= 3:
            schema = schema["items"]
            path.append(int(step))
        else:
            schema = None
        if schema is None:
            return (*path[:record_at], ".".join(steps[record_at:])), _text
    return tuple(path), _converter(schema)


def _is_date(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("logicalType") == "date"


def _is(schema: Any, name: str) -> bool:
    return isinstance(schema, dict) and schema["type"] == name


def record(cells: list[str], columns: list[Column]) -> dict[str, Any]:
    """The record of one row. Empty cells of a list are left out, and so are items with empty cells only.

    Raises ``RecordRejected`` (UNREADABLE) for a cell that is not blank and has no column, or whose column has no name,
    and for a header that makes one thing both a value and a group.
    """
    if not is_blank("".join(cells[len(columns) :])):
        raise RecordRejected("UNREADABLE")
    tree: dict[str | int, Any] = {}
    for (path, convert), cell in zip(columns, cells, strict=False):
        if path:
            node = _group(tree, path, cell)
            if node is not None:
                node[path[-1]] = convert(cell)
        elif not is_blank(cell):
            raise RecordRejected("UNREADABLE")
    found: dict[str, Any] = _plain(tree)
    return found


class _Items(dict[str | int, Any]):
    """A list while it is being read: item number → item."""


def _group(tree: dict[str | int, Any], path: Path, cell: str) -> dict[str | int, Any] | None:
    """The group of a cell, created if it is new; ``None`` for an empty cell of a list."""
    node = tree
    for step, following in pairwise(path):
        in_list = isinstance(following, int)
        node = node.setdefault(step, _Items() if in_list else {})
        if not isinstance(node, dict):
            raise RecordRejected("UNREADABLE")
        if in_list and is_blank(cell):
            return None
    return node


def _plain(node: Any) -> Any:
    if isinstance(node, _Items):
        return [_plain(node[step]) for step in sorted(node, key=int)]
    return {step: _plain(value) for step, value in node.items()} if isinstance(node, dict) else node
