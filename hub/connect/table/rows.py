"""Rows of an exchange table (前置库) with their lines: which columns are read, and what is wrong with a row by itself.

Keys are compared as the database's own type: a text is sent without a type, and the server reads it as the column's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Connection, Select, column, func, select, table, types

from hub.connect.mapping import canonical
from hub.ports import UNVERSIONED, Fault
from hub.records.identifiers import tidy
from hub.records.shape import ITEMS_MAX
from hub.records.text import decode

LINES_MAX = ITEMS_MAX
"""Most lines of one row; no record holds more. A row with more is a fault, and its lines are not read."""
PAGE_LINES_MAX = 20_000
"""Most lines of all rows that are read at once."""
_KEYS_AT_ONCE = 500
_LINES_AT_ONCE = 1_000
_VERSION_END = 2**63
DELETE, UPSERT = "DELETE", "UPSERT"
OPERATIONS: Final[Mapping[str, str]] = MappingProxyType({"I": UPSERT, "U": UPSERT, "D": DELETE})


class TooManyLines(Exception):
    """The rows of a query have more lines than ``PAGE_LINES_MAX``: fewer rows must be read at once."""


class _Untyped(types.UserDefinedType[Any]):
    """A column whose type only the database knows. Values are sent and returned as the driver does it."""

    cache_ok = True


@dataclass(frozen=True, slots=True)
class Child:
    """A table of lines that belong to a row, such as the holders of a title. ``parent``: the column with the row's key.
    ``order``: the column by which the lines are ordered."""

    table: str
    parent: str
    order: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """An exchange table: its columns for key, update time and operation, and those that the mapping reads.

    ``time`` is in milliseconds and grows with each write of a row. The columns in ``texts`` hold bytes in ``encoding``;
    bytes in other columns are codes in ASCII.
    ``operations``: the owner's code (half-width capital letters, as ``tidy`` makes them) → ``UPSERT`` or ``DELETE``;
    any other code is a fault of its row.
    """

    table: str
    key: str
    time: str
    operation: str
    columns: tuple[str, ...]
    texts: frozenset[str] = frozenset()
    encoding: str = "gb18030"
    operations: Mapping[str, str] = field(default_factory=lambda: OPERATIONS)
    children: Mapping[str, Child] = field(default_factory=dict)

    def names(self) -> dict[str, set[str]]:
        """Table → the columns that are read."""
        main = {self.key, self.time, self.operation, *self.columns}
        return {self.table: main} | {
            child.table: {child.parent, child.order, *child.columns} for child in self.children.values()
        }


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row with decoded texts. A text that cannot be decoded stays bytes: reading it is a fault of the row.

    ``fault``: what is wrong with key, time or operation; then ``version`` may be ``UNVERSIONED``. ``time`` is the
    update time as the database gives it. ``unread``: the number of lines, where there are too many to read.
    """

    key: str
    version: int
    operation: str
    columns: Mapping[str, Any]
    children: Mapping[str, Sequence[Mapping[str, Any]]]
    fault: Fault | None = None
    time: Any = None
    unread: Mapping[str, int] = field(default_factory=dict)

    @property
    def moment(self) -> float | None:
        """The update time as a number, for a cursor; ``None`` when it is a fault."""
        if self.version == UNVERSIONED and self.fault:
            return None
        return self.version if isinstance(self.time, str) or self.time == self.version else float(self.time)

    def raw(self) -> bytes:
        """The row's content as bytes, without its key and time: a row that is written again has the same bytes. A row
        whose time is a fault has it in its bytes, so that its content is new when the time is corrected."""
        told = {"time": self.time} if self.fault and self.version == UNVERSIONED else {}
        lines = {**self.children, **self.unread}
        return canonical({"operation": self.operation, **told, "row": self.columns, **lines})


class Rows:
    """Reads the rows of one exchange table, with their lines. Immutable."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.main = _table(layout.table, (layout.key, layout.operation, *layout.columns), layout.time)
        self.key, self.time = self.main.c[layout.key], self.main.c[layout.time]

    def read(self, connection: Connection, query: Select[Any], ends_ms: int = _VERSION_END) -> list[TableRow]:
        """The rows of a query on ``main``. An update time at or after ``ends_ms`` is a fault of its row. Raises
        ``TooManyLines`` when there are several rows."""
        found = [row._mapping for row in connection.execute(query)]
        keys = [self._key(row[self._layout.key]) for row in found]
        giants = {name: self._giants(connection, child, keys) for name, child in self._layout.children.items()}
        children = {
            name: self._children(connection, child, [key for key in keys if key not in giants[name]])
            for name, child in self._layout.children.items()
        }
        return [self._row(row, children, giants, ends_ms) for row in found]

    def _giants(self, connection: Connection, child: Child, keys: Sequence[str]) -> dict[str, int]:
        """The rows with more lines than ``LINES_MAX``, and how many they have."""
        lines = _table(child.table, (child.parent,))
        parent, counts = lines.c[child.parent], dict[str, int]()
        for some in _slices(keys, _KEYS_AT_ONCE):
            query = select(parent, func.count()).where(parent.in_(some)).group_by(parent)
            counts |= {self._key(key): count for key, count in connection.execute(query)}
        giants = {key: count for key, count in counts.items() if count > LINES_MAX}
        if sum(counts.values()) - sum(giants.values()) > PAGE_LINES_MAX and len(keys) > 1:
            raise TooManyLines
        return giants

    def by_child(self, of: str, name: str, values: Sequence[str]) -> Select[Any]:
        """The keys of rows with a line of ``of`` whose column ``name`` is one of ``values``, as a sub-query."""
        child = self._layout.children[of]
        lines = _table(child.table, (child.parent, name))
        return select(lines.c[child.parent]).where(lines.c[name].in_(values))

    def _row(
        self,
        row: Mapping[Any, Any],
        children: Mapping[str, Mapping[str, list[Mapping[str, Any]]]],
        giants: Mapping[str, Mapping[str, int]],
        ends_ms: int,
    ) -> TableRow:
        layout = self._layout
        key, given = self._key(row[layout.key]), row[layout.time]
        version, fault = _version(given, ends_ms)
        operation, wrong = self._operation(row[layout.operation])
        nameless = None if key else Fault("SHAPE_MISSING", "source.key")
        lines = {name: of.get(key, []) for name, of in children.items()}
        unread = {name: of[key] for name, of in giants.items() if key in of}
        large = Fault("TOO_LARGE", next(iter(unread))) if unread else None
        columns = self._decoded(row, layout.columns)
        return TableRow(key, version, operation, columns, lines, nameless or fault or wrong or large, given, unread)

    def _operation(self, given: Any) -> tuple[str, Fault | None]:
        """The hub's word for an operation. A code that is in no table stays as it is, with its fault."""
        if given is None:
            return "", Fault("SHAPE_MISSING", "source.operation")
        code = self._key(given)
        word = self._layout.operations.get(tidy(code))
        return (word, None) if word else (code, Fault("SHAPE_TYPE", "source.operation"))

    def _key(self, value: Any) -> str:
        """A key or code as text; "" for null."""
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value).decode(self._layout.encoding, "backslashreplace")
        return "" if value is None else str(value)

    def _children(
        self, connection: Connection, child: Child, keys: Sequence[str]
    ) -> dict[str, list[Mapping[str, Any]]]:
        lines = _table(child.table, (child.parent, child.order, *child.columns))
        parent, order = lines.c[child.parent], lines.c[child.order]
        found: dict[str, list[Mapping[str, Any]]] = {}
        for some in _slices(keys, _KEYS_AT_ONCE):
            query = select(lines).where(parent.in_(some)).order_by(parent, order)
            for row in connection.execute(query.execution_options(yield_per=_LINES_AT_ONCE)):
                owner = found.setdefault(self._key(row._mapping[child.parent]), [])
                if len(owner) <= LINES_MAX:
                    owner.append(self._decoded(row._mapping, child.columns))
        return found

    def _decoded(self, row: Mapping[Any, Any], names: Iterable[str]) -> dict[str, Any]:
        texts, encoding = self._layout.texts, self._layout.encoding
        return {name: _text(row[name], encoding if name in texts else "ascii") for name in names}


def _text(value: Any, encoding: str) -> Any:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        return value
    try:
        return decode(bytes(value), encoding)
    except UnicodeDecodeError:
        return bytes(value)


def _table(name: str, untyped: Iterable[str], *others: str) -> Any:
    columns = [column(one, _Untyped()) for one in dict.fromkeys(untyped)]
    return table(name, *columns, *(column(one) for one in others))


def _version(given: Any, ends_ms: int) -> tuple[int, Fault | None]:
    """The update time as a version in whole ms, or ``UNVERSIONED`` with the fault that says why not."""
    field_name = "source.version"
    if given is None:
        return UNVERSIONED, Fault("SHAPE_MISSING", field_name)
    try:
        version = int(given)
    except (ArithmeticError, TypeError, ValueError):
        version = -1
    if isinstance(given, bool) or not isinstance(given, (int, float, Decimal, str)) or version < 0:
        return UNVERSIONED, Fault("SHAPE_TYPE", field_name)
    if version >= _VERSION_END:
        return UNVERSIONED, Fault("NUMBER_TOO_LARGE", field_name)
    return (version, None) if version < ends_ms else (UNVERSIONED, Fault("DATE_FUTURE", field_name))


def _slices(values: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (values[start : start + size] for start in range(0, len(values), size))
