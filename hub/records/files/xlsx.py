"""Reads spreadsheets (.xlsx, ECMA-376 part 1) from outside, row by row: values only, no formulas, no macros.

A cell is text, a number, a date, a flag or ``None``. Numbers of more than 15 figures have lost figures in the program
that wrote them and are given as they are, for the mapping to refuse. Memory: the shared texts, and one row.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO, Final

from hub.errors import RecordRejected
from hub.records.files.archive import Archive, opened, unsafe
from hub.records.files.csv import COLUMNS_MAX
from hub.records.files.json import RECORD_BYTES_MAX
from hub.records.files.xml import Reader, local

SHARED_CHARACTERS_MAX: Final = 8_388_608
SHARED_TEXTS_MAX: Final = 1_000_000
CELL_CHARACTERS_MAX: Final = 32_767
"""Characters of one cell (the format's own bound)."""
PARTS_MAX: Final = 65_536
_SHEETS_MAX: Final = 256
_DAYS_END: Final = 2_958_466
_LEAP_DAY_THAT_WAS_NOT: Final = 60
_DATES: Final = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
"""Number formats of dates and times without a text of their own, also those of China (ECMA-376 §18.8.30)."""
_OTHER_LETTERS: Final = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.')
_PLACE: Final = re.compile(r"([A-Z]{1,3})[0-9]{1,7}")
_MACROS: Final = ("xl/vbaproject.bin",)

Cell = str | int | float | date | bool | None
Cells = list[Any]
Row = tuple[int, Cells | RecordRejected]
"""(Row number of the sheet, from 1; cells, or why they cannot be read)."""


@contextmanager
def opened_book(stream: BinaryIO) -> Iterator["Book"]:
    """The workbook in an open file that can seek. Raises ``RecordRejected``: ARCHIVE_UNSAFE, XML_UNSAFE, UNREADABLE,
    TOO_LARGE."""
    with opened(stream) as archive:
        if any(name.lower() in _MACROS for name in archive.names()):
            raise unsafe("macros")
        yield Book(archive)


class Book:
    """A workbook: its sheets, shared texts, and which number formats are dates."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        targets = _targets(archive)
        self._from_1904, self._sheets = _sheets(archive, targets)
        names = archive.names()
        self._texts = _shared(archive) if "xl/sharedStrings.xml" in names else []
        self._dates = _dates(archive) if "xl/styles.xml" in names else []

    def sheets(self) -> list[str]:
        """The names of its sheets, in their order."""
        return list(self._sheets)

    def rows(self, sheet: str = "") -> Iterator[Row]:
        """The rows of a sheet ("": the first) with a cell that is not blank. Raises ``RecordRejected`` (UNREADABLE)
        when there is no such sheet, and as the archive and the XML do."""
        name = sheet or next(iter(self._sheets), "")
        if name not in self._sheets:
            raise RecordRejected("UNREADABLE", detail=f"the workbook has no sheet {sheet!r}")
        found = _Sheet(self._texts, self._dates, self._from_1904)
        with self._archive.member(self._sheets[name]) as stream:
            for _ in Reader(found.start, found.end, found.text).chunks(stream):
                yield from found.take()


# ---- parts of a workbook -------------------------------------------------------------------------------------------


def _elements(archive: Archive, part: str) -> Iterator[tuple[str, dict[str, str]]]:
    """(Name, attributes by their local names) of the elements of a small part."""
    found: list[tuple[str, dict[str, str]]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        found.append((name, {local(key): value for key, value in attributes.items()}))
        if len(found) > PARTS_MAX:
            raise RecordRejected("TOO_LARGE", detail="a part of the workbook")

    with archive.member(part) as stream:
        for _ in Reader(start, lambda _: None, lambda _: None).chunks(stream):
            pass
    yield from found


def _targets(archive: Archive) -> dict[str, str]:
    """Id of a relation of the workbook → the part that it leads to. Relations to the outside lead nowhere."""
    found = {}
    for name, given in _elements(archive, "xl/_rels/workbook.xml.rels"):
        if name == "Relationship" and given.get("TargetMode") != "External":
            target = given.get("Target", "")
            found[given.get("Id", "")] = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    return found


def _sheets(archive: Archive, targets: dict[str, str]) -> tuple[bool, dict[str, str]]:
    """(Whether days count from 1904; name of a sheet → its part)."""
    from_1904, found = False, dict[str, str]()
    for name, given in _elements(archive, "xl/workbook.xml"):
        if name == "workbookPr":
            from_1904 = given.get("date1904") in ("1", "true")
        elif name == "sheet" and len(found) < _SHEETS_MAX:
            found[given.get("name", "")] = targets.get(given.get("id", ""), "")
    return from_1904, found


def _shared(archive: Archive) -> list[str]:
    """The texts that cells share. Readings beside characters (phonetic runs) are no text."""
    texts: list[str] = []
    parts: list[str] = []
    state = {"text": False, "phonetic": False, "characters": 0}

    def start(name: str, _: dict[str, str]) -> None:
        if name == "si":
            parts.clear()
        state["phonetic"] = state["phonetic"] or name == "rPh"
        state["text"] = name == "t" and not state["phonetic"]

    def end(name: str) -> None:
        state["text"] = False
        if name == "rPh":
            state["phonetic"] = False
        elif name == "si":
            texts.append("".join(parts))
            if len(texts) > SHARED_TEXTS_MAX:
                raise RecordRejected("TOO_LARGE", detail="too many shared texts")

    def text(piece: str) -> None:
        if state["text"]:
            parts.append(piece)
            state["characters"] += len(piece)
            if state["characters"] > SHARED_CHARACTERS_MAX:
                raise RecordRejected("TOO_LARGE", detail="shared texts")

    with archive.member("xl/sharedStrings.xml") as stream:
        for _ in Reader(start, end, text).chunks(stream):
            pass
    return texts


def _dates(archive: Archive) -> list[bool]:
    """For each cell style, by its number: whether it shows a number as a date."""
    own: dict[str, bool] = {}
    found: list[bool] = []
    in_cells = False
    for name, given in _elements(archive, "xl/styles.xml"):
        if name == "numFmt":
            own[given.get("numFmtId", "")] = _is_date(given.get("formatCode", ""))
        elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            in_cells = name == "cellXfs"
        elif name == "xf" and in_cells:
            number = given.get("numFmtId", "0")
            found.append(own.get(number, number.isdecimal() and int(number[:6]) in _DATES))
    return found


def _is_date(code: str) -> bool:
    """Whether a number format shows a date.

    >>> _is_date('yyyy"年"m"月"d"日"'), _is_date('0.00"d"'), _is_date("[Red]0")
    (True, False, False)
    """
    return any(letter in _OTHER_LETTERS.sub("", code).lower() for letter in "ymdhs")


# ---- rows ----------------------------------------------------------------------------------------------------------


class _Sheet:
    """Builds rows from what the reader tells of one sheet."""

    def __init__(self, texts: list[str], dates: list[bool], from_1904: bool) -> None:
        self._texts, self._dates, self._from_1904 = texts, dates, from_1904
        self._done: list[Row] = []
        self._cells: dict[int, Any] = {}
        self._fault: RecordRejected | None = None
        self._number = self._column = self._characters = 0
        self._cell: dict[str, str] | None = None
        self._value: list[str] = []
        self._reads = self._phonetic = False

    def take(self) -> list[Row]:
        done, self._done = self._done, []
        return done

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            given = attributes.get("r", "")
            self._number = int(given) if given.isdecimal() and len(given) < 8 else self._number + 1
            self._cells, self._fault, self._column, self._characters = {}, None, -1, 0
        elif name == "c":
            self._cell, self._value = attributes, []
            self._column = _column(attributes.get("r", ""), self._column + 1)
        elif name == "rPh":
            self._phonetic = True
        elif name == "f":
            self._fail("FORMULA")
        elif name in ("v", "t"):
            self._reads = self._cell is not None and not self._phonetic

    def text(self, text: str) -> None:
        if self._reads:
            self._characters += len(text)
            self._value.append(text)
            if self._characters > RECORD_BYTES_MAX or sum(map(len, self._value)) > CELL_CHARACTERS_MAX:
                self._fail("TOO_LARGE")
                self._value = []

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._reads = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "c":
            self._put()
        elif name == "row" and (self._cells or self._fault):
            width = max(self._cells, default=-1) + 1
            cells: Cells = [self._cells.get(place) for place in range(width)]
            self._done.append((self._number, self._fault or cells))

    def _fail(self, code: str) -> None:
        self._fault = self._fault or RecordRejected(code)

    def _put(self) -> None:
        given, self._cell = self._cell or {}, None
        if self._fault is not None:
            return
        try:
            value = self._read(given, "".join(self._value))
        except RecordRejected as fault:
            self._fault = fault
            return
        if value is not None and value != "":
            if self._column >= COLUMNS_MAX:
                self._fail("TOO_LARGE")
            else:
                self._cells[self._column] = value

    def _read(self, given: dict[str, str], text: str) -> Cell:
        kind = given.get("t", "n")
        if kind == "s":
            return self._shared(text)
        if kind in ("str", "inlineStr", "d"):
            return text
        if kind == "b":
            return text == "1"
        if kind != "n":
            raise RecordRejected("UNREADABLE", detail="a cell with an error")
        return self._numeric(text, given.get("s", "0")) if text else None

    def _shared(self, text: str) -> str:
        place = int(text) if text.isdecimal() and len(text) < 8 else -1
        if not 0 <= place < len(self._texts):
            raise RecordRejected("UNREADABLE", detail="a text that the workbook does not have")
        return self._texts[place]

    def _numeric(self, text: str, style: str) -> Cell:
        place = int(style) if style.isdecimal() and len(style) < 6 else 0
        value = _number(text)
        if place < len(self._dates) and self._dates[place]:
            return moment(float(value), self._from_1904)
        return value


def _column(place: str, following: int) -> int:
    """The column of "AB12", from 0; ``following`` for a cell that does not say.

    >>> _column("A1", 0), _column("AB12", 0), _column("", 5)
    (0, 27, 5)
    """
    match = _PLACE.fullmatch(place)
    if match is None:
        return following
    number = 0
    for letter in match[1]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _number(text: str) -> int | float:
    if len(text) <= 18 and text.removeprefix("-").isdecimal() and text.isascii():
        return int(text)
    try:
        value = float(text) if len(text) <= 64 else float("nan")
    except ValueError:
        raise RecordRejected("UNREADABLE", detail="a number that is none") from None
    if value - value != 0:
        raise RecordRejected("NUMBER_NOT_FINITE")
    return value


def moment(days: float, from_1904: bool = False) -> date:
    """A day, or a day with its time, of a spreadsheet's number of days. Raises ``RecordRejected`` (UNREADABLE) for a
    number that is no day.

    >>> [moment(days).isoformat() for days in (44259, 44259.5, 59, 61)]
    ['2021-03-04', '2021-03-04T12:00:00', '1900-02-28', '1900-03-01']
    """
    if not 0 <= days < _DAYS_END:
        raise RecordRejected("UNREADABLE", detail="a number that is no day")
    first = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet has no zone
    if not from_1904 and days < _LEAP_DAY_THAT_WAS_NOT:
        first += timedelta(days=1)
    found = first + timedelta(seconds=round(days * 86_400))
    return found.date() if days == int(days) else found
