"""Reads the cells of the audit's files, also as spreadsheets and data tools write them.

A cell that loses digits is refused, and never guessed. Every reader raises ``ValueError`` with what the cell is not,
without the cell's own text (P5).
"""

import re
from datetime import UTC, datetime, time
from typing import Final, NamedTuple

from hub.audit.findings.classes import CLASSES, Class
from hub.cases.ratings.grades import GRADES
from hub.clock import CHINA
from hub.records.identifiers import tidy
from hub.records.text import fold, half_width, is_plain, strip

NUMBER_CHARACTERS_MAX: Final = 64
_AS_TEXT: Final = re.compile(r'="(.*)"|\'(.*)', re.DOTALL)
"""How a spreadsheet is told that a cell is text: a formula that gives it, or an apostrophe in front."""
_SHORTENED: Final = re.compile(r"[0-9](\.[0-9]+)?E\+[0-9]{1,3}", re.IGNORECASE)
_ROUNDED: Final = re.compile(r"[0-9]{15}0+")
_SPREAD: Final = re.compile(
    r"(?P<year>[0-9]{4})[/.年-](?P<month>[0-9]{1,2})[/.月-](?P<day>[0-9]{1,2})日?"
    r"(?:[ T]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,6}))?)?)?"
)
_DAY_MS: Final = 86_400_000
_CHINA_MS: Final = int(CHINA.utcoffset(None).total_seconds()) * 1000
_MINUTE_MS: Final = 60_000
_GRADES: Final = {
    said: grade for grade, words in GRADES.items() for said in (f"{grade}", f"{grade}.0", f"{grade}分", words.zh)
}
_CLASSES: Final = {one.value: one for one in CLASSES} | {one.zh: one for one in CLASSES}


class Moment(NamedTuple):
    """A time as a file has it, from its first to its last millisecond: a date alone is a whole day in China."""

    first_ms: int
    last_ms: int


def whole(at_ms: int) -> Moment:
    """A time as a moment: midnight in China to the second, which is how a date is written where times are expected, is
    the whole day."""
    midnight = (at_ms + _CHINA_MS) % _DAY_MS == 0
    return Moment(at_ms, at_ms + _DAY_MS - 1 if midnight else at_ms)


def text(cell: str) -> str:
    """A cell without the marks by which a spreadsheet keeps it as text.

    >>> text(" '0123"), text('="0123"'), text("0123")
    ('0123', '0123', '0123')
    """
    found = _AS_TEXT.fullmatch(strip(cell))
    return strip(found[1] if found[1] is not None else found[2]) if found else strip(cell)


def number(cell: str) -> str:
    """A number of an application, tidied as in records.

    >>> number("a000 0017")
    'A0000017'
    """
    if len(cell) > NUMBER_CHARACTERS_MAX or not is_plain(cell):
        raise ValueError("is a number that is none")
    if _SHORTENED.fullmatch(fold(cell)):
        raise ValueError("is a number that a spreadsheet has shortened")
    return tidy(cell)


def may_be_rounded(number: str) -> bool:
    """Whether a number has only zeros after its fifteenth digit: a spreadsheet keeps no more.

    >>> may_be_rounded("120104000000123000"), may_be_rounded("120104000000123456"), may_be_rounded("120104000000000")
    (True, False, False)
    """
    return _ROUNDED.fullmatch(number) is not None


def moment(cell: str) -> Moment:
    """ISO 8601, with a blank or T; or as a spreadsheet writes it, such as 2026/3/16 9:05. Without an offset in China's
    time. A date alone is the whole day, and so is midnight to the second: so a date is written where times are
    expected. Without seconds it is the whole minute."""
    said = half_width(cell)
    try:
        parts = _SPREAD.fullmatch(said)
        found = _spread(parts) if parts else datetime.fromisoformat(said)
        aware = found if found.tzinfo else found.replace(tzinfo=CHINA)
        first_ms = int(aware.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise ValueError("is no time") from None
    if found.tzinfo is None and found.time() == time():
        return Moment(first_ms, first_ms + _DAY_MS - 1)
    return Moment(first_ms, first_ms + (_MINUTE_MS - 1 if parts and parts["second"] is None else 0))


def _spread(parts: re.Match[str]) -> datetime:
    day = "-".join(parts[name].zfill(2) for name in ("year", "month", "day"))
    clock = ":".join((parts[name] or "").zfill(2) for name in ("hour", "minute", "second"))
    return datetime.fromisoformat(f"{day}T{clock}.{parts['fraction'] or 0}")


def grade(cell: str) -> int:
    """A rating, as a figure or in the words of GB/T 39735-2020.

    >>> grade("5"), grade("5.0"), grade("不满意")
    (5, 5, 2)
    """
    if cell not in _GRADES:
        raise ValueError("is none of 1 to 5")
    return _GRADES[cell]


def class_of(cell: str) -> Class:
    """A class, by its name or as a code."""
    if cell not in _CLASSES:
        raise ValueError("names no class")
    return _CLASSES[cell]
