"""The four files that are compared with the hub: what other systems know of the same connections.

Each is CSV in UTF-8 or GB 18030 with a line of titles (docs/auditing.md); columns with other titles are not read (P3).
A line that cannot be read is a finding, not an error: the file is evidence. Numbers are tidied as in records, so that
one number in two spellings is one.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from hub.audit.codes import CLASSES, Class
from hub.clock import CHINA
from hub.errors import Misconfigured, RecordRejected
from hub.records.files import csv, parse
from hub.records.identifiers import tidy
from hub.records.text import is_blank, is_encodable, is_plain, strip, without_invisible

LINES_MAX: Final = 1_000_000
NUMBER_CHARACTERS_MAX: Final = 64
_START_BYTES: Final = 4
_CHOICE: Final = f"--encoding {' or '.join(parse.ENCODINGS)}"
_NULL: Final = ("", "NULL", "2147483647")
"""What means no value; 2147483647 in the tables of some connection systems."""


class Sort(StrEnum):
    """What a file is about."""

    ARCHIVE = "archive"
    FIRST_READINGS = "first-reading"
    CONTACTS = "contact"
    COMPLAINTS = "complaint"


_NUMBERS: Final = ("application_no", "app_no")
_TIME: Final = {
    Sort.ARCHIVE: "completed_at",
    Sort.FIRST_READINGS: "read_at",
    Sort.CONTACTS: "contacted_at",
    Sort.COMPLAINTS: "complained_at",
}
_MORE: Final = {Sort.ARCHIVE: ("accepted_at", "rating"), Sort.COMPLAINTS: ("about",)}
GRADES: Final = ("1", "2", "3", "4", "5")


class Moment(NamedTuple):
    """A time as a file has it, from its first to its last millisecond: a date alone is a whole day in China."""

    first_ms: int
    last_ms: int


class Row(NamedTuple):
    """One line. ``application_no``: the hub's number, ``app_no``: the connection system's own; one of them may be "".
    Both are tidied (``hub.records.identifiers.tidy``), as the numbers of steps are.
    ``at``: of the completion, the reading, the contact or the complaint. ``rating`` and ``accepted``: of the archive.
    ``about``: the class that a complaint names."""

    sort: Sort
    line: int
    application_no: str
    app_no: str
    at: Moment
    accepted: Moment | None = None
    rating: int | None = None
    about: Class | None = None


Line = Row | tuple[Sort, int, str]
"""A line that was read; or (file, number of the line, why it cannot be)."""


def titles(sort: Sort) -> tuple[str, ...]:
    """The columns of a file."""
    return (*_NUMBERS, _TIME[sort], *_MORE.get(sort, ()))


def read(path: Path, sort: Sort, encoding: str = parse.ENCODINGS[0]) -> Iterator[Line]:
    """The lines of a file. Raises ``Misconfigured`` where it is in another encoding, has not the columns or one of them
    twice, or is too long; ``OSError``."""
    with path.open("rb") as stream:
        start = stream.read(_START_BYTES)
        if parse.is_in_another(start, encoding):
            raise Misconfigured(
                f"{path.name} is not in {encoding}", f"save it as CSV in UTF-8, or name its encoding: {_CHOICE}"
            )
        stream.seek(0)
        with closing(csv.rows(stream, encoding)) as lines:
            _, header = next(lines, (0, list[str]()))
            names = _names(path, sort, header)
            for count, (number, cells) in enumerate(lines):
                if count >= LINES_MAX:
                    raise Misconfigured(
                        f"{path.name} has more than {LINES_MAX} lines", "divide it, and audit each part"
                    )
                yield _line(sort, number, names, cells)


def _names(path: Path, sort: Sort, header: list[str] | RecordRejected) -> list[str]:
    """The names of the columns. A second one of a name is refused: its cells would hide those of the first."""
    names = [] if isinstance(header, RecordRejected) else [strip(without_invisible(one)).lower() for one in header]
    if missing := [name for name in titles(sort) if name not in names]:
        raise Misconfigured(
            f"{path.name}: the first line does not name {', '.join(missing)}",
            f"its columns are {','.join(titles(sort))} (docs/auditing.md)",
        )
    if twice := [name for name in titles(sort) if names.count(name) > 1]:
        raise Misconfigured(
            f"{path.name}: the first line names {', '.join(twice)} more than once",
            "leave one column of each name, and ask the sender which one counts",
        )
    return names


def _line(sort: Sort, number: int, names: list[str], cells: list[str] | RecordRejected) -> Line:
    if isinstance(cells, RecordRejected):
        return sort, number, cells.code
    if not is_blank("".join(cells[len(names) :])):
        return sort, number, "more cells than columns"
    found = {name: strip(cell) for name, cell in zip(names, cells, strict=False) if name in titles(sort)}
    if not all(map(is_encodable, found.values())):
        return sort, number, f"not in this encoding; name it: {_CHOICE}"
    values = {name: "" if value in _NULL else value for name, value in found.items()}
    try:
        return _row(sort, number, values)
    except (ValueError, OverflowError) as error:
        return sort, number, str(error)


def _row(sort: Sort, number: int, values: Mapping[str, str]) -> Row:
    application_no, app_no = (_number(values.get(name, "")) for name in _NUMBERS)
    if not application_no and not app_no:
        raise ValueError("no number")
    accepted = values.get("accepted_at")
    return Row(
        sort=sort,
        line=number,
        application_no=application_no,
        app_no=app_no,
        at=_moment(values.get(_TIME[sort], ""), _TIME[sort]),
        accepted=_moment(accepted, "accepted_at") if accepted else None,
        rating=_grade(values.get("rating", "")),
        about=_class(values.get("about", "")),
    )


def _number(text: str) -> str:
    if len(text) > NUMBER_CHARACTERS_MAX or not is_plain(text):
        raise ValueError("a number that is none")
    return tidy(text)


def _moment(text: str, name: str) -> Moment:
    """ISO 8601, with a blank or T; without an offset in China's time."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name} is no time") from None
    aware = found if found.tzinfo else found.replace(tzinfo=CHINA)
    first_ms = int(aware.astimezone(UTC).timestamp() * 1000)
    whole_day = len(text) <= len("2022-01-04") and found.time() == time()
    return Moment(first_ms, first_ms + int(timedelta(days=1).total_seconds()) * 1000 - 1 if whole_day else first_ms)


def _grade(text: str) -> int | None:
    if text and text not in GRADES:
        raise ValueError("rating is none of 1 to 5")
    return int(text) if text else None


def _class(text: str) -> Class | None:
    named = {one.value: one for one in CLASSES} | {one.zh: one for one in CLASSES}
    if text and text not in named:
        raise ValueError("about names no class")
    return named.get(text)
