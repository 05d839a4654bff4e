"""Base for exchange tables (前置库): reads rows that are overwritten in place by (update time, key), also rows
that commit late, and finds rows that vanished.

The *head* reads on from the newest (time, key), up to ``lag_s`` after now: a time beyond that is not to be trusted, and
a head that followed it would pass all other rows. A row that commits late is behind the head. So a *sweep* reads again
every ``sweep_s`` seconds, beside the head, from ``lag_s`` before the last sweep; the hub drops the rows that it has
seen (``remembers = true``). At its end a sweep reads *odd* rows by their keys: those without a time, and with a time
that cannot be right; each is a row with a fault. A nightly full reload gives each row a new time. When no row is older
than the reload, the page says so with ``complete_since``: rows that did not come again were deleted. All state is in
the cursor, so a fetch can be repeated and a restart loses nothing.

A row without a line that is ``required`` is *held*: its key is in the cursor, and it is looked at again at the end of
each sweep, also for a line with an old time. After a day it is read as it is, and is still looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from hub.clock import CHINA
from hub.connect.context import Context
from hub.connect.declared.rows import row_of
from hub.connect.rowkeys import has_parts
from hub.connect.table.database import TableDatabase
from hub.connect.table.report import TableReport
from hub.connect.table.rows import DELETE, Rows, TableRow, TooManyLines
from hub.connect.table.spec import TableSpec
from hub.connect.table.spellings import spelled
from hub.errors import Misconfigured, RecordRejected
from hub.ports import Cursor, DayCount, Extent, LookupQuery, Page, RowVerdict, SourceRow, Stored

ANSWER_ROWS_MAX = 1_000
"""Most rows in the answer to a look-up; the newest."""
KEYS_MAX = 500
"""Most keys in one query for rows that are read again."""
_COUNTED_MAX = 1_000
_EARLY_MS = 631_123_200_000
"""1990-01-01 in China: no exchange table is older."""
HELD_MAX = 1_000
"""Most rows that wait for a line; a further one is read as it is."""
HELD_FOR_MS = 86_400_000
"""How long a row waits for a line before it is read as it is."""
_BEFORE_MS = 0.001
"""No form of a time is finer."""
_WAITED_FOR_MS = 86_400_000
"""How far an update time may be ahead of now: the row waits until then. With a later one it is a fault."""


@dataclass(frozen=True, slots=True)
class Timing:
    """``lag_s``: how late a row may commit, including differences between clocks. ``sweep_s``: how often to look for
    late rows. ``full_reload``: whether the owner reloads the whole table."""

    lag_s: float
    sweep_s: float
    full_reload: bool


class TableSource:
    """``Source`` on the exchange table that ``spec`` describes.

    All methods raise as ``TableDatabase`` does.
    """

    def __init__(
        self, url: str, spec: TableSpec, timing: Timing, context: Context, report: TableReport | None = None
    ) -> None:
        self._report = report
        self._lag_ms, self._sweep_ms = round(timing.lag_s * 1000), round(timing.sweep_s * 1000)
        self._full_reload = timing.full_reload
        self._context = context
        self._page_rows = context.limits.page_rows
        self._lookups, self._name = spec.lookups, spec.name
        self._database = TableDatabase(
            context.info.name, url, context.limits, spec.names(), optional={spec.name: set(spec.optional)}
        )
        self._rows = Rows(spec, self._database.dialect)
        self._key, self._time, self._bound = self._rows.key, self._rows.time, self._rows.times.bound
        self._remark = ""

    def _select(self, connection: Connection) -> Select[Any]:
        return self._rows.select(self._database.absent(connection, self._name))

    # ---- the feed --------------------------------------------------------------------------------------------------

    def fetch(self, cursor: Cursor | None) -> Page:
        """The next page: of a sweep or of the head, in turns while both have rows; else an empty one. A page that ends
        at the head may report a full reload. Rows with very many lines come in smaller pages."""
        self._page_rows = self._context.limits.page_rows
        while True:
            try:
                return self._fetch(cursor)
            except TooManyLines:
                self._page_rows = max(1, self._page_rows // 2)

    def _fetch(self, cursor: Cursor | None) -> Page:
        now_ms = self._context.clock.process_ms()
        at = _begun(cursor, now_ms, len(self._key.columns))
        with self._database.read() as connection:
            if self._sweeps_now(at, now_ms) and (rows := self._sweep(connection, at, now_ms)):
                return self._page(rows, at, more=True)
            rows = self._after(connection, at["time"], at["key"], until=(now_ms + self._lag_ms, None))
            if rows:
                at |= self._end(rows)
                # Set with the first page, so that it is durable before the first reload.
                at.setdefault("base", at["time"])
            dry = len(rows) < self._page_rows
            ended = self._complete_since(connection, at, now_ms) if dry and "sweep" not in at else None
            return self._page(rows, at, bool(rows) or "sweep" in at, ended)

    def _page(
        self, rows: Sequence[TableRow], at: dict[str, Any], more: bool, complete_since: int | None = None
    ) -> Page:
        ready, held = self._parted(rows, at.pop("held", {}))
        at |= {"held": held} if held else {}
        told = f"{len(held)} rows wait for a line that is required" if held else ""
        remark = "; ".join(filter(None, (self._remark, told)))
        return Page(self._mapped(ready), at, more, complete_since, remark)

    def _parted(self, rows: Sequence[TableRow], before: Mapping[str, int]) -> tuple[list[TableRow], dict[str, int]]:
        """The rows that are read now, and those that are held from now on: key → since when, ms."""
        held, ready, now_ms = dict(before), [], self._context.clock.process_ms()
        for row in rows:
            key = row.row.key
            lacks = self._rows.lacking(row) and bool(key) and (key in held or len(held) < HELD_MAX)
            if lacks:
                held.setdefault(key, now_ms)
            else:
                held.pop(key, None)
            if not lacks or now_ms - held[key] > HELD_FOR_MS:
                ready.append(row)
        return ready, held

    def _held(self, connection: Connection, at: dict[str, Any]) -> list[TableRow]:
        """The next of the held rows, those that were looked at longest ago first. Changes ``at``."""
        held = dict(at.pop("held", {}))
        some = {key: held.pop(key) for key in list(held)[: self._page_rows]}
        rows = self._read(connection, len(some), self._key.among(list(some))) if some else []
        held |= {row.row.key: some[row.row.key] for row in rows if row.row.key in some}
        at |= {"held": held} if held else {}
        return rows

    def _each_once(self, rows: list[TableRow]) -> list[TableRow]:
        """The rows, in the order of time and key. Raises ``Misconfigured`` where a key names two rows of one time: at
        the border of two pages, one of them would be lost (P1)."""
        for one, other in pairwise(rows):
            if one.moment is not None and (one.moment, one.row.key) == (other.moment, other.row.key):
                raise Misconfigured(
                    f"{self._context.info.name}: `key` of [table] names two rows of one time",
                    "name all columns of the table's primary key",
                )
        return rows

    def _mapped(self, rows: Sequence[TableRow]) -> list[SourceRow]:
        return [row_of(self._context, row.row) for row in rows]

    def _sweeps_now(self, at: dict[str, Any], now_ms: int) -> bool:
        """Whether this page is one of a sweep. Begins a sweep that is due. Changes ``at``."""
        if "sweep" in at:
            return not at.pop("head_next", False)
        waited_ms = now_ms - at["swept_ms"]
        if 0 <= waited_ms < self._sweep_ms:
            return False
        # A last sweep that is far in the future was made by a wrong clock: what it covered is uncertain.
        trusted_ms = at["swept_ms"] if -waited_ms <= self._lag_ms else at.get("covered", at["time"])
        at["sweep"] = {"time": min(now_ms, trusted_ms) - self._lag_ms, "key": None, "began_ms": now_ms}
        return True

    def _sweep(self, connection: Connection, at: dict[str, Any], now_ms: int) -> list[TableRow]:
        """The next rows of the running sweep: up to the head, then odd ones. Changes ``at``."""
        sweep, until = at["sweep"], (at["time"], at["key"])
        rows = self._after(connection, sweep["time"], sweep["key"], until)
        if len(rows) == self._page_rows:
            at["sweep"] = sweep | self._end(rows)
            at["head_next"] = True
            return rows
        del at["sweep"]
        began_ms = at["swept_ms"] = sweep["began_ms"]
        if at["time"] >= began_ms - self._lag_ms:
            at["covered"] = min(began_ms, at["time"])
        return [*rows, *self._odd(connection, at, now_ms), *self._held(connection, at)]

    def _end(self, rows: Sequence[TableRow]) -> dict[str, Any]:
        """The place after a page, for a cursor."""
        for row in reversed(rows):
            if row.moment is not None:
                return {"time": row.moment, "key": row.row.key}
        raise Misconfigured(
            f"{self._context.info.name}: the column {self._time.name} holds no times in the form that is declared",
            "compare `time_as` of the connector's [table] with some rows, or ask the owner of the table",
        )

    def _after(
        self, connection: Connection, since: float, key: str | None, until: tuple[float, str | None]
    ) -> list[TableRow]:
        """The page after (``since``, ``key``), up to ``until``; a key that is ``None`` stands before all keys of its
        time in ``since``, and after them in ``until``. Two queries, because each database answers them from its index;
        not all do for a comparison of pairs."""
        size, begin, end = self._page_rows, self._bound(since), self._bound(until[0])
        ends = [self._time <= end, self._key.is_not_null()]
        if until[1] is not None:
            ends.append((self._time < end) | self._key.up_to(until[1]))
        if key is None:
            return self._read(connection, size, self._time >= begin, *ends)
        rows = self._read(connection, size, self._time == begin, self._key.after(key), *ends)
        if len(rows) < size:
            rows += self._read(connection, size - len(rows), self._time > begin, *ends)
        return rows

    def _read(self, connection: Connection, limit: int, *conditions: ColumnElement[bool]) -> list[TableRow]:
        query = self._select(connection).where(*conditions).order_by(self._time, *self._key.columns)
        return self._each_once(self._rows.read(connection, query.limit(limit), self._ends_ms()))

    def _ends_ms(self) -> int:
        return self._context.clock.process_ms() + self._lag_ms + _WAITED_FOR_MS

    # ---- odd rows --------------------------------------------------------------------------------------------------

    def _odd(self, connection: Connection, at: dict[str, Any], now_ms: int) -> list[TableRow]:
        """The next odd rows by their keys, at most a page; from the beginning again after the last one. Changes ``at``
        and the remark."""
        odd, last = self._remarks(connection, now_ms), at.pop("odd", None)
        self._remark = "; ".join(filter(None, (odd, self._early(connection))))
        if not odd:
            return []
        further = [] if last is None else [self._key.after(last)]
        query = self._select(connection).where(self._is_odd(), *further).order_by(*self._key.columns)
        rows = self._rows.read(connection, query.limit(self._page_rows), self._ends_ms())
        if len(rows) == self._page_rows and rows[-1].row.key:
            at["odd"] = rows[-1].row.key
        return rows

    def _is_odd(self) -> ColumnElement[bool]:
        return or_(self._unreadable(), self._time >= self._bound(self._ends_ms()))

    def _unreadable(self) -> ColumnElement[bool]:
        return or_(self._time.is_(None), self._time < self._bound(0), self._key.is_null())

    def _remarks(self, connection: Connection, now_ms: int) -> str:
        without = self._count(connection, self._unreadable())
        ahead = self._count(connection, self._time > self._bound(now_ms + self._lag_ms))
        told = (
            (without, "have no key, or no update time that can be read: they are rejected"),
            (
                ahead,
                "have an update time in the future: they wait for it, and with over a day they are rejected",
            ),
        )
        found = [f"{number} rows {words}" for number, words in told if number != "0"]
        return "; ".join([*found, "deletions of a full reload are not looked for until then"]) if found else ""

    def _early(self, connection: Connection) -> str:
        """A remark on times that can only be another form than ``time_as``: seconds that were read as milliseconds."""
        early = self._time.between(self._bound(0), self._bound(_EARLY_MS))
        found = self._count(connection, early)
        return f"{found} rows have an update time before 1990: compare `time_as` with the table" if found != "0" else ""

    def _count(self, connection: Connection, condition: ColumnElement[bool]) -> str:
        some = select(self._time).where(condition).limit(_COUNTED_MAX + 1).subquery()
        found = connection.execute(select(func.count()).select_from(some)).scalar_one()
        return str(found) if found <= _COUNTED_MAX else f"over {_COUNTED_MAX}"

    def remark(self) -> str:
        """What a person should know about the table, "" for nothing: rows whose update time is missing or wrong."""
        with self._database.read() as connection:
            odd = self._remarks(connection, self._context.clock.process_ms())
            return "; ".join(filter(None, (odd, self._early(connection))))

    def _complete_since(self, connection: Connection, at: dict[str, Any], now_ms: int) -> int | None:
        """The time of a full reload: all rows that are there have it or a later one, and were read. Changes ``at``."""
        if not self._full_reload or at["time"] <= at.get("base", at["time"]):
            return None
        found = connection.execute(select(func.min(self._time)).where(self._time >= self._bound(0))).scalar()
        oldest = self._rows.moment(found)
        if oldest is None or not at["base"] < oldest <= now_ms - self._lag_ms:
            return None
        if at.get("held") or self._remarks(connection, now_ms):
            return None  # a row that is held, or whose time is wrong, would be taken for deleted
        at["base"] = at["time"]
        return int(oldest)

    def remap(self, stored: Stored) -> SourceRow:
        """The row, mapped again from its bytes."""
        mapped = row_of(self._context, self._rows.stored(stored))
        return replace(mapped, key=stored.key, version=stored.version, raw=stored.raw)

    def read(self, extent: Extent, cursor: Cursor | None) -> Page:
        """Rows of ``extent``, beside the feed. Raises ``Misconfigured`` for a key that is none of this table."""
        self._page_rows = self._context.limits.page_rows
        while True:
            try:
                with self._database.read() as connection:
                    return self._read_again(connection, extent, dict(cursor or {}))
            except TooManyLines:
                self._page_rows = max(1, self._page_rows // 2)

    def _read_again(self, connection: Connection, extent: Extent, at: dict[str, Any]) -> Page:
        if extent.keys:
            begin = at.get("next", 0)
            end = begin + min(self._page_rows, KEYS_MAX)
            rows = self._read(connection, end - begin, self._key.among(self._known(extent.keys[begin:end])))
            return Page(self._mapped(rows), {"next": end}, end < len(extent.keys))
        since = at.get("time", extent.since_ms or 0)
        end_ms = self._ends_ms() if extent.until_ms is None else extent.until_ms
        rows = self._after(connection, since, at.get("key"), until=(end_ms - _BEFORE_MS, None))
        more = len(rows) == self._page_rows
        return Page(self._mapped(rows), self._end(rows) if more else at, more)

    def _known(self, keys: Sequence[str]) -> Sequence[str]:
        size = len(self._key.columns)
        if not all(has_parts(key, size) for key in keys):
            raise Misconfigured(
                f"{self._context.info.name}: a key has {size} parts", "join them with /, as `hub reconcile` shows them"
            )
        return keys

    def total(self) -> int:
        """The rows that are in the table, deleted ones that it still has included."""
        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(self._rows.main)).scalar_one())

    # ---- questions -------------------------------------------------------------------------------------------------

    def look_up(self, query: LookupQuery) -> Page:
        """The rows in force that hold the value, however they spell it: the newest ``ANSWER_ROWS_MAX``, and whether
        there are more. Raises ``RecordRejected`` (LOOKUP_UNSUPPORTED) for a question that the table does not answer."""
        question = self._lookups.get(query.by)
        if question is None:
            raise RecordRejected("LOOKUP_UNSUPPORTED", detail=f"[table.lookups] has no {query.by}")
        holding = self._rows.holding(question, spelled(query.by, query.value))
        with self._database.read() as connection:
            wanted = self._select(connection).where(holding, self._rows.in_force())
            ordered = wanted.order_by(self._time.desc(), *self._key.columns).limit(ANSWER_ROWS_MAX + 1)
            rows = self._rows.read(connection, ordered, self._ends_ms())
        answer = [row for row in rows[:ANSWER_ROWS_MAX] if row.row.operation != DELETE]
        return Page(self._mapped(answer), {}, len(rows) > ANSWER_ROWS_MAX)

    def day(self, day: date) -> DayCount:
        """The rows whose update time is on ``day``, Beijing time."""
        begin, end = (
            self._bound(int(datetime.combine(d, time(), CHINA).timestamp() * 1000))
            for d in (day, day + timedelta(days=1))
        )
        query = self._rows.named().where(self._time >= begin, self._time < end)
        with self._database.read() as connection:
            return DayCount(day, frozenset(self._rows.versions(connection, query)))

    # ---- verdicts --------------------------------------------------------------------------------------------------

    def report(self, verdicts: Sequence[RowVerdict]) -> None:
        """As ``Reports`` says. Raises ``Misconfigured`` where nothing says how."""
        if self._report is None:
            name = self._context.info.name
            raise Misconfigured(
                f"{name}: verdicts cannot be written back",
                f"set connectors.{name}.report_url; its connector.toml needs a section [table.report]",
            )
        self._report.report(verdicts)

    def drift(self) -> tuple[list[str], list[str]]:
        """(Columns that are new, columns that are missing), each as ``table.column``."""
        return self._database.drift()

    def close(self) -> None:
        """Close the connections of the exchange database."""
        self._database.close()
        if self._report:
            self._report.close()


def _begun(cursor: Cursor | None, now_ms: int, key_parts: int) -> dict[str, Any]:
    """The state in a cursor. A first reading needs no sweep of what was there before it began. Raises ``Misconfigured``
    for a cursor that an operator set, and that is none of a table."""
    at: dict[str, Any] = {"time": 0, "swept_ms": now_ms} if cursor is None else dict(cursor)
    at["key"] = at.get("key") or None
    at.setdefault("swept_ms", at.get("time"))
    numbers = all(isinstance(at.get(name), (int, float)) for name in ("time", "swept_ms"))
    if not numbers or not has_parts(at["key"], key_parts):
        raise Misconfigured("this is no cursor of an exchange table", 'set one as {"time": MILLISECONDS, "key": KEY}')
    if "began_ms" not in at.get("sweep", {}):
        at.pop("sweep", None)
    return at
