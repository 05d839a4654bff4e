"""The key of a row, of one column or of several, in the database's order."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, tuple_

from hub.connect.rowkeys import split

_Place = tuple[ColumnElement[Any], str]


class Key:
    """The columns of a table's key. Immutable."""

    def __init__(self, columns: Sequence[ColumnElement[Any]]) -> None:
        self.columns = tuple(columns)

    def after(self, key: str) -> ColumnElement[bool]:
        """Rows whose key comes after ``key``. Raises ``ValueError``."""
        *heads, (column, part) = self._places(key)
        return _from(heads, column > part, above=True)

    def up_to(self, key: str) -> ColumnElement[bool]:
        """Rows whose key is ``key``, or comes before it. Raises ``ValueError``."""
        *heads, (column, part) = self._places(key)
        return _from(heads, column <= part, above=False)

    def among(self, keys: Sequence[str]) -> ColumnElement[bool]:
        """Rows whose key is one of ``keys``. Raises ``ValueError``."""
        return among(self.columns, [split(key, len(self.columns)) for key in keys])

    def is_null(self) -> ColumnElement[bool]:
        """Rows whose key is not complete."""
        return or_(*(column.is_(None) for column in self.columns))

    def is_not_null(self) -> ColumnElement[bool]:
        """Rows whose key is complete."""
        return and_(*(column.is_not(None) for column in self.columns))

    def _places(self, key: str) -> list[_Place]:
        return list(zip(self.columns, split(key, len(self.columns)), strict=True))


def _from(heads: list[_Place], found: ColumnElement[bool], above: bool) -> ColumnElement[bool]:
    """Pairs are compared column by column: not all databases answer a comparison of rows from their index."""
    for column, part in reversed(heads):
        found = or_(column > part if above else column < part, and_(column == part, found))
    return found


def among(columns: Sequence[ColumnElement[Any]], wanted: Sequence[Sequence[Any]] | Select[Any]) -> ColumnElement[bool]:
    """Whether ``columns`` together are one of ``wanted``: lists of values, or a query with as many columns."""
    if len(columns) == 1:
        return columns[0].in_(wanted if isinstance(wanted, Select) else [one for (one,) in wanted])
    return tuple_(*columns).in_(wanted if isinstance(wanted, Select) else [tuple(one) for one in wanted])
