"""From a source's row to a plain record: readers for columns, and the one place where a row that cannot be mapped
becomes a fault.

A mapping is a pure function that reads columns with a ``Reader``; the first column that is missing or cannot be
converted ends it. What is wrong by meaning (check digits, dates in the wrong order) is not judged here: that is the
rules' work.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from hub.connect.codes import Codes
from hub.logging import get_logger
from hub.ports import Fault, Plain, SourceRow
from hub.records import address
from hub.records.dates import LONG_TERM, read_date
from hub.records.identifiers import tidy
from hub.records.text import strip

"""How sources write a validity without end."""
log = get_logger("mapping")


class Unmapped(Exception):
    """A column that cannot become its field."""

    def __init__(self, code: str, field: str) -> None:
        super().__init__(code, field)
        self.fault = Fault(code, field)


class Reader:
    """Reads the columns of one row. ``field`` is always the dotted path in the record, for the fault to name."""

    __slots__ = ("_codes", "_row")

    def __init__(self, row: Mapping[str, Any], codes: Codes) -> None:
        self._row = row
        self._codes = codes

    def text(self, column: str, field: str) -> str:
        """A text that must be there. Blanks around it go, everything else stays as given."""
        found = self.optional(column, field)
        if found is None:
            raise Unmapped("SHAPE_MISSING", field)
        return found

    def optional(self, column: str, field: str) -> str | None:
        """A text, a number as text, or ``None`` for null and for nothing but blanks. The column itself must be there:
        a source that drops one has changed its contract."""
        try:
            value = self._row[column]
        except KeyError:
            raise Unmapped("SHAPE_MISSING", field) from None
        if value is None:
            return None
        if type(value) is not str:
            if type(value) not in (int, float):
                # A text of a table that is still bytes could not be decoded.
                raise Unmapped("TEXT_ENCODING" if isinstance(value, bytes) else "SHAPE_TYPE", field)
            value = str(value)
        return strip(value) or None

    def identifier(self, column: str, field: str) -> str:
        """An identifier without the usual dirt: full-width forms, blanks, lower case, invisible characters."""
        found = self.optional_identifier(column, field)
        if found is None:
            raise Unmapped("SHAPE_MISSING", field)
        return found

    def optional_identifier(self, column: str, field: str) -> str | None:
        """As ``identifier``; ``None`` for null and for nothing but dirt. The column itself must be there."""
        return tidy(self.optional(column, field) or "") or None

    def number(self, column: str, field: str) -> int:
        """A whole number, given as one or as digits."""
        text = self.text(column, field)
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise Unmapped("SHAPE_TYPE", field)
        return int(text)

    def day(self, column: str, field: str) -> date:
        """A date: YYYY-MM-DD, YYYY/M/D, YYYYMMDD or YYYY年M月D日, with or without a time after it."""
        found = read_date(self.text(column, field))
        if found is None:
            raise Unmapped("SHAPE_TYPE", field)
        return found

    def optional_day(self, column: str, field: str) -> date | None:
        """A date, or ``None`` for nothing and for 长期."""
        text = self.optional(column, field)
        return None if text is None or text in LONG_TERM else self.day(column, field)

    def code(self, column: str, field: str, unknown: str) -> str:
        """Our word for a source's code by ``codes.csv``; ``unknown`` for one that is in no table."""
        return self._codes.find(column, self.text(column, field)) or unknown

    def flag(self, column: str, field: str) -> bool:
        """A flag by ``codes.csv`` (values ``true`` and ``false``)."""
        found = self._codes.find(column, self.text(column, field))
        if found is None:
            raise Unmapped("SHAPE_TYPE", field)
        return found == "true"

    def address(self, column: str, field: str) -> dict[str, str]:
        """A structured address, with the source's own text in it."""
        return address.parse(self.text(column, f"{field}.text"))


def to_row(
    key: str, version: int, raw: bytes, mapping: Callable[[], Plain], proof: bytes = b"", revision: int = 0
) -> SourceRow:
    """One row, mapped, or with the fault that says why not. Nothing that a row holds can stop its neighbours."""
    try:
        return SourceRow(key, version, raw, mapping(), (), proof, revision)
    except Unmapped as unmapped:
        return SourceRow(key, version, raw, None, (unmapped.fault,), proof, revision)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # The mapping did not expect such a row. The error may contain a text of the row, so only its type is used.
        log.warning("mapping does not know such a row", error=type(error).__name__, at=_place(error))
        return SourceRow(key, version, raw, None, (Fault("UNREADABLE"),), proof, revision)


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""


def canonical(value: Mapping[str, Any]) -> bytes:
    """A row of a table as bytes: JSON in the columns' order, undecodable bytes as hex. The same row always gives the
    same bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain).encode("utf-8", "surrogatepass")


def _plain(value: Any) -> Any:
    return {"hex": bytes(value).hex()} if isinstance(value, (bytes, bytearray, memoryview)) else str(value)
