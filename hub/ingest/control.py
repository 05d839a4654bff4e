"""Orders to connectors and reports from them, across processes: what ``hub connectors pause`` writes and ``status``
reads."""

import json
from dataclasses import asdict, dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import select, update

from hub.ingest.tables import connector_control, connector_quota, connector_status
from hub.ports import Clock, Cursor, Store
from hub.stores import bulk

RUNNING: Final = "RUNNING"
PAUSED: Final = "PAUSED"
STOPPED: Final = "STOPPED"
FAILED: Final = "FAILED"
RESTARTING: Final = "RESTARTING"
UNASSIGNED: Final = "UNASSIGNED"
"""No hub process runs it, whatever was last reported."""

REPORT_MAX_AGE_MS: Final = 15_000
STALE_MS: Final = 60_000


class Order(NamedTuple):
    """What an operator wants of a connector. A higher ``restart_token`` than the one acted on means: begin again;
    ``cursor`` (JSON) is where the feed is to go on when it next starts."""

    wanted: str = RUNNING
    restart_token: int = 0
    cursor: str | None = None


class Orders:
    """The operators' orders."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, name: str) -> Order:
        columns = [connector_control.c[name] for name in Order._fields]
        with self._store.read() as connection:
            row = connection.execute(select(*columns).where(connector_control.c.name == name)).one_or_none()
        return Order(*row) if row else Order()

    def want(self, name: str, wanted: str) -> None:
        """RUNNING, PAUSED (keeps its place and connections) or STOPPED (lets go of everything; its cursor may be
        set)."""
        self._put(name, self.get(name)._replace(wanted=wanted))

    def restart(self, name: str) -> None:
        """Begin again from what is durable; a stopped or paused one runs again."""
        order = self.get(name)
        self._put(name, order._replace(wanted=RUNNING, restart_token=order.restart_token + 1))

    def move(self, name: str, cursor: Cursor | None) -> None:
        """Have the feed go on at ``cursor`` (``None``: the beginning) when it next starts. Its owner makes that
        durable."""
        self._put(name, self.get(name)._replace(cursor=json.dumps(cursor)))

    def moved(self, name: str, order: Order) -> None:
        """The owner has made ``order.cursor`` durable. A newer one stays."""
        table = connector_control
        done = update(table).where(table.c.name == name, table.c.cursor == order.cursor).values(cursor=None)
        with self._store.write() as connection:
            connection.execute(done)

    def _put(self, name: str, order: Order) -> None:
        with self._store.write() as connection:
            bulk.upsert(connection, connector_control, [{"name": name, **order._asdict()}])


@dataclass(slots=True)
class Report:
    """How one connector's feed is doing: what was achieved, and when, never whether a thread lives. Times in ms since
    the epoch."""

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


class Reports:
    """The connectors' reports."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def put(self, report: Report) -> None:
        report.reported_ms = self._clock.process_ms()
        with self._store.write() as connection:
            bulk.upsert(connection, connector_status, [asdict(report)])

    def get(self, name: str) -> Report | None:
        """The last report, its state corrected by its age."""
        with self._store.read() as connection:
            row = connection.execute(select(connector_status).where(connector_status.c.name == name)).one_or_none()
        return _aged(Report(**row._mapping), self._clock.process_ms()) if row else None

    def stale(self, report: Report) -> bool:
        """Whether a running feed has not finished a fetch for a minute: stuck, or its source is away."""
        return report.state == RUNNING and self._clock.process_ms() - report.fetched_ms > STALE_MS


def _aged(report: Report, now_ms: int) -> Report:
    if now_ms - report.reported_ms > REPORT_MAX_AGE_MS:
        report.state = UNASSIGNED
    return report


class StoredQuota:
    """``QuotaBook`` on a ``Store``: one count a connector and day, for all processes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def reserve(self, name: str, day: str, want: int, limit: int) -> int:
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
