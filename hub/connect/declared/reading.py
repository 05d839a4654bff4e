"""Reads one value of a declared row: by dotted path, in the forms that ``mapping.toml`` names."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from hub.clock import CHINA
from hub.connect.codes import Codes
from hub.connect.mapping import Reader, told
from hub.records.dates import read_instant
from hub.records.identifiers import tidy
from hub.records.shape import ITEMS_MAX
from hub.records.text import is_blank, strip, without_invisible

NOTHING: Final = "\0"
"""The name of a column that is always null: one that the grant does not have."""
_DECIMAL: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_ABSENT: Final = object()


class FieldReader(Reader):
    """A ``Reader`` whose columns may be dotted paths into objects and lists. ``absent_is_null``: a column that is not
    there is null, and no fault."""

    __slots__ = ("_absent_is_null",)

    def __init__(self, row: Mapping[str, Any], codes: Codes, absent_is_null: bool) -> None:
        super().__init__(row, codes)
        self._absent_is_null = absent_is_null

    def value(self, column: str, field: str) -> Any:
        """The value as the transport gave it; ``None`` for null."""
        return self._value(column, field)

    def _value(self, column: str, field: str) -> Any:
        found = self._row.get(column, _ABSENT)
        if found is _ABSENT and column != NOTHING:
            found = _at(self._row, column)
            if found is _ABSENT and not self._absent_is_null:
                told("SHAPE_MISSING", field)
        return None if found is _ABSENT else found

    def is_one_of(self, column: str, field: str, words: frozenset[str]) -> bool:
        """Whether the value is one of ``words``, which are tidied."""
        found = self._value(column, field)
        return isinstance(found, (str, int, float)) and tidy(str(found)) in words

    def decimal(self, column: str, field: str, units: tuple[str, ...]) -> str | None:
        """A decimal number as text, without the unit after it; ``None`` for null."""
        text = self.optional_identifier(column, field)
        if text is None:
            return None
        for unit in units:
            text = text.removesuffix(unit)
        if not _DECIMAL.fullmatch(text):
            told("SHAPE_TYPE", field)
        return text

    def day(self, column: str, field: str) -> date:
        """As in ``Reader``; also seconds (10 digits) or milliseconds (13 digits) since 1970, as the day in China."""
        return _day_of_moment(self._value(column, field)) or super().day(column, field)

    def optional_day(self, column: str, field: str) -> date | None:
        """As ``day``; ``None`` as in ``Reader``."""
        return _day_of_moment(self._value(column, field)) or super().optional_day(column, field)

    def instant(self, column: str, field: str) -> int | None:
        """A moment, ms since the epoch; ``None`` for null."""
        text = self.optional(column, field)
        found = None if text is None else read_instant(text)
        if found is None and text is not None:
            told("SHAPE_TYPE", field)
        return found

    def word(self, column: str, field: str, table: str, unknown: str | None) -> str | None:
        """Our word for a code by a table of codes.csv; ``None`` for null."""
        text = self._code(self._value(column, field), field)
        if text is None:
            return None
        found = self._codes.find(table, text) or unknown
        if found is None:
            told("SHAPE_TYPE", field)
        return found

    def truth(self, column: str, field: str, table: str) -> bool | None:
        """A flag by a table of codes.csv, or as the transport's own truth value; ``None`` for null."""
        given = self._value(column, field)
        if given is None or isinstance(given, bool):
            return given
        text = self._code(given, field)
        if text is None:
            return None
        found = self._codes.find(table, text) if self._codes.knows(table) else None
        if found not in ("true", "false"):
            told("SHAPE_TYPE", field)
        return found == "true"

    def _code(self, given: Any, field: str) -> str | None:
        if isinstance(given, bool):
            return "true" if given else "false"
        text = self._text_of(given, field)
        return None if text is None else without_invisible(text)

    def items(self, column: str, field: str, by: str) -> list[str] | None:
        """The items of a joined text, or of a list of texts, without blank ones; ``None`` for null."""
        found = self.parts(column, field, by)
        return None if found is None else [one for one in found if not is_blank(one)]

    def parts(self, column: str, field: str, by: str) -> list[str] | None:
        """As ``items``, with blank ones: their places count."""
        given = self._value(column, field)
        if isinstance(given, list):
            if not all(isinstance(one, str) for one in given):
                told("SHAPE_TYPE", field)
                return []
            return self._bounded([strip(one) for one in given], field)
        text = self._text_of(given, field)
        if text is None:
            return None
        return self._bounded([strip(one) for one in re.split(f"[{re.escape(by)}]", text)], field)

    def objects(self, column: str, field: str) -> list[Any]:
        """The items of a list of objects; one object counts as a list of one, null as an empty one."""
        given = self._value(column, field)
        if isinstance(given, Mapping):
            return [given]
        if isinstance(given, list):
            return self._bounded(given, field)
        if given is not None and not isinstance(given, Unread):
            told("SHAPE_TYPE", field)
        return []

    def _bounded(self, found: list[Any], field: str) -> list[Any]:
        if len(found) > ITEMS_MAX:
            told("TOO_LARGE", field)
            return []
        return found

    def of_item(self, item: Mapping[str, Any]) -> "FieldReader":
        """A reader for one item of a list."""
        return FieldReader(item, self._codes, self._absent_is_null)

    def optional_address(self, column: str, field: str) -> dict[str, str] | None:
        """As ``address``; ``None`` for null."""
        return None if self.optional(column, f"{field}.text") is None else self.address(column, field)

    def optional_number(self, column: str, field: str) -> int | None:
        """As ``number``; ``None`` for null."""
        return None if self.optional(column, field) is None else self.number(column, field)


class Unread(int):
    """In the place of a list that is too long and was not read: how many items it has. The row has a fault."""


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


def _at(row: Mapping[str, Any], column: str) -> Any:
    """The value at a dotted path. Below a null there is null."""
    value: Any = row
    for part in column.split("."):
        value = _step(value, part)
        if value is None or value is _ABSENT:
            break
    return value


def _step(value: Any, part: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(part, _ABSENT)
    if isinstance(value, list) and part.isdecimal() and len(part) <= 4 and int(part) < len(value):
        return value[int(part)]
    return _ABSENT
