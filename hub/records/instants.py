"""Moments from outside, as milliseconds since the epoch. A text without an offset has China's time."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from hub.clock import CHINA
from hub.records.folding import half_width
from hub.records.text import strip

_TEXT_MAX: Final = 64
_EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)
_FORM: Final = re.compile(
    r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})[Tt ]?(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?"
    r" ?(Z|z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


def read_instant(text: str) -> int | None:
    """A moment: ten digits are seconds and thirteen are milliseconds since the epoch; else date and time, with or
    without fraction and offset. ``None`` for any other text, and for one before 1970-01-02.

    >>> read_instant("1614830400"), read_instant("2021-03-04 12:00:00"), read_instant("2021-03-04T04:00:00.5Z")
    (1614830400000, 1614830400000, 1614830400500)
    >>> read_instant("20210304120000"), read_instant("2021-03-04"), read_instant("soon")
    (1614830400000, None, None)
    """
    if len(text) > _TEXT_MAX:
        return None
    plain = strip(half_width(text))
    if plain.isascii() and plain.isdigit() and len(plain) in (10, 13):
        return int(plain) * (1 if len(plain) == 13 else 1000)
    match = _FORM.fullmatch(plain)
    return _moment(match) if match else None


def _moment(match: re.Match[str]) -> int | None:
    *figures, fraction, zone = (match[place] for place in (1, 3, 4, 5, 6, 7, 8, 9))
    year, month, day, hour, minute, second = (int(figure or 0) for figure in figures)
    micros = int((fraction or "").ljust(6, "0")[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second, micros, _zone(zone))
    except ValueError:
        return None
    return round(moment.timestamp() * 1000) if moment >= _EARLIEST else None


def _zone(text: str | None) -> timezone:
    if text is None:
        return CHINA
    if text in "Zz":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)
