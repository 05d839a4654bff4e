"""The figures of a whole installation, read from tables and log. All hub processes compute the same figures."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, case, func, select

from hub.cases import notices, policy, tables
from hub.cases.calendar import china_day
from hub.cases.case import PieceState
from hub.cases.connection.states import looked_for
from hub.cases.connection.tables import application
from hub.cases.evidence.tables import need
from hub.cases.policy import Ahead
from hub.cases.tables import piece
from hub.delivery.status import SinkStatus, statuses
from hub.ingest.control import Report, Reports
from hub.ingest.dropped import DroppedColumns
from hub.pipeline import project
from hub.pipeline.tables import erased
from hub.ports import Clock, Positions, RecordLog, Store
from hub.records.tables import reason_tally, tally
from hub.runtime.status import StageReports, StageStatus
from hub.stages import STAGES
from hub.stores.tables import outbox

LATENCY_S = (0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
LATENCY_WINDOW_S = 900
_READERS = {stage.group: stage for stage in STAGES if stage.positions}
"""Group → the stage that reads topics for it."""


class Latency(NamedTuple):
    """The time from decision to acknowledgement, of pieces acknowledged in the last ``LATENCY_WINDOW_S`` seconds.

    ``within``: how many took at most each bound of ``LATENCY_S``. ``total``: how many in all. ``sum_s``: sum, seconds.
    """

    within: Sequence[int]
    total: int
    sum_s: float


class Waiting(NamedTuple):
    """How many pieces wait, and how long the oldest has waited, seconds."""

    pieces: int
    oldest_s: float


class Tables(NamedTuple):
    """The figures that come from the tables. ``deliveries``: (sink, state) → pieces; ``undelivered``: sink → pieces
    that may be delivered now; ``projected``: the next offset that the tables read on each topic; ``dropped``: source →
    column outside its grant → rows in which it was dropped.
    """

    tallies: Sequence[Row[Any]]
    reasons: Sequence[Row[Any]]
    deliveries: Mapping[tuple[str, str], int]
    latency: Latency
    undelivered: Mapping[str, Waiting]
    sinks: Sequence[SinkStatus]
    applications_waiting: int
    applications_provisional: int
    ahead: Ahead
    today: date
    outbox: Waiting
    connectors: Sequence[Report]
    dropped: Mapping[str, Mapping[str, int]]
    erased: Sequence[Row[Any]]
    stages: Sequence[StageStatus]
    projected: Positions


class Ends(NamedTuple):
    """The end offsets of the topics that stages read, and the committed offsets of each group on the log."""

    ends: Positions
    committed: Mapping[str, Positions]


def of_tables(store: Store, clock: Clock, sources: Sequence[str]) -> Tables:
    """Read the figures of the tables; ``sources`` are the configured connectors. Raises ``Unavailable``.

    Each query uses an index or reads few rows, so it stays fast with millions of deliveries.
    """
    now_ms, reports, today = clock.now_ms(), Reports(store, clock), china_day(clock.now())
    connectors = [reports.get(name) or Report(name, "UNASSIGNED") for name in sources]
    stages = StageReports(store, clock).all()
    sinks, dropped = statuses(store, clock, ()), DroppedColumns(store).all()
    with store.read() as connection:
        states = (piece.c.sink, piece.c.state)
        counts = connection.execute(select(*states, func.count()).group_by(*states))
        deliveries = {(sink, state): count for sink, state, count in counts}
        return Tables(
            connection.execute(select(tally)).all(),
            connection.execute(select(reason_tally)).all(),
            deliveries,
            _latency(connection, now_ms),
            _undelivered(connection, {sink for sink, _ in deliveries}, now_ms),
            sinks,
            _applications_waiting(connection),
            _applications_provisional(connection, today),
            policy.ahead(notices.calendar(connection), today),
            today,
            _outbox(connection, now_ms),
            connectors,
            dropped,
            connection.execute(select(erased)).all(),
            stages,
            project.read_offsets(connection),
        )


def _latency(connection: Connection, now_ms: int) -> Latency:
    took = piece.c.ended_ms - piece.c.decided_ms
    within = [func.coalesce(func.sum(case((took <= bound * 1000, 1), else_=0)), 0) for bound in LATENCY_S]
    recent = (piece.c.state == PieceState.ACKNOWLEDGED.value) & (piece.c.ended_ms >= now_ms - LATENCY_WINDOW_S * 1000)
    row = connection.execute(select(*within, func.count(), func.coalesce(func.sum(took), 0)).where(recent)).one()
    *counts, count, sum_ms = map(int, row)
    return Latency(counts, count, sum_ms / 1000)


def _undelivered(connection: Connection, sinks: Iterable[str], now_ms: int) -> dict[str, Waiting]:
    """Sink → pieces that may be delivered. Those of a held case may not."""
    free = (piece.c.state == PieceState.PENDING.value) & tables.case.c.held.is_(False)
    query = select(piece.c.sink, func.count(), func.min(piece.c.decided_ms)).join(tables.case).where(free)
    found = {row[0]: _since(row[1], row[2], now_ms) for row in connection.execute(query.group_by(piece.c.sink))}
    return {sink: found.get(sink, Waiting(0, 0.0)) for sink in sorted(sinks)}


def _applications_waiting(connection: Connection) -> int:
    query = select(func.count(need.c.case_id.distinct()))
    return int(connection.execute(query.where(looked_for())).scalar_one())


def _applications_provisional(connection: Connection, today: date) -> int:
    counted = application.c.provisional.is_(True) & (application.c.counted_to >= today.isoformat())
    return int(connection.execute(select(func.count()).select_from(application).where(counted)).scalar_one())


def _outbox(connection: Connection, now_ms: int) -> Waiting:
    """All rows but the oldest: relay leaves the last published row, because it holds the newest number."""
    oldest = select(func.min(outbox.c.seq)).scalar_subquery()
    query = select(func.count(), func.min(outbox.c.timestamp_ms)).where(outbox.c.seq > oldest)
    return _waiting(connection, query, now_ms)


def _waiting(connection: Connection, query: Any, now_ms: int) -> Waiting:
    count, oldest_ms = connection.execute(query).one()
    return _since(count, oldest_ms, now_ms)


def _since(count: int, oldest_ms: int | None, now_ms: int) -> Waiting:
    return Waiting(count, max(0, now_ms - int(oldest_ms or now_ms)) / 1000)


def of_log(log: RecordLog) -> Ends:
    """Read the end offsets of the log. Raises ``Unavailable`` when the log is away."""
    topics = dict.fromkeys(topic for stage in _READERS.values() for topic in stage.topics_read)
    ends = {(topic, partition): end for topic in topics for partition, (_, end) in log.bounds(topic).items()}
    on_log = [group for group, stage in _READERS.items() if stage.positions == "log"]
    return Ends(ends, {group: log.committed(group) for group in on_log})


def lags(ends: Ends, projected: Positions) -> dict[tuple[str, str, int], int]:
    """(Group, topic, partition) → number of offsets that the group has not read yet, at least 0."""
    committed = {**ends.committed, project.GROUP: projected}
    return {
        (group, topic, partition): max(0, end - committed[group].get((topic, partition), 0))
        for group, stage in _READERS.items()
        for (topic, partition), end in ends.ends.items()
        if topic in stage.topics_read
    }
