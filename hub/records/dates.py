"""Dates from outside: one reader for the mappings of connectors, files for ``hub check`` and the rules.

A text with a time and an offset is a moment, and its date is the day in China at that moment. A text with a time alone
has China's time.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any, Final

from hub.clock import CHINA
from hub.records.numerals import number_of
from hub.records.text import half_width, strip, without_invisible

EARLIEST: Final = date(1900, 1, 2)
"""The first plausible date. Programs write 0001-01-01 (.NET), 1753-01-01 (SQL Server), 1899-12-30 (spreadsheets) and
1900-01-01 (SQL Server, ERP systems) where they have no date."""
NO_END: Final = frozenset((date(9999, 12, 31), date(2099, 12, 31)))
"""Dates by which sources say that a licence has no last day."""
LONG_TERM: Final = frozenset(
    (
        "长期", "长期有效", "長期", "長期有效", "长久", "长久有效", "永久", "永久有效", "永续", "无固定期限",
        "无固定期", "无限期", "无期限", "不定期", "终身", "终身有效", "無限期", "無期限", "永續",
    )
)  # fmt: skip
"""Texts by which sources say the same."""
DATE_CHARACTERS_MAX: Final = 64
"""A longer text is no date. It is not read and not cached."""
_CACHED_MAX: Final = 16_384

_ZONE: Final = r"(?: ?(?P<zone>[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)(?:\[[A-Za-z/_+-]{1,32}\])?)?"
_CLOCK: Final = r"(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})(?:[:.](?P<second>[0-9]{2})(?:[.,][0-9]{1,9})?)?"
_FIGURES: Final = r"(?P<hour>[0-9]{2}):?(?P<minute>[0-9]{2})(?::?(?P<second>[0-9]{2})(?:[.,]?[0-9]{1,9})?)?"
# The numbers of 12时30分15秒 have no names: the day is the same at any time of it.
_SPOKEN: Final = r"(?:[01]?[0-9]|2[0-3])[时點点](?:[0-5]?[0-9]分(?:[0-5]?[0-9]秒)?|整)?"
_IN_NUMERALS: Final = re.compile(
    r"([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})[日号]"
)
_ZEROS: Final = str.maketrans("〇○", "零零")
_YEAR: Final = "(?P<year>[0-9]{4})"
_MONTH, _DAY = "(?P<month>[0-9]{1,2})", "(?P<day>[0-9]{1,2})"
_FORMS: Final = (
    re.compile(rf"{_YEAR}(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})(?:[Tt ]?{_FIGURES}{_ZONE})?"),
    re.compile(rf"{_YEAR}(?P<mark>[-/.]){_MONTH}(?P=mark){_DAY}(?:[Tt ]{_CLOCK}{_ZONE})?"),
    re.compile(rf"{_YEAR} ?年 ?{_MONTH} ?月 ?{_DAY}(?: ?[日号])?(?: ?(?:{_CLOCK}{_ZONE}|{_SPOKEN}))?"),
)
_EARLIEST_INSTANT: Final = datetime(1970, 1, 2, tzinfo=UTC)
_INSTANT: Final = re.compile(
    r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})[Tt ]?(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?"
    r" ?(Z|z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


def read_date(text: str) -> date | None:
    """A date: YYYY-MM-DD, YYYY/M/D, YYYY.M.D, YYYYMMDD, YYYY年M月D日 or 二〇二一年三月四日, with or without a
    time and an offset. ``None`` for any other text, for a day that does not exist, and for one before ``EARLIEST``.

    >>> forms = ("2021-03-04", "2021/3/4", "2021.03.04", "20210304", "2021年3月4日", "20210304000000")
    >>> {read_date(text) for text in (*forms, "2021-03-03T16:00:00Z")}
    {datetime.date(2021, 3, 4)}
    >>> read_date("2021-13-01"), read_date("98/3/4"), read_date("0001-01-01"), read_date("2021-03-04 2022-03-04")
    (None, None, None, None)
    """
    return _read(text) if len(text) <= DATE_CHARACTERS_MAX else None


@lru_cache(maxsize=_CACHED_MAX)
def _read(text: str) -> date | None:
    plain = _in_figures(strip(half_width(text)))
    match = next((match for form in _FORMS if (match := form.fullmatch(plain))), None)
    found = _day_in_china(match.groupdict()) if match else None
    return found if found and found >= EARLIEST else None


def _in_figures(text: str) -> str:
    """A date in Chinese numerals, as printed on certificates, in figures."""
    match = _IN_NUMERALS.fullmatch("".join(text.split()).translate(_ZEROS)) if "年" in text else None
    return "{}年{}月{}日".format(*map(number_of, match.groups())) if match else text


def _day_in_china(found: dict[str, str | None]) -> date | None:
    day = _date(str(found["year"]), str(found["month"]), str(found["day"]))
    if day is None or found["hour"] is None:
        return day
    hour, minute, second = int(found["hour"]), int(found["minute"] or 0), int(found["second"] or 0)
    # 24:00 is the end of the day, and a leap second is its 60th second (ISO 8601).
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and minute + second):
        return None
    if found["zone"] is None:
        return day
    return _moved(datetime(day.year, day.month, day.day) + timedelta(hours=hour, minutes=minute), found["zone"])  # noqa: DTZ001


def _moved(moment: datetime, zone: str) -> date | None:
    """The day in China at a moment in another zone: Z, UTC, GMT, ±HH, ±HHMM or ±HH:MM."""
    figures = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(figures[:2]), minutes=int(figures[2:])) if zone[0] in "+-" else timedelta()
    if offset > timedelta(hours=14):
        return None
    away = (-offset if zone[0] == "-" else offset) - (CHINA.utcoffset(None) or timedelta())
    try:
        return (moment - away).date()
    except OverflowError:
        return date.max if moment.year > EARLIEST.year else None


def date_or_same(value: Any) -> Any:
    """The date that a text, or a number such as 20210304, says. Any other value comes back unchanged, so that the shape
    check refuses it.

    >>> date_or_same("2021/3/4"), date_or_same(20210304), date_or_same("soon")
    (datetime.date(2021, 3, 4), datetime.date(2021, 3, 4), 'soon')
    """
    if type(value) is date:
        return value
    return read_date(str(value)) or value if type(value) in (str, int) else value


def date_or_none(value: Any) -> Any:
    """Like ``date_or_same``; ``None`` for a text of ``LONG_TERM``, a blank text, and a date of ``NO_END``.

    >>> date_or_none("长期有效"), date_or_none("9999-12-31"), date_or_none(" "), date_or_none("soon")
    (None, None, None, 'soon')
    """
    if type(value) is str and is_long_term(value):
        return None
    found = date_or_same(value)
    return None if type(found) is date and found in NO_END else found


def is_long_term(text: str) -> bool:
    """Whether a text says that there is no last day, or says nothing.

    >>> is_long_term(" 长 期"), is_long_term("2030-01-01")
    (True, False)
    """
    if len(text) > DATE_CHARACTERS_MAX:
        return False
    words = "".join(without_invisible(text).split())
    return not words or words in LONG_TERM


def read_compact(text: str) -> date | None:
    """YYYYMMDD in ASCII digits, as in resident ID numbers (GB 11643). ``None`` for a day that does not exist.

    >>> read_compact("19910101"), read_compact("19911301")
    (datetime.date(1991, 1, 1), None)
    """
    return _date(text[:4], text[4:6], text[6:])


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def read_instant(text: str) -> int | None:
    """A moment: ten digits are seconds and thirteen are milliseconds since the epoch; else date and time, with or
    without fraction and offset. ``None`` for any other text, and for one before 1970-01-02.

    >>> read_instant("1614830400"), read_instant("2021-03-04 12:00:00"), read_instant("2021-03-04T04:00:00.5Z")
    (1614830400000, 1614830400000, 1614830400500)
    >>> read_instant("20210304120000"), read_instant("2021-03-04"), read_instant("soon")
    (1614830400000, None, None)
    """
    if len(text) > DATE_CHARACTERS_MAX:
        return None
    plain = strip(half_width(text))
    if plain.isascii() and plain.isdigit() and len(plain) in (10, 13):
        return int(plain) * (1 if len(plain) == 13 else 1000)
    match = _INSTANT.fullmatch(plain)
    return _moment(match) if match else None


def _moment(match: re.Match[str]) -> int | None:
    *figures, fraction, zone = (match[place] for place in (1, 3, 4, 5, 6, 7, 8, 9))
    year, month, day, hour, minute, second = (int(figure or 0) for figure in figures)
    micros = int((fraction or "").ljust(6, "0")[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second, micros, _zone(zone))
    except ValueError:
        return None
    return round(moment.timestamp() * 1000) if moment >= _EARLIEST_INSTANT else None


def _zone(text: str | None) -> timezone:
    if text is None:
        return CHINA
    if text in "Zz":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-offset if text[0] == "-" else offset)
