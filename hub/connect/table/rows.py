"""Rows of an exchange table (前置库) with their lines: which columns are read, and what is wrong with a row by itself.

Keys are compared as the database's own type: a text is sent without a type, and the server reads it as the column's.
"""

import json
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, column, func, select, table, true

from hub.connect.declared.reading import Unread
from hub.connect.declared.rows import DeclaredRow
from hub.connect.rowkeys import joined
from hub.connect.table.dialects import AsBytes, Untyped
from hub.connect.table.keys import Key, among
from hub.connect.table.spec import ChildSpec, LookupSpec, TableSpec
from hub.connect.table.times import Times
from hub.ports import NAMELESS, UNVERSIONED, Fault, Stored
from hub.records.identifiers import tidy
from hub.records.shape import ITEMS_MAX
from hub.records.text import decode

LINES_MAX = ITEMS_MAX
"""Most lines of one row; no record holds more. A row with more is a fault, and its lines are not read."""
PAGE_LINES_MAX = 20_000
"""Most lines of all rows that are read at once."""
_OWNERS_AT_ONCE = 500
_LINES_AT_ONCE = 1_000
_VERSION_END = 2**63
_NAMELESS = Fault("SHAPE_MISSING", "source.key")
DELETE, UPSERT = "DELETE", "UPSERT"
_Names = list[tuple[Any, ...]]
"""How the lines of one row may name it."""
_Found = Mapping[Any, Any]
"""A row as the driver gives it."""


class TooManyLines(Exception):
    """The rows of a query have more lines than ``PAGE_LINES_MAX``: fewer rows must be read at once."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row with decoded texts and its lines, and its update time in ms: ``None`` when that is a fault. A text that
    cannot be decoded stays bytes: reading it is a fault of the row."""

    row: DeclaredRow
    moment: float | None = None


class Rows:
    """Reads the rows of one exchange table, with their lines. Immutable. ``dialect``: the database's name in
    SQLAlchemy. ``more``: table → further columns that it has."""

    def __init__(
        self, spec: TableSpec, dialect: str, more: Mapping[str, Collection[str]] = MappingProxyType({})
    ) -> None:
        self._spec = spec
        self.times = Times(spec, dialect)
        self._encodings = dict.fromkeys((*spec.texts, *spec.miscoded), spec.encoding)
        names = spec.names()
        for name, columns in more.items():
            names[name] |= set(columns)
        self._tables = {name: _table(name, names[name], self._numbers(name)) for name in names}
        self.main = self._tables[spec.name]
        self.time = self._latest(dialect)
        self.key = Key([self.main.c[name] for name in spec.key])

    def _latest(self, dialect: str) -> Any:
        """The time of a row: its own, or a later one of its lines where these have times."""
        spec, own = self._spec, self.main.c[self._spec.time]
        times = [own]
        for child in spec.children.values():
            if child.time:
                lines = self._tables[child.table].alias()
                pairs = zip(child.parent, child.of or spec.key, strict=True)
                of_row = and_(*(lines.c[parent] == self.main.c[of] for parent, of in pairs))
                newest = select(func.max(lines.c[child.time])).where(of_row).correlate(self.main).scalar_subquery()
                times.append(func.coalesce(newest, own, type_=own.type))
        if len(times) == 1:
            return own
        latest = func.max if dialect == "sqlite" else func.greatest
        return latest(*times, type_=own.type).label(spec.time)

    def _numbers(self, name: str) -> set[str]:
        """The columns that are compared as numbers, also where the database stores texts."""
        numeric = self._spec.time_as in ("milliseconds", "seconds") and name == self._spec.name
        return {self._spec.time} if numeric else set()

    def select(self, absent: Collection[str] = ()) -> Select[Any]:
        """All rows, as ``read`` reads them. ``absent``: optional columns that the table does not have."""
        spec = self._spec
        names = dict.fromkeys([*spec.extra, *spec.columns, spec.time])
        return select(*(self._selected(self.main, name) for name in names if name not in absent))

    def named(self) -> Select[Any]:
        """All rows, their key and time only, as ``versions`` reads them."""
        return select(*self.key.columns, self.time)

    def versions(self, connection: Connection, query: Select[Any]) -> Iterator[str]:
        """``KEY#VERSION`` of the rows of a query that is made from ``named``, without those whose time is none."""
        for row in connection.execute(query):
            moment = self.moment(row[-1])
            if moment is not None:
                yield f"{self._joined(row._mapping, self._spec.key)}#{int(moment)}"

    def moment(self, given: Any) -> float | None:
        """A time as the database gives it in ms since 1970, ``None`` for what is none."""
        try:
            return None if given is None else self.times.moment(given)
        except (ArithmeticError, TypeError, ValueError, AttributeError):
            return None

    def _selected(self, of: Any, name: str) -> Any:
        if of is self.main and name == self._spec.time:
            return self.time
        return AsBytes(of.c[name]).label(name) if name in self._spec.miscoded else of.c[name]

    def read(self, connection: Connection, query: Select[Any], ends_ms: int = _VERSION_END) -> list[TableRow]:
        """The rows of a query that is made from ``select``. An update time at or after ``ends_ms`` is a fault of its
        row. Raises ``TooManyLines`` when there are several rows."""
        found = [row._mapping for row in connection.execute(query)]
        lines = {name: self._lines(connection, child, found) for name, child in self._spec.children.items()}
        return [self._row(row, lines, ends_ms) for row in found]

    def lacking(self, row: TableRow) -> bool:
        """Whether a row that is not deleted has no line of a child that is required."""
        columns = row.row.columns
        needs = [name for name, child in self._spec.children.items() if child.required]
        return row.row.operation != DELETE and any(columns[name] == [] for name in needs)

    def holding(self, question: LookupSpec, values: Sequence[str]) -> ColumnElement[bool]:
        """Rows where the column of ``question`` is one of ``values``: their own, or that of one of their lines."""
        if not question.child:
            return self._one_of(self.main, question.column, values)
        child = self._spec.children[question.child]
        lines = self._tables[child.table]
        owners = select(*(lines.c[name] for name in child.parent))
        return among(self._owner(child), owners.where(self._one_of(lines, question.column, values)))

    def lines_of(self, child: ChildSpec, rows: Sequence[ColumnElement[bool]]) -> tuple[Any, ColumnElement[bool]]:
        """The table of a child, and which of its lines belong to ``rows``."""
        owners = select(*self._owner(child)).where(*rows)
        return self._tables[child.table], among(self._parent(child), owners)

    def in_force(self) -> ColumnElement[bool]:
        """Rows that answer a question."""
        rule = self._spec.in_force
        return self.main.c[rule.column].in_(rule.among) if rule else true()

    def _one_of(self, of: Any, name: str, values: Sequence[str]) -> ColumnElement[bool]:
        wanted: list[Any] = list(values)
        if name in self._encodings:
            wanted = [value.encode(self._encodings[name]) for value in values]
        column: ColumnElement[Any] = AsBytes(of.c[name]) if name in self._spec.miscoded else of.c[name]
        return column.in_(wanted)

    def _owner(self, child: ChildSpec) -> list[ColumnElement[Any]]:
        return [self.main.c[name] for name in child.of or self._spec.key]

    # ---- one row ---------------------------------------------------------------------------------------------------

    def _row(self, row: _Found, lines: Mapping[str, "_Lines"], ends_ms: int) -> TableRow:
        spec = self._spec
        key, given = self._joined(row, spec.key), row[spec.time]
        moment, timeless = self._judged(given, ends_ms)
        operation, wrong = self._operation(row)
        owners = {name: self._owned_by(row, child.of or spec.key) for name, child in spec.children.items()}
        columns = self._decoded(row, [name for name in spec.columns if name not in spec.optional or name in row])
        columns |= {name: lines[name].of(owner) for name, owner in owners.items()}
        version = UNVERSIONED if moment is None else int(moment)
        fault = _first(None if key else _NAMELESS, timeless, wrong, _large(columns))
        beside = {"time": given} if timeless else {}
        return TableRow(DeclaredRow(key, version, operation, columns, fault, beside=beside), moment)

    def _judged(self, given: Any, ends_ms: int) -> tuple[float | None, Fault | None]:
        """The update time in ms, or ``None`` with the fault that says why not."""
        field_name = "source.version"
        if given is None:
            return None, Fault("SHAPE_MISSING", field_name)
        moment = self.moment(given)
        if moment is None or moment < 0:
            return None, Fault("SHAPE_TYPE", field_name)
        if moment >= _VERSION_END:
            return None, Fault("NUMBER_TOO_LARGE", field_name)
        return (moment, None) if int(moment) < ends_ms else (None, Fault("DATE_FUTURE", field_name))

    def _operation(self, row: _Found) -> tuple[str, Fault | None]:
        """The hub's word for an operation. A code that is in no table stays as it is, with its fault."""
        spec, deleted = self._spec, self._spec.deleted_when
        if deleted and tidy(self._text(row[deleted.column])) in deleted.among:
            return DELETE, None
        if not spec.operation:
            return UPSERT, None
        if row[spec.operation] is None:
            return "", Fault("SHAPE_MISSING", "source.operation")
        code = self._text(row[spec.operation])
        word = spec.operations.get(tidy(code))
        return (word, None) if word else (code, Fault("SHAPE_TYPE", "source.operation"))

    def _joined(self, row: _Found, names: Sequence[str]) -> str:
        return joined([self._text(row[name]) for name in names])

    def _owned_by(self, row: _Found, names: Sequence[str]) -> str:
        """What a row and its lines have in common. A column of fixed length (CHAR) has blanks after it."""
        return joined([self._text(row[name]).rstrip(" ") for name in names])

    def _text(self, value: Any) -> str:
        """A key or code as text; "" for null."""
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value).decode(self._spec.encoding, "backslashreplace")
        return "" if value is None else str(value)

    def _decoded(self, row: _Found, names: Iterable[str]) -> dict[str, Any]:
        return {name: _decoded(row[name], self._encodings.get(name, "ascii")) for name in names}

    def stored(self, stored: Stored) -> DeclaredRow:
        """The row of bytes that ``row_of`` made, for mapping it again. Numbers and dates are texts in it; an operation
        is read by the codes of now. Raises ``ValueError`` for other bytes."""
        told = json.loads(stored.raw)
        nameless = _NAMELESS if stored.key.startswith(NAMELESS) else None
        timeless = self._judged(told["time"], 0)[1] if "time" in told else None
        code = told["operation"]
        word = code if code in (UPSERT, DELETE) else self._spec.operations.get(tidy(code))
        wrong = None if word else Fault("SHAPE_TYPE" if code else "SHAPE_MISSING", "source.operation")
        lines = {name: told[name] for name in self._spec.children if name in told}
        columns = _restored({**told["row"], **{name: told[name] for name in self._spec.columns if name in told}})
        columns |= {
            name: Unread(found) if isinstance(found, int) else [_restored(line) for line in found]
            for name, found in lines.items()
        }
        fault = _first(nameless, timeless, wrong, _large(columns))
        beside = {"time": told["time"]} if timeless else {}
        return DeclaredRow(stored.key, stored.version, word or code, columns, fault, beside=beside)

    # ---- the lines of rows -----------------------------------------------------------------------------------------

    def _lines(self, connection: Connection, child: ChildSpec, rows: Sequence[_Found]) -> "_Lines":
        """The lines of one child for all ``rows``. Rows with more than ``LINES_MAX`` are giants, and only counted."""
        names = child.of or self._spec.key
        owners = {self._owned_by(row, names): self._named(row, names) for row in rows}
        owners.pop("", None)
        found = self._read_lines(connection, child, list(owners.values()), PAGE_LINES_MAX)
        if found is not None:
            giants = {owner: len(lines) for owner, lines in found.items() if len(lines) > LINES_MAX}
            return _Lines(found, giants)
        counts = self._counted(connection, child, list(owners.values()))
        giants = {owner: count for owner, count in counts.items() if count > LINES_MAX}
        if sum(counts.values()) - sum(giants.values()) > PAGE_LINES_MAX and len(rows) > 1:
            raise TooManyLines
        wanted = [values for owner, values in owners.items() if owner in counts and owner not in giants]
        found = self._read_lines(connection, child, wanted, PAGE_LINES_MAX)
        if found is None:
            raise TooManyLines  # lines came between, on a database without a snapshot
        return _Lines(found, giants)

    def _named(self, row: _Found, names: Sequence[str]) -> _Names:
        """How the lines of a row may name it: a column of fixed length has blanks at its end, another has not."""
        given = tuple(row[name] if isinstance(row[name], bytes) else self._text(row[name]) for name in names)
        short = tuple(one if isinstance(one, bytes) else one.rstrip(" ") for one in given)
        return list(dict.fromkeys((given, short)))

    def _counted(self, connection: Connection, child: ChildSpec, owners: Sequence[_Names]) -> dict[str, int]:
        parent = self._parent(child)
        counts: dict[str, int] = {}
        for some in _slices(owners):
            query = select(*parent, func.count()).where(among(parent, some)).group_by(*parent)
            for row in connection.execute(query):
                owner = self._owned_by(row._mapping, child.parent)
                counts[owner] = counts.get(owner, 0) + row[-1]
        return counts

    def _parent(self, child: ChildSpec) -> list[ColumnElement[Any]]:
        return [self._tables[child.table].c[name] for name in child.parent]

    def _read_lines(
        self, connection: Connection, child: ChildSpec, owners: Sequence[_Names], most: int
    ) -> dict[str, list[dict[str, Any]]] | None:
        """The lines of ``owners``, ``None`` when there are more than ``most``."""
        table, parent = self._tables[child.table], self._parent(child)
        names = dict.fromkeys([*child.parent, *child.columns])
        lines = select(*(self._selected(table, name) for name in names))
        lines = lines.order_by(*parent, *(table.c[name] for name in child.order))
        found: dict[str, list[dict[str, Any]]] = {}
        for some in _slices(owners):
            query = lines.where(among(parent, some)).limit(most + 1).execution_options(yield_per=_LINES_AT_ONCE)
            for row in connection.execute(query):
                owner = found.setdefault(self._owned_by(row._mapping, child.parent), [])
                owner.append(self._decoded(row._mapping, child.columns))
                most -= 1
            if most < 0:
                return None
        return found


@dataclass(frozen=True, slots=True)
class _Lines:
    """``found``: what a row and its lines have in common → its lines. ``giants``: → how many, where there are too many
    to read."""

    found: Mapping[str, list[dict[str, Any]]]
    giants: Mapping[str, int]

    def of(self, owner: str) -> list[dict[str, Any]] | Unread:
        """The lines of one row."""
        return Unread(self.giants[owner]) if owner in self.giants else self.found.get(owner, [])


def _first(*faults: Fault | None) -> Fault | None:
    return next((fault for fault in faults if fault), None)


def _large(columns: Mapping[str, Any]) -> Fault | None:
    return next((Fault("TOO_LARGE", name) for name, found in columns.items() if isinstance(found, Unread)), None)


def _decoded(value: Any, encoding: str) -> Any:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        return value
    try:
        return decode(bytes(value), encoding)
    except UnicodeDecodeError:
        return bytes(value)


def _restored(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns with bytes where ``canonical`` wrote them as hexadecimal."""
    return {
        name: bytes.fromhex(one["hex"]) if isinstance(one, dict) and one.keys() == {"hex"} else one
        for name, one in columns.items()
    }


def _table(name: str, columns: Iterable[str], numbers: Container[str]) -> Any:
    schema, _, own = name.rpartition(".")
    typed = [column(one) if one in numbers else column(one, Untyped()) for one in sorted(columns)]
    return table(own, *typed, schema=schema or None)


def _slices(owners: Sequence[_Names]) -> Iterator[list[tuple[Any, ...]]]:
    """What owners are named by, for one query after another. All names of one owner are in one query: a column of
    fixed length would find its lines by each of them."""
    for start in range(0, len(owners), _OWNERS_AT_ONCE):
        yield [name for names in owners[start : start + _OWNERS_AT_ONCE] for name in names]
