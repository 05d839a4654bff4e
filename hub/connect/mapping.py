"""From a source's row to a plain record: readers for columns, and the one place where a row that cannot be mapped
becomes a fault.

A mapping is a pure function that reads columns with a ``Reader``. Within ``to_row`` a column that is missing or cannot
be converted does not end it, so that all faults of a row are told together. What is wrong by meaning (check digits,
dates in the wrong order) is not judged here: that is the rules' work.

Columns hold texts, or what a database's driver gives: numbers, dates, flags.
"""

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Final
from uuid import UUID

from hub.connect.codes import Codes
from hub.logging import get_logger
from hub.ports import Fault, Plain, SourceRow
from hub.records import address
from hub.records.dates import date_or_none, read_date
from hub.records.identifiers import tidy
from hub.records.text import visible, without_invisible

FAULTS_MAX = 100
"""Most faults that are told of one row."""
_DIGITS_END = 10**60
_EXACT_END = 2**53
"""A larger float has lost digits, so it is no identifier."""
_faults: ContextVar[list[Fault] | None] = ContextVar("faults", default=None)
log = get_logger("mapping")


class Unmapped(Exception):
    """A column that cannot become its field. It ends the mapping; ``Reader`` raises it outside ``to_row`` only."""

    def __init__(self, code: str, field: str) -> None:
        super().__init__(code, field)
        self.fault = Fault(code, field)


def told(code: str, field: str) -> None:
    """Tell a fault of the row that is being mapped, and continue. Raises ``Unmapped`` outside ``to_row``."""
    found = _faults.get()
    if found is None:
        raise Unmapped(code, field)
    _add(found, Fault(code, field))


def _add(found: list[Fault], fault: Fault) -> None:
    """The first fault of each field, up to ``FAULTS_MAX``."""
    if len(found) < FAULTS_MAX and all(other.field != fault.field for other in found):
        found.append(fault)


def text_of(value: Any, field: str) -> str | None:
    """What a text, or a driver's value, says: without blanks around it, ``None`` for null and for no visible character.
    Tells a fault of ``field`` for what no text can hold."""
    if type(value) is str:
        return visible(value)
    text = None if value is None else _as_text(value)
    if text is None and value is not None:
        # A text of a table that is still bytes could not be decoded.
        told("TEXT_ENCODING" if isinstance(value, bytes) else "SHAPE_TYPE", field)
        return ""
    return text and visible(text)


class Reader:
    """Reads the columns of one row. ``field`` is always the dotted path in the record, for the fault to name.

    A column with a fault gives a neutral value ("" or 0) within ``to_row``; the record is not used then.
    """

    __slots__ = ("_codes", "_row")

    def __init__(self, row: Mapping[str, Any], codes: Codes) -> None:
        self._row = row
        self._codes = codes

    def text(self, column: str, field: str) -> str:
        """A text that must be there. Blanks around it go, everything else stays as given."""
        found = self._text(column, field)
        if found is None:
            told("SHAPE_MISSING", field)
        return found or ""

    def optional(self, column: str, field: str) -> str | None:
        """A text, ``None`` for null and for no visible character. A number is its usual text, without decimals when it
        is whole; a date is YYYY-MM-DD. The column itself must be there: a source that drops one has changed its
        contract.
        """
        return self._text(column, field)

    def _text(self, column: str, field: str) -> str | None:
        return text_of(self._value(column, field), field)

    def _value(self, column: str, field: str) -> Any:
        try:
            return self._row[column]
        except KeyError:
            told("SHAPE_MISSING", field)
            return ""

    def identifier(self, column: str, field: str) -> str:
        """An identifier without the usual dirt: full-width forms, blanks, lower case, invisible characters."""
        found = self.optional_identifier(column, field)
        if found is None:
            told("SHAPE_MISSING", field)
        return found or ""

    def optional_identifier(self, column: str, field: str) -> str | None:
        """As ``identifier``; ``None`` for null and for nothing but dirt. The column itself must be there."""
        return tidy(self.optional(column, field) or "") or None

    def number(self, column: str, field: str) -> int:
        """A whole number, given as one or as digits."""
        text = without_invisible(self.text(column, field))
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            told("SHAPE_TYPE", field)
            return 0
        return int(text)

    def day(self, column: str, field: str) -> date:
        """A date in one of the forms of ``read_date``, with or without a time after it."""
        found = read_date(self.text(column, field))
        if found is None:
            told("SHAPE_TYPE", field)
        return found or date.min

    def optional_day(self, column: str, field: str) -> date | None:
        """A date, or ``None`` for nothing, for 长期 and the like, and for 9999-12-31."""
        text = self.optional(column, field)
        return None if text is None or date_or_none(text) is None else self.day(column, field)

    def code(self, column: str, field: str, unknown: str) -> str:
        """Our word for a source's code by ``codes.csv``; ``unknown`` for one that is in no table."""
        return self._codes.find(column, without_invisible(self.text(column, field))) or unknown

    def flag(self, column: str, field: str) -> bool:
        """A flag by ``codes.csv`` (values ``true`` and ``false``), or as the database's own truth value."""
        given = self._row.get(column)
        if isinstance(given, bool):
            return given
        found = self._codes.find(column, without_invisible(self.text(column, field)))
        if found is None:
            told("SHAPE_TYPE", field)
        return found == "true"

    def address(self, column: str, field: str) -> dict[str, str]:
        """A structured address, with the source's own text in it."""
        return address.parse_to_fit(self.text(column, f"{field}.text"))


def _as_text(value: Any) -> str | None:
    """A driver's value as text, ``None`` when it is none that a text can hold.

    >>> _as_text(Decimal("89.530")), _as_text(120104.0), _as_text(date(2021, 3, 4)), _as_text(True)
    ('89.530', '120104', '2021-03-04', None)
    """
    if isinstance(value, (bool, type(None))):
        return None
    if isinstance(value, (int, float, Decimal)):
        return _number_text(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value) if isinstance(value, (date, UUID)) else None


def _number_text(value: float | Decimal) -> str | None:
    end = _EXACT_END if isinstance(value, float) else _DIGITS_END
    if not isfinite(value) or not -end < value < end:
        return None
    if value == int(value):
        return str(int(value))
    return f"{value:f}" if isinstance(value, Decimal) else repr(value)


def to_row(
    key: str, version: int, raw: bytes, mapping: Callable[[], Plain], proof: bytes = b"", revision: int = 0
) -> SourceRow:
    """One row, mapped, or with the faults that say why not. Nothing that a row holds can stop its neighbours."""
    found: list[Fault] = []
    token = _faults.set(found)
    try:
        record: Plain | None = mapping()
    except Unmapped as unmapped:
        record = None
        _add(found, unmapped.fault)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        record = None
        if not found:
            # The mapping did not expect such a row. The error may contain a text of the row: only its type is used.
            log.warning("mapping does not know such a row", error=type(error).__name__, at=_place(error))
            found.append(Fault("UNREADABLE"))
    finally:
        _faults.reset(token)
    return SourceRow(key, version, raw, None if found else record, tuple(found), proof, revision)


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""


def canonical(value: Mapping[str, Any]) -> bytes:
    """A row of a table as bytes: JSON in the columns' order, undecodable bytes as hex. The same row always gives the
    same bytes."""
    return _JSON.encode(value).encode("utf-8", "surrogatepass")


def _plain(value: Any) -> Any:
    return {"hex": bytes(value).hex()} if isinstance(value, (bytes, bytearray, memoryview)) else str(value)


_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain)


def plain_value(value: Any) -> Any:
    """A value of a record as JSON has it: dates are ISO 8601 text.

    >>> plain_value({"holders": [{"since": date(2021, 3, 4)}]})
    {'holders': [{'since': '2021-03-04'}]}
    """
    if isinstance(value, dict):
        return {key: plain_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_value(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
