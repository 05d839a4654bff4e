"""Tables as CSV that a spreadsheet opens without harm and without change.

A cell from outside can be a formula that runs when the file is opened (CWE-1236), and a number of 18 digits loses its
last ones. So each text that a spreadsheet would take for a formula or for a number begins with an apostrophe; numbers
that the hub counted stay numbers. Hidden characters are escaped as in JSON.
"""

import csv
import json
import re
from collections.abc import Iterable, Sequence
from typing import IO, Any, Final

from hub.records.text import is_plain

ENCODING: Final = "utf-8-sig"
"""With the mark by which spreadsheets read Chinese."""
CELL_CHARACTERS_MAX: Final = 32_767
"""Characters of one cell; a spreadsheet cuts longer ones without a message."""
ROWS_MAX: Final = 1_048_575
"""Rows below the titles that a spreadsheet shows."""
Cell = str | int | None

_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What begins a formula; some languages also take the full-width characters."""
_NUMBER: Final = re.compile(r"[\d.,]*\d[\d.,]*([eE][+-]?\d+)?%?")


def cell(value: Cell) -> str | int:
    """One cell as it is written.

    >>> [cell(one) for one in ("=1+1", " @SUM(A1)", "120104000000000123", "12e4", -3, None, "南开区")]
    ["'=1+1", "' @SUM(A1)", "'120104000000000123", "'12e4", -3, '', '南开区']
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = value if is_plain(value) else "".join(one if is_plain(one) else json.dumps(one)[1:-1] for one in value)
    begins = text.lstrip()
    changed = begins.startswith(_FORMULA) or _NUMBER.fullmatch(begins.rstrip()) is not None
    return (f"'{text}" if changed else text)[:CELL_CHARACTERS_MAX]


def write(stream: IO[Any], titles: Sequence[str], rows: Iterable[Sequence[Cell]]) -> int:
    """Write titles and rows; every text in quotes. Returns the number of rows."""
    out = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    out.writerow(map(cell, titles))
    count = 0
    for row in rows:
        out.writerow(map(cell, row))
        count += 1
    return count
