"""The four files that are compared with the hub: what other systems know of the same connections.

Each is CSV in UTF-8 or GB 18030 with a line of titles (docs/auditing.md); columns with other titles are not read (P3).
What cannot be read is a finding, not an error: the file is evidence. A cell that cannot be read hides no other cell of
its line, and a line with a number is compared by all that it does say.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from hub.audit import values
from hub.audit.findings.classes import Class
from hub.audit.values import Moment
from hub.errors import Misconfigured, RecordRejected
from hub.records.files import csv, parse
from hub.records.text import is_blank, is_encodable, strip, without_invisible

LINES_MAX: Final = 1_000_000
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
_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    **dict.fromkeys(_NUMBERS, values.number),
    **dict.fromkeys((*_TIME.values(), "accepted_at"), values.moment),
    "rating": values.grade,
    "about": values.class_of,
}


class Row(NamedTuple):
    """One line. ``application_no``: the hub's number, ``app_no``: the connection system's own; one of them may be "".
    Both are tidied (``hub.records.identifiers.tidy``), as the numbers of steps are.
    ``at``: of the completion, the reading, the contact or the complaint. ``rating`` and ``accepted``: of the archive.
    ``about``: the class that a complaint names. ``unread``: columns whose cells cannot be read. ``goes_on``: its file
    has lines that are later than the last day of the audit, so it was written later."""

    sort: Sort
    line: int
    application_no: str
    app_no: str
    at: Moment | None
    accepted: Moment | None = None
    rating: int | None = None
    about: Class | None = None
    unread: frozenset[str] = frozenset()
    goes_on: bool = False


class Unread(NamedTuple):
    """A line or a cell that cannot be read, why, and the numbers that the line names."""

    sort: Sort
    line: int
    why: str
    numbers: str = ""


Line = Row | Unread
"""A line that has a number, and each thing of it that cannot be read."""


def titles(sort: Sort) -> tuple[str, ...]:
    """The columns of a file."""
    return (*_NUMBERS, _TIME[sort], *_MORE.get(sort, ()))


def read(path: Path, sort: Sort, encoding: str = parse.ENCODINGS[0]) -> Iterator[Line]:
    """The lines of a file. Raises ``Misconfigured`` where it is in another encoding, has not the columns or one of them
    twice, or is too long; ``OSError``."""
    with path.open("rb") as stream:
        if parse.is_in_another(stream.peek(_START_BYTES)[:_START_BYTES], encoding):
            raise Misconfigured(
                f"{path.name} is not in {encoding}", f"save it as CSV in UTF-8, or name its encoding: {_CHOICE}"
            )
        with closing(csv.rows(stream, encoding)) as lines:
            _, header = next(lines, (0, list[str]()))
            names = _names(path, sort, header)
            for count, (number, cells) in enumerate(lines):
                if count >= LINES_MAX:
                    raise Misconfigured(
                        f"{path.name} has more than {LINES_MAX} lines", "divide it, and audit each part"
                    )
                yield from _line(sort, number, names, cells)


def by(until_ms: int, rows: Iterable[Row]) -> tuple[list[Row], Counter[Sort]]:
    """The lines of what had happened by then; and of each file how many it has of later."""
    every = list(rows)
    later = Counter(row.sort for row in every if row.at and row.at.first_ms > until_ms)
    found = (row for row in every if row.at is None or row.at.first_ms <= until_ms)
    return [row._replace(goes_on=later[row.sort] > 0) for row in found], later


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


def _line(sort: Sort, number: int, names: list[str], cells: list[str] | RecordRejected) -> Iterator[Line]:
    if isinstance(cells, RecordRejected):
        yield Unread(sort, number, cells.code)
        return
    if not is_blank("".join(cells[len(names) :])):
        yield Unread(sort, number, "more cells than columns")
        return
    given = {name: values.text(cell) for name, cell in zip(names, cells, strict=False) if name in titles(sort)}
    found, faults = _values({name: cell for name, cell in given.items() if cell not in _NULL})
    if _TIME[sort] not in found | faults:
        faults[_TIME[sort]] = "is empty"
    numbers = [str(found[name]) for name in _NUMBERS if found.get(name)]
    if numbers:
        yield _row(sort, number, found, frozenset(faults))
    elif not faults.keys() & set(_NUMBERS):
        faults = {"": "no number"} | faults
    for name, why in faults.items():
        yield Unread(sort, number, f"{name} {why}".strip(), " ".join(numbers))


def _values(cells: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """What the cells say, and why the others cannot be read."""
    found, faults = dict[str, Any](), dict[str, str]()
    for name, cell in cells.items():
        try:
            if not is_encodable(cell):
                raise ValueError(f"is not in this encoding; name it: {_CHOICE}")
            found[name] = _READ[name](cell)
        except ValueError as error:
            faults[name] = str(error)
    return found, faults


def _row(sort: Sort, number: int, found: Mapping[str, Any], unread: frozenset[str]) -> Row:
    return Row(
        sort=sort,
        line=number,
        application_no=found.get("application_no", ""),
        app_no=found.get("app_no", ""),
        at=found.get(_TIME[sort]),
        accepted=found.get("accepted_at"),
        rating=found.get("rating"),
        about=found.get("about"),
        unread=unread,
    )
