"""Orders to connectors and reports from them, between processes: ``hub connectors pause`` writes, ``status`` reads."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, select, update

from hub.ingest.tables import connector_control, connector_quota, connector_status
from hub.ports import Clock, Cursor, Store
from hub.stores import bulk

RUNNING: Final = "RUNNING"
PAUSED: Final = "PAUSED"
STOPPED: Final = "STOPPED"
FAILED: Final = "FAILED"
RESTARTING: Final = "RESTARTING"
WAITING: Final = "WAITING"
"""Its own hours, or its part of the day's quota, put its calls off until later."""
UNASSIGNED: Final = "UNASSIGNED"
"""No hub process runs it: its last report is too old."""

REPORT_MAX_AGE_MS: Final = 15_000
STALE_MS: Final = 60_000


class Order(NamedTuple):
    """An operator's order to a connector. ``wanted``: RUNNING, PAUSED or STOPPED. A higher ``restart_token`` than
    before means: start again. ``cursor`` (JSON): where the feed continues at its next start, ``None``: where it is.
    """

    wanted: str = RUNNING
    restart_token: int = 0
    cursor: str | None = None


class Orders:
    """The stored orders of the operators. Raises ``Unavailable`` when the store is away."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, name: str) -> Order:
        """The order to a connector; without one the default, which is to run."""
        columns = [connector_control.c[name] for name in Order._fields]
        with self._store.read() as connection:
            row = connection.execute(select(*columns).where(connector_control.c.name == name)).one_or_none()
        return Order(*row) if row else Order()

    def want(self, name: str, wanted: str) -> None:
        """Order RUNNING, PAUSED (cursor and connections stay) or STOPPED (connections are closed, and the cursor may be
        set)."""
        self._put(name, self.get(name)._replace(wanted=wanted))

    def restart(self, name: str) -> None:
        """Order a new start from the durable cursor. A stopped or paused connector runs again."""
        order = self.get(name)
        self._put(name, order._replace(wanted=RUNNING, restart_token=order.restart_token + 1))

    def move(self, name: str, cursor: Cursor | None) -> None:
        """Order the feed to continue at ``cursor`` (``None``: the beginning) at its next start. The feed's owner makes
        that durable."""
        self._put(name, self.get(name)._replace(cursor=json.dumps(cursor)))

    def moved(self, name: str, order: Order) -> None:
        """Note that the owner has made ``order.cursor`` durable. A newer order stays."""
        table = connector_control
        done = update(table).where(table.c.name == name, table.c.cursor == order.cursor).values(cursor=None)
        with self._store.write() as connection:
            connection.execute(done)

    def _put(self, name: str, order: Order) -> None:
        with self._store.write() as connection:
            bulk.upsert(connection, connector_control, [{"name": name, **order._asdict()}])


@dataclass(slots=True)
class Report:
    """The report of one connector's feed: its results and their times (ms since the epoch, process time).

    ``rows``: since this worker runs it. ``behind_ms``: since when the source has had more rows, 0 for none.
    ``failures``: in a row. ``wait_s``: until the next attempt. ``trouble`` is what fails now, ``last_trouble`` what
    failed last: it stays when the feed works again, and when another process takes it over. ``total``: rows that the
    source has, ``None`` where it does not say; ``done``: rows that were taken since ever, by any process;
    ``rate_per_s``: rows read in a second of late, repeats included.
    """

    name: str
    state: str = RESTARTING
    worker: str = ""
    reported_ms: int = 0
    fetched_ms: int = 0
    rows_ms: int = 0
    rows: int = 0
    behind_ms: int = 0
    failures: int = 0
    trouble: str = ""
    trace: str = field(default="", repr=False)
    circuit: str = "CLOSED"
    quota_left: int | None = None
    wait_s: float = 0.0
    last_trouble: str = ""
    last_trouble_ms: int = 0
    total: int | None = None
    done: int | None = None
    rate_per_s: float | None = None

    @property
    def left_s(self) -> float | None:
        """Seconds until the feed has all rows of its source, at the rate of late; ``None`` where that is not known, or
        nothing waits."""
        if not self.behind_ms or not self.rate_per_s or self.total is None or self.done is None:
            return None
        return max(0, self.total - self.done) / self.rate_per_s


class Reports:
    """The stored reports of the connectors. Raises ``Unavailable`` when the store is away."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def put(self, report: Report) -> None:
        """Store a report, and set its ``reported_ms``."""
        report.reported_ms = self._clock.process_ms()
        row = asdict(report)
        if not report.last_trouble:  # the row may have that of an earlier process
            del row["last_trouble"], row["last_trouble_ms"]
        if report.done is None:  # not known yet: the row has what earlier processes took
            del row["done"]
        with self._store.write() as connection:
            bulk.upsert(connection, connector_status, [row])

    def get(self, name: str) -> Report | None:
        """The last report, or ``None``. An old one has the state UNASSIGNED."""
        with self._store.read() as connection:
            row = connection.execute(select(connector_status).where(connector_status.c.name == name)).one_or_none()
        return _read(row, self._clock.process_ms()) if row else None

    def all(self) -> list[Report]:
        """The last report of every connector that ever reported, by name."""
        with self._store.read() as connection:
            rows = connection.execute(select(connector_status).order_by(connector_status.c.name)).all()
        return [_read(row, self._clock.process_ms()) for row in rows]

    def stale(self, report: Report) -> bool:
        """Whether a running feed has not finished a fetch for a minute: it hangs, or its source is away."""
        return report.state == RUNNING and self._clock.process_ms() - report.fetched_ms > STALE_MS


def _read(row: Row[Any], now_ms: int) -> Report:
    """A row of the table. An old report has the state UNASSIGNED."""
    last = {"last_trouble": row.last_trouble or "", "last_trouble_ms": row.last_trouble_ms or 0}
    report = Report(**{**row._mapping, **last})
    if now_ms - report.reported_ms > REPORT_MAX_AGE_MS:
        report.state = UNASSIGNED
    return report


class StoredQuota:
    """``QuotaBook`` on a ``Store``: one count for each connector and day, for all processes. ``at_once``: the most
    calls that it reserves together; a process that ends soon wastes what it reserved and did not use."""

    def __init__(self, store: Store, at_once: int | None = None) -> None:
        self._store = store
        self._at_once = at_once

    def reserve(self, name: str, day: str, want: int, limit: int) -> int:
        want = min(want, self._at_once or want)
        with self._store.write() as connection:
            bulk.add(connection, connector_quota, {"name": [name], "day": [day], "used": [0]})
            at = connector_quota.c.name == name, connector_quota.c.day == day
            # The row is locked, so that two processes cannot both take the last calls.
            used = connection.execute(select(connector_quota.c.used).where(*at).with_for_update()).scalar_one()
            granted: int = max(0, min(want, limit - used))
            connection.execute(update(connector_quota).where(*at).values(used=used + granted))
        return granted

    def used(self, name: str, day: str) -> int:
        query = select(connector_quota.c.used).where(connector_quota.c.name == name, connector_quota.c.day == day)
        with self._store.read() as connection:
            found = connection.execute(query).scalar()
        return int(found or 0)
