"""Dates as texts from outside: one reader for the mappings of connectors, files for ``hub check`` and the rules."""

import re
from datetime import date
from functools import lru_cache
from typing import Final

LONG_TERM: Final = frozenset(("长期", "永久", "无固定期限"))
"""Texts by which sources say that a licence has no last day."""

_FIGURE: Final = "[0-9０-９]"
_TIME: Final = (
    r"(?:[ T][0-9]{1,2}[:.]?[0-9]{2}(?:[:.]?[0-9]{2}(?:[.,][0-9]{1,9})?)?(?: ?(?:Z|[+-][0-9]{2}:?[0-9]{2}))?)?"
)
_DATE: Final = re.compile(
    rf"({_FIGURE}{{4}})(?:-({_FIGURE}{{1,2}})-|/({_FIGURE}{{1,2}})/|年({_FIGURE}{{1,2}})月)({_FIGURE}{{1,2}})日?{_TIME}"
)
_COMPACT: Final = re.compile(rf"([0-9]{{8}}){_TIME}")


@lru_cache(maxsize=16_384)
def read_date(text: str) -> date | None:
    """A date: YYYY-MM-DD, YYYY/M/D, YYYYMMDD or YYYY年M月D日, with or without a time of day. ``None`` for any
    other text and for a day that does not exist.

    >>> {read_date(text) for text in ("2021-03-04", "2021/3/4", "20210304", "2021年3月4日", "2021-03-04 10:00:00")}
    {datetime.date(2021, 3, 4)}
    >>> read_date("2021-13-01"), read_date("2024-W01-1"), read_date("2021-03-04 2022-03-04")
    (None, None, None)
    """
    if compact := _COMPACT.fullmatch(text):
        return read_compact(compact[1])
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    month = match[2] or match[3] or match[4]
    return _date(match[1], month, match[5])


def date_or_text(text: str) -> date | str:
    """A date as ``read_date`` reads it; otherwise the text unchanged, so that the shape check refuses it."""
    return read_date(text) or text


def date_or_none(text: str) -> date | str | None:
    """Like ``date_or_text``; ``None`` for a text of ``LONG_TERM``.

    >>> date_or_none("长期"), date_or_none("soon")
    (None, 'soon')
    """
    return None if text in LONG_TERM else date_or_text(text)


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
