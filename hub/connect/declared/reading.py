"""Reads one value of a declared row, in the forms that ``mapping.toml`` names, and finds it by its dotted path.

A form is a function (value as the transport gave it, never null; path of the field) → what the field has, or ``None``
where there is nothing. It tells a fault (``hub.connect.mapping.told``) and then gives any value of its type.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from hub.clock import CHINA
from hub.connect.mapping import text_of, told
from hub.records import address
from hub.records.dates import NO_END, is_long_term, read_date, read_instant
from hub.records.identifiers import tidy
from hub.records.shape import ITEMS_MAX
from hub.records.text import is_blank, strip, without_invisible

Form = Callable[[Any, str], Any]
ABSENT: Final = object()
"""In the place of a value whose column the row does not have."""
NOTHING: Final = "\0"
"""In the place of the name of a column that the grant does not have: no row has such a column."""
_DECIMAL: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_DIGITS: Final = 18
_NUMBER_END: Final = 10**_DIGITS


class Unread(int):
    """In the place of a list that is too long and was not read: how many items it has. The row has a fault."""


# ---- the forms -----------------------------------------------------------------------------------------------------


def identifier(given: Any, field: str) -> str | None:
    """An identifier without the usual dirt: full-width forms, blanks, lower case, invisible characters."""
    text = text_of(given, field)
    return None if text is None else tidy(text) or None


def number(given: Any, field: str) -> int | None:
    """A whole number, given as one or as digits."""
    if type(given) is int and 0 <= given < _NUMBER_END:
        return given
    text = text_of(given, field)
    if text is None:
        return None
    digits = without_invisible(text)
    if not digits.isascii() or not digits.isdigit() or len(digits) > _DIGITS:
        told("SHAPE_TYPE", field)
        return 0
    return int(digits)


def day(given: Any, field: str) -> date | None:
    """A date in one of the forms of ``read_date``; seconds (10 digits) or milliseconds (13 digits) since 1970, as the
    day in China."""
    if (found := _day_of_moment(given)) is not None:
        return found
    text = text_of(given, field)
    return None if text is None else read_date(text) or _no_day(field)


def optional_day(given: Any, field: str) -> date | None:
    """As ``day``; ``None`` also for 长期 and the like, and for 9999-12-31."""
    if (found := _day_of_moment(given)) is not None:
        return found
    text = text_of(given, field)
    if text is None:
        return None
    found = read_date(text)
    if found is None:
        return None if is_long_term(text) else _no_day(field)
    return None if found in NO_END else found


def _no_day(field: str) -> date:
    told("SHAPE_TYPE", field)
    return date.min


def instant(given: Any, field: str) -> int | None:
    """A moment, ms since the epoch."""
    text = text_of(given, field)
    found = None if text is None else read_instant(text)
    if found is None and text is not None:
        told("SHAPE_TYPE", field)
    return found


def structured_address(given: Any, field: str) -> dict[str, str] | None:
    """A structured address, with the source's own text in it."""
    text = text_of(given, field)
    return None if text is None else address.parse_to_fit(text)


def decimal(units: tuple[str, ...]) -> Form:
    """The form of a decimal number as text, without the unit after it: 1.5kWh, 1.5KWH and １.５ ｋｗｈ are the same."""
    endings = tuple(tidy(unit) for unit in units)

    def read(given: Any, field: str) -> str | None:
        text = identifier(given, field)
        if text is None:
            return None
        for ending in endings:
            text = text.removesuffix(ending)
        if not _DECIMAL.fullmatch(text):
            told("SHAPE_TYPE", field)
        return text

    return read


def word(table: Mapping[str, str], unknown: str | None) -> Form:
    """The form of our word for a code. ``table``: tidied code → word; ``unknown``: the word for any other code."""

    def read(given: Any, field: str) -> str | None:
        text = _code(given, field)
        if text is None:
            return None
        found = table.get(text) or table.get(tidy(text)) or unknown
        if found is None:
            told("SHAPE_TYPE", field)
        return found

    return read


def truth(table: Mapping[str, str]) -> Form:
    """The form of a flag, by a table with the words ``true`` and ``false`` or as the transport's own truth value."""

    def read(given: Any, field: str) -> bool | None:
        if isinstance(given, bool):
            return given
        text = _code(given, field)
        if text is None:
            return None
        found = table.get(text) or table.get(tidy(text))
        if found not in ("true", "false"):
            told("SHAPE_TYPE", field)
        return found == "true"

    return read


def _code(given: Any, field: str) -> str | None:
    if isinstance(given, bool):
        return "true" if given else "false"
    text = text_of(given, field)
    return None if text is None else without_invisible(text)


def split(by: str) -> Form:
    """The form of the items of a joined text, or of a list of texts, without blank ones."""
    read = parts(by)

    def items(given: Any, field: str) -> list[str] | None:
        found = read(given, field)
        return None if found is None else [one for one in found if not is_blank(one)]

    return items


def parts(by: str) -> Form:
    """As ``split``, with blank ones: their places count."""
    separator = re.compile(f"[{re.escape(by)}]")

    def read(given: Any, field: str) -> list[str] | None:
        if isinstance(given, list):
            if not all(isinstance(one, str) for one in given):
                told("SHAPE_TYPE", field)
                return []
            return _bounded([strip(one) for one in given], field)
        text = text_of(given, field)
        return None if text is None else _bounded([strip(one) for one in separator.split(text)], field)

    return read


def objects(given: Any, field: str) -> list[Any]:
    """The items of a list of objects; one object counts as a list of one, null as an empty one."""
    if isinstance(given, list):
        return _bounded(given, field)
    if isinstance(given, Mapping):
        return [given]
    if given is not None and not isinstance(given, Unread):
        told("SHAPE_TYPE", field)
    return []


def _bounded(found: list[Any], field: str) -> list[Any]:
    if len(found) > ITEMS_MAX:
        told("TOO_LARGE", field)
        return []
    return found


def _day_of_moment(value: Any) -> date | None:
    """The day in China at a moment in digits, ``None`` for any other value.

    >>> _day_of_moment(1614830400000), _day_of_moment("1614830400"), _day_of_moment("2021-03-04"), _day_of_moment(True)
    (datetime.date(2021, 3, 4), datetime.date(2021, 3, 4), None, None)
    """
    text = str(value) if type(value) in (str, int) else ""
    if len(text) not in (10, 13) or not text.isascii() or not text.isdigit():
        return None
    moment_ms = read_instant(text)
    return None if moment_ms is None else datetime.fromtimestamp(moment_ms / 1000, CHINA).date()


# ---- places --------------------------------------------------------------------------------------------------------


def at(row: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, ``ABSENT`` where the row has none. Below a null there is null."""
    value: Any = row
    for part in path.split("."):
        value = _step(value, part)
        if value is None or value is ABSENT:
            break
    return value


def _step(value: Any, part: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(part, ABSENT)
    if isinstance(value, list) and part.isdecimal() and len(part) <= 4 and int(part) < len(value):
        return value[int(part)]
    return ABSENT
