"""Tables as CSV that a spreadsheet opens without harm and without change.

A cell from outside can be a formula that runs when the file is opened (CWE-1236), and a number of 18 digits loses its
last ones. So each text that a spreadsheet would take for a formula or for a number begins with an apostrophe; numbers
that the hub counted stay numbers. Hidden characters are escaped as in JSON.
"""

import csv
import json
import re
from collections.abc import Iterable, Sequence
from typing import IO, Any, Final, NamedTuple

from hub.records.text import is_plain

ENCODING: Final = "utf-8-sig"
"""With the mark by which spreadsheets read Chinese."""
CELL_CHARACTERS_MAX: Final = 32_767
"""Characters of one cell, in units of UTF-16; a spreadsheet cuts longer ones without a message."""
_UNIT_BYTES: Final = 2
_SURELY_WHOLE: Final = 1_000
"""A text of so few characters fits, however it is escaped."""
ROWS_MAX: Final = 1_048_575
"""Rows below the titles that a spreadsheet shows."""
Cell = str | int | float | None

_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What begins a formula; some languages also take the full-width characters."""
_NUMBER: Final = re.compile(r"[\d.,]*\d[\d.,]*([eE][+-]?\d+)?%?")


def cell(value: Cell) -> str | int | float:
    """One cell as it is written.

    >>> [cell(one) for one in ("=1+1", " @SUM(A1)", "120104000000000123", "12e4", -3, None, "南开区")]
    ["'=1+1", "' @SUM(A1)", "'120104000000000123", "'12e4", -3, '', '南开区']
    """
    text = _safe(value)
    return _fitting(text) if isinstance(text, str) else text


def _safe(value: Cell) -> str | int | float:
    """A cell that no spreadsheet runs or shortens, of any length."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = value if is_plain(value) else "".join(one if is_plain(one) else json.dumps(one)[1:-1] for one in value)
    begins = text.lstrip()
    changed = begins.startswith(_FORMULA) or _NUMBER.fullmatch(begins.rstrip()) is not None
    return f"'{text}" if changed else text


def _fitting(text: str) -> str:
    """A text as it is, or as much of it as a cell shows, with a word about the rest."""
    if not _is_cut(text):
        return text
    told = f" …[cut here 此处截断: {len(text)} characters 字符, --json has all 全文见 --json]"
    room = (CELL_CHARACTERS_MAX - len(told)) * _UNIT_BYTES
    return text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + told


def _is_cut(text: str | float) -> bool:
    """Whether a cell does not show all of a text."""
    if not isinstance(text, str) or len(text) * _UNIT_BYTES <= CELL_CHARACTERS_MAX:
        return False
    return len(text.encode("utf-16-le")) > CELL_CHARACTERS_MAX * _UNIT_BYTES


class Written(NamedTuple):
    """How many rows were written, and how many of their cells do not show all of their text."""

    rows: int
    cut: int


def write(stream: IO[Any], titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Written:
    """Write titles and rows; every text in quotes."""
    out = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    out.writerow(map(cell, titles))
    count = cut = 0
    for row in rows:
        out.writerow(map(cell, row))
        count += 1
        cut += sum(_is_cut(_safe(one)) for one in row if isinstance(one, str) and len(one) > _SURELY_WHOLE)
    return Written(count, cut)
