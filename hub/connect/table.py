"""Base for exchange tables (前置库): reads rows that are overwritten in place by (update time, key), also rows
that commit late, and finds rows that vanished.

The *head* reads on from the newest (time, key). A row that commits late is behind it. So a *sweep* reads the last
``lag_s`` seconds again every ``sweep_s`` seconds, and the hub drops the rows that it has seen (``remembers = true``). A
nightly full reload gives each row a new time. When no row is older than the reload, the page says so with
``complete_since``: rows that did not come again were deleted. All state is in the cursor, so a fetch can be repeated
and a restart loses nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, column, func, select, table

from hub.clock import CHINA
from hub.connect.context import Context
from hub.connect.mapping import canonical, to_row
from hub.connect.tabledb import TableDatabase
from hub.ports import Cursor, DayCount, Page, Plain, SourceRow

_KEYS_AT_ONCE = 500
_ANSWER_ROWS_MAX = 1_000
DELETE, UPSERT = "DELETE", "UPSERT"


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

    ``time`` is in milliseconds and grows with each write of a row. The columns in ``texts`` hold bytes in ``encoding``.
    ``removed``: the operations that mean a deletion.
    """

    table: str
    key: str
    time: str
    operation: str
    columns: tuple[str, ...]
    texts: frozenset[str] = frozenset()
    encoding: str = "gb18030"
    removed: frozenset[str] = frozenset({"D"})
    children: Mapping[str, Child] = field(default_factory=dict)

    def names(self) -> dict[str, set[str]]:
        """Table → the columns that are read."""
        main = {self.key, self.time, self.operation, *self.columns}
        return {self.table: main} | {
            child.table: {child.parent, child.order, *child.columns} for child in self.children.values()
        }


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row with decoded texts. A text that cannot be decoded stays bytes: reading it is a fault of the row."""

    key: str
    version: int
    operation: str
    columns: Mapping[str, Any]
    children: Mapping[str, Sequence[Mapping[str, Any]]]

    def raw(self) -> bytes:
        """The content of the row without its update time: an unchanged row that is written again has the same bytes."""
        return canonical({"operation": self.operation, "row": self.columns, **self.children})


@dataclass(frozen=True, slots=True)
class Timing:
    """``lag_s``: how late a row may commit, including differences between clocks. ``sweep_s``: how often to look for
    late rows. ``full_reload``: whether the owner reloads the whole table."""

    lag_s: float
    sweep_s: float
    full_reload: bool


class TableSource:
    """``Source`` on an exchange table. ``to_record`` is the connector's mapping. Subclasses add look-ups.

    All methods raise as ``TableDatabase`` does.
    """

    def __init__(
        self, url: str, layout: Layout, timing: Timing, context: Context, to_record: Callable[[TableRow], Plain]
    ) -> None:
        self._layout = layout
        self._timing = timing
        self._context = context
        self._to_record = to_record
        self._database = TableDatabase(context.info.name, url, context.limits, layout.names())
        wanted = (layout.key, layout.time, layout.operation, *layout.columns)
        self._main = table(layout.table, *(column(name) for name in wanted))
        self._key, self._time = self._main.c[layout.key], self._main.c[layout.time]

    # ---- the feed --------------------------------------------------------------------------------------------------

    def fetch(self, cursor: Cursor | None) -> Page:
        """The next page: of the head, else of a sweep, else an empty one, which may report a full reload."""
        at = dict(cursor or {"time": -1, "key": "", "swept_ms": 0})
        with self._database.read() as connection:
            rows = self._between(connection, at["time"], at["key"])
            if rows:
                at |= {"time": rows[-1].version, "key": rows[-1].key}
                # Set with the first page, so that it is durable before the first reload.
                at.setdefault("base", at["time"])
                return self._page(rows, at, more=True)
            if rows := self._sweep(connection, at):
                return self._page(rows, at, more="sweep" in at)
            return Page((), at, "sweep" in at, self._complete_since(connection, at))

    def _page(self, rows: Sequence[TableRow], at: dict[str, Any], more: bool) -> Page:
        return Page([self.source_row(row) for row in rows], at, more)

    def _sweep(self, connection: Connection, at: dict[str, Any]) -> list[TableRow]:
        """The next rows of a sweep, up to the head. Changes ``at``."""
        now_ms = self._context.clock.process_ms()
        if "sweep" not in at:
            if now_ms - at["swept_ms"] < self._timing.sweep_s * 1000:
                return []
            begin = now_ms - round((self._timing.lag_s + self._timing.sweep_s) * 1000)
            at["sweep"] = {"time": begin, "key": ""}
        rows = self._between(connection, at["sweep"]["time"], at["sweep"]["key"], (at["time"], at["key"]))
        if len(rows) < self._context.limits.page_rows:
            del at["sweep"]
            at["swept_ms"] = now_ms
        else:
            at["sweep"] = {"time": rows[-1].version, "key": rows[-1].key}
        return rows

    def _complete_since(self, connection: Connection, at: dict[str, Any]) -> int | None:
        """The time of a full reload that has ended and was read completely; once for each reload. Changes ``at``."""
        if not self._timing.full_reload or "sweep" in at or at["time"] <= at.get("base", at["time"]):
            return None
        oldest = connection.execute(select(func.min(self._time))).scalar()
        settled_ms = self._context.clock.process_ms() - round(self._timing.lag_s * 1000)
        if oldest is None or not at["base"] < oldest <= settled_ms:
            return None
        at["base"] = at["time"]
        return int(oldest)

    def _between(
        self, connection: Connection, since: int, key: str, until: tuple[int, str] | None = None
    ) -> list[TableRow]:
        """The page after (``since``, ``key``), up to ``until``. Two queries, because each database answers them from
        its index; not all do for a comparison of pairs."""
        size = self._context.limits.page_rows
        ties = [self._time == since, self._key > key]
        later = [self._time > since]
        if until is not None:
            ends = (self._time < until[0]) | ((self._time == until[0]) & (self._key <= until[1]))
            ties, later = [*ties, self._time <= until[0], ends], [*later, self._time <= until[0], ends]
        rows = self._rows(connection, self._ordered(ties).limit(size))
        if len(rows) < size:
            rows += self._rows(connection, self._ordered(later).limit(size - len(rows)))
        return rows

    def _ordered(self, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
        return select(self._main).where(*conditions).order_by(self._time, self._key)

    # ---- rows ------------------------------------------------------------------------------------------------------

    def source_row(self, row: TableRow) -> SourceRow:
        """The row as a ``SourceRow``, mapped or with its faults."""
        return to_row(row.key, row.version, row.raw(), lambda: self._to_record(row))

    def _rows(self, connection: Connection, query: Select[Any]) -> list[TableRow]:
        found = [row._mapping for row in connection.execute(query)]
        keys = [str(row[self._layout.key]) for row in found]
        children = {name: self._children(connection, child, keys) for name, child in self._layout.children.items()}
        return [self._row(row, children) for row in found]

    def _row(self, row: Mapping[Any, Any], children: Mapping[str, Mapping[str, list[Mapping[str, Any]]]]) -> TableRow:
        layout, key = self._layout, str(row[self._layout.key])
        operation = DELETE if str(row[layout.operation]).strip() in layout.removed else UPSERT
        lines = {name: of.get(key, []) for name, of in children.items()}
        return TableRow(key, int(row[layout.time]), operation, self._decoded(row, layout.columns), lines)

    def _children(
        self, connection: Connection, child: Child, keys: Sequence[str]
    ) -> dict[str, list[Mapping[str, Any]]]:
        lines = table(child.table, *(column(name) for name in (child.parent, child.order, *child.columns)))
        found: dict[str, list[Mapping[str, Any]]] = {}
        for some in _slices(keys, _KEYS_AT_ONCE):
            query = select(lines).where(lines.c[child.parent].in_(some))
            for row in connection.execute(query.order_by(lines.c[child.parent], lines.c[child.order])):
                owner = found.setdefault(str(row._mapping[child.parent]), [])
                owner.append(self._decoded(row._mapping, child.columns))
        return found

    def _decoded(self, row: Mapping[Any, Any], names: Iterable[str]) -> dict[str, Any]:
        return {name: self._text(row[name]) if name in self._layout.texts else row[name] for name in names}

    def _text(self, value: Any) -> Any:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            return value
        try:
            return bytes(value).decode(self._layout.encoding)
        except UnicodeDecodeError:
            return bytes(value)

    # ---- questions -------------------------------------------------------------------------------------------------

    def rows_by(self, name: str, values: Sequence[str], *conditions: ColumnElement[bool]) -> list[SourceRow]:
        """Rows whose column ``name`` is one of ``values``; at most a thousand."""
        return self._answer(self._main.c[name].in_(values), *conditions)

    def rows_by_child(
        self, of: str, name: str, values: Sequence[str], *conditions: ColumnElement[bool]
    ) -> list[SourceRow]:
        """Rows with a line of ``of`` whose column ``name`` is one of ``values``; at most a thousand."""
        child = self._layout.children[of]
        lines = table(child.table, column(child.parent), column(name))
        parents = select(lines.c[child.parent]).where(lines.c[name].in_(values))
        return self._answer(self._key.in_(parents), *conditions)

    def _answer(self, *conditions: ColumnElement[bool]) -> list[SourceRow]:
        with self._database.read() as connection:
            rows = self._rows(connection, self._ordered(conditions).limit(_ANSWER_ROWS_MAX))
        return [self.source_row(row) for row in rows if row.operation != DELETE]

    def column(self, name: str) -> ColumnElement[Any]:
        """A column of the main table, for conditions."""
        return self._main.c[name]

    def day(self, day: date) -> DayCount:
        """The rows whose update time is on ``day``, Beijing time."""
        begin, end = (
            int(datetime.combine(d, time(), CHINA).timestamp() * 1000) for d in (day, day + timedelta(days=1))
        )
        query = select(self._key, self._time).where(self._time >= begin, self._time < end)
        with self._database.read() as connection:
            return DayCount(day, frozenset(f"{key}#{version}" for key, version in connection.execute(query)))

    def drift(self) -> tuple[list[str], list[str]]:
        """(Columns that are new, columns that are missing), each as ``table.column``."""
        return self._database.drift()

    def close(self) -> None:
        """Close the connections of the exchange database."""
        self._database.close()


def _slices(values: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (values[start : start + size] for start in range(0, len(values), size))
