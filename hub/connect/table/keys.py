"""The key of a row, of one column or of several, as one text and in the database's order."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, tuple_

_Place = tuple[ColumnElement[Any], str]


def joined(parts: Sequence[str]) -> str:
    """The parts of a key as one text; different parts never give the same one. A key of one part is that part.

    >>> joined(["a/b"]), joined(["a/b", "c"]), joined(["a", "b/c"]), joined(["a", ""])
    ('a/b', 'a%2Fb/c', 'a/b%2Fc', '')
    """
    if not all(parts):
        return ""
    return parts[0] if len(parts) == 1 else "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def split(key: str, size: int) -> list[str]:
    """The parts of a text that ``joined`` made of ``size`` parts. Raises ``ValueError`` for another number of parts.

    >>> split("a%2Fb/c", 2), split("a/b", 1)
    (['a/b', 'c'], ['a/b'])
    """
    parts = [key] if size == 1 else [part.replace("%2F", "/").replace("%25", "%") for part in key.split("/")]
    if len(parts) != size:
        raise ValueError(f"a key here has {size} parts")
    return parts


def has_parts(key: Any, size: int) -> bool:
    """Whether ``key`` is none, or a text that ``joined`` made of ``size`` parts."""
    return key is None or (isinstance(key, str) and (size == 1 or key.count("/") == size - 1))


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
