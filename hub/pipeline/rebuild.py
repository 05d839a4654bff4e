"""Rebuild: makes all projections again from the topics, and compares them with the tables, row by row.

The tables are those of records, then those of cases and of all installed procedures.

It reads one snapshot of the live tables. Records are replayed up to the offsets of the live projections. Events are
replayed up to the newest outbox number in the snapshot; those that are not published yet are read from the outbox. So
it may run while the hub runs, and no event is published again.
"""

import hashlib
import heapq
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, String, Table, delete, func, insert, select

from hub.cases.journal import Journal
from hub.cases.procedure import Procedures, Restored
from hub.cases.project import project
from hub.delivery import claims
from hub.errors import TamperDetected, Unavailable
from hub.ingest import seen
from hub.pipeline import positions, projection
from hub.pipeline.project import GROUP, INPUTS, Slot, read_offsets
from hub.pipeline.tables import projection_offset
from hub.pipeline.waiting import release_again
from hub.ports import Batch, RecordLog, Store
from hub.records.tables import current, reason_tally, record, record_link, tally, waiting
from hub.stores import outbox as outbox_rows
from hub.stores.outbox import Published
from hub.stores.tables import outbox
from hub.topics import cloudevents, cursors
from hub.topics.declared import RECORDS_WAITING

RECORDS = (record, record_link, current, waiting, tally, reason_tally)
"""The tables of records, parents before children."""
NAMED_MAX = 100
"""Most differing rows that are named for each table. All are counted."""
_AT_ONCE = 2_000
_CASES_AT_ONCE = 50

Progress = Callable[[str, int], None]
"""Called with (a topic's name, the number of messages since the last call)."""
Numbered = tuple[int, bytes]


class Difference(NamedTuple):
    """One differing row. ``what``: changed, missing (in the live table) or extra (in the live table). ``key``: its
    primary key. ``columns``: the changed columns."""

    table: str
    key: str
    what: str
    columns: tuple[str, ...] = ()


@dataclass(slots=True)
class Comparison:
    """The comparison of one table, live and rebuilt: rows, canonical hashes (SHA-256, hexadecimal), differences."""

    table: str
    live_rows: int = 0
    rebuilt_rows: int = 0
    live_hash: str = ""
    rebuilt_hash: str = ""
    differing: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether both tables have the same canonical hash."""
        return self.live_hash == self.rebuilt_hash


def rebuild(
    log: RecordLog, live: Connection, fresh: Store, procedures: Procedures, progress: Progress
) -> dict[Slot, int]:
    """Make all projections again in the empty store ``fresh``, as of the snapshot ``live``. Returns the offset after
    the last replayed record of each partition. Raises ``TamperDetected`` for a message that this hub did not write, or
    an event that does not follow the last one of its case; ``Misconfigured`` for cases of a procedure that is not
    installed.
    """
    place = cursors.published(log)  # before the first query, which begins the snapshot
    procedures.check(live)
    # If the tables are lost, or of another time than the log, replay all that the log has.
    alone = apart(log, live, place)
    stops = _ends(log) if alone else read_offsets(live)
    # What waits comes first: only then is what came back from there.
    for (topic, partition), stop in sorted(stops.items(), key=lambda one: one[0][0] != RECORDS_WAITING):
        _replay(log, fresh, (topic, partition, stop), progress)
    newest = None if alone else live.execute(select(func.max(outbox.c.seq))).scalar_one()
    _replay_events(_numbered(log, live, procedures.types.topics), newest, fresh, procedures, progress)
    return stops


def apart(log: RecordLog, live: Connection, place: Published) -> bool:
    """Whether the tables were lost, or are of another time than the log: older, newer, or of another log. ``place``:
    how far the log has the outbox, read before ``live``."""
    since, places = outbox_rows.remembered(live), positions.read_places(live)
    ahead = since is not None and since.seq > place.seq
    return not places or ahead or not outbox_rows.holds(live, place) or any(positions.strange(log, places))


def _ends(log: RecordLog) -> dict[Slot, int]:
    known = log.topics()
    return {
        (topic, partition): end
        for topic in INPUTS
        if topic in known
        for partition, (_, end) in log.bounds(topic).items()
    }


def _replay(log: RecordLog, fresh: Store, span: tuple[str, int, int], progress: Progress) -> None:
    topic, partition, stop = span
    for batches in _chunks(log.scan(topic, partition, 0, stop)):
        with fresh.write() as connection:
            projection.count(connection, projection.apply(connection, batches))
        progress(topic, sum(len(batch.records) for batch in batches))


def _chunks(batches: Iterator[Batch]) -> Iterator[list[Batch]]:
    chunk: list[Batch] = []
    for batch in batches:
        chunk.append(batch)
        if sum(len(one.records) for one in chunk) >= _AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _replay_events(
    numbered: Iterator[Numbered], newest: int | None, fresh: Store, procedures: Procedures, progress: Progress
) -> None:
    until = ((seq, value) for seq, value in numbered if newest is None or seq <= newest)
    while chunk := list(islice(until, _AT_ONCE)):
        entries = [procedures.types.read(value) for _, value in chunk]
        try:
            with fresh.write() as connection:
                project(connection, procedures, entries)
        except AssertionError:
            raise TamperDetected(
                "an event on the log does not follow the last one of its case: events before it are missing, "
                "or the package of their procedure is not installed"
            ) from None
        progress("events", len(chunk))


def _numbered(log: RecordLog, live: Connection, topics: Sequence[str]) -> Iterator[Numbered]:
    """(Number, value) of each event once, in order: published ones from the topics, the others from the outbox."""
    counts = log.topics()
    published = [_published(log, topic, partition) for topic in topics for partition in range(counts.get(topic, 0))]
    last = 0
    for seq, value in heapq.merge(*published, _waiting(live, topics), key=lambda one: one[0]):
        if seq > last:
            yield seq, value
        last = seq


def _published(log: RecordLog, topic: str, partition: int) -> Iterator[Numbered]:
    for batch in log.scan(topic, partition):
        for message in batch.records:
            seq = cloudevents.whole(message.headers, cloudevents.SEQUENCE)
            if seq is None or message.value is None:
                raise TamperDetected(f"{topic}/{partition}/{message.offset} was not written by this hub's relay")
            yield seq, message.value


def _waiting(live: Connection, topics: Sequence[str]) -> Iterator[Numbered]:
    waiting = outbox.c.topic.in_(topics), outbox.c.seq > _published_from(live)
    query = select(outbox.c.seq, outbox.c.value).where(*waiting).order_by(outbox.c.seq)
    for row in live.execute(query):
        yield row.seq, bytes(row.value)


def _published_from(live: Connection) -> int:
    """The highest number that was published from these tables, as they know it."""
    since = outbox_rows.remembered(live)
    return since.seq if since else 0


# ---- comparing -----------------------------------------------------------------------------------------------------


def compare(live: Connection, rebuilt: Connection, procedures: Procedures) -> list[Comparison]:
    """Compare all projections, table by table. Its memory does not grow with the tables."""
    return [_compare(table, live, rebuilt) for table in projections(procedures)]


def projections(procedures: Procedures) -> tuple[Table, ...]:
    """All tables that rebuild makes again and compares, parents before children."""
    return (*RECORDS, *procedures.tables)


def _compare(table: Table, live: Connection, rebuilt: Connection) -> Comparison:
    result = Comparison(table.name)
    hashes = hashlib.sha256(), hashlib.sha256()
    for key, ours, theirs in _pairs(_rows(table, live), _rows(table, rebuilt)):
        for digest, row in zip(hashes, (ours, theirs), strict=True):
            if row is not None:
                digest.update(canonical(row))
        result.live_rows += ours is not None
        result.rebuilt_rows += theirs is not None
        if ours != theirs:
            _differ(result, key, ours, theirs)
    result.live_hash, result.rebuilt_hash = (digest.hexdigest() for digest in hashes)
    return result


_Key = tuple[Any, ...]
_Values = dict[str, Any]


def _rows(table: Table, connection: Connection) -> Iterator[tuple[_Key, _Values]]:
    """Rows in the order of their primary key."""
    names = [column.name for column in table.columns]
    key = [column.name for column in table.primary_key.columns]
    query = select(*(table.c[name] for name in names)).order_by(*(_ordered(connection, table.c[name]) for name in key))
    for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
        values = dict(zip(names, row, strict=True))
        yield tuple(values[name] for name in key), values


def _ordered(connection: Connection, column: Column[Any]) -> Any:
    """The column for ordering: text by its code points, as the merge compares it, for any language of the database."""
    by_language = connection.dialect.name == "postgresql" and isinstance(column.type, String)
    return column.collate("C") if by_language else column


def _pairs(
    ours: Iterator[tuple[_Key, _Values]], theirs: Iterator[tuple[_Key, _Values]]
) -> Iterator[tuple[_Key, _Values | None, _Values | None]]:
    """Both sides merged by key: (key, our row, their row); ``None`` for a missing row."""
    left, right = next(ours, None), next(theirs, None)
    while left or right:
        if right is None or (left is not None and left[0] < right[0]):
            assert left is not None
            yield left[0], left[1], None
            left = next(ours, None)
        elif left is None or right[0] < left[0]:
            yield right[0], None, right[1]
            right = next(theirs, None)
        else:
            yield left[0], left[1], right[1]
            left, right = next(ours, None), next(theirs, None)


def _differ(result: Comparison, key: _Key, ours: _Values | None, theirs: _Values | None) -> None:
    result.differing += 1
    if len(result.differences) >= NAMED_MAX:
        return
    named = "/".join(one.hex() if isinstance(one, bytes) else str(one) for one in key)
    if ours is None or theirs is None:
        what = "missing" if ours is None else "extra"
        result.differences.append(Difference(result.table, named, what))
    else:
        columns = tuple(name for name in ours if ours[name] != theirs[name])
        result.differences.append(Difference(result.table, named, "changed", columns))


def canonical(row: Mapping[str, Any]) -> bytes:
    """One row as bytes that are equal on all databases.

    >>> canonical({"b": b"\\x01", "a": None, "c": True})
    b'{"a":null,"b":"01","c":1}\\n'
    """
    plain = {name: _plain(value) for name, value in row.items()}
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return value.hex() if isinstance(value, bytes) else value


# ---- replacing -----------------------------------------------------------------------------------------------------


def replace(
    log: RecordLog, store: Store, rebuilt: Connection, stops: Mapping[Slot, int], procedures: Procedures
) -> None:
    """Replace the live tables by the rebuilt ones, in one transaction. No hub may be running.

    Raises ``Unavailable`` when the live tables have changed since ``stops``. The outbox continues above the numbers on
    the log. Each pending piece counts as tried, because pieces that were sent after the backup of a table are unknown.
    """
    tables = projections(procedures)
    with store.write() as live:
        place, published_from = cursors.published(log), _published_from(live)
        if apart(log, live, place):
            # These were published. Their newest number would mean that the tables end there.
            live.execute(delete(outbox).where(outbox.c.seq <= max(place.seq, published_from)))
        elif read_offsets(live) != dict(stops):
            raise Unavailable("the tables moved on while they were rebuilt: stop the hub and try again")
        for table in reversed(tables):
            live.execute(delete(table))
        for table in tables:
            _copy(table, rebuilt, live)
        live.execute(delete(projection_offset).where(projection_offset.c.group == GROUP))
        rows = [{"group": GROUP, "topic": slot[0], "partition": slot[1], "next": stop} for slot, stop in stops.items()]
        if rows:
            live.execute(insert(projection_offset), rows)
        claims.count_as_tried(live)
        seen.forget_unrecorded(live)
        outbox_rows.remember(live, place)
        outbox_rows.go_on_after(live, max(place.seq, outbox_rows.allocated(live)))


def hear_again(store: Store, log: RecordLog, journal: Journal) -> int:
    """Let each waiting case look once for the records that it waits for. Returns how many did. Cases may not know the
    last records before a loss, and a replaced table does not announce records. Records that were released are sent to
    verify again."""
    with store.write() as connection:
        release_again(connection, log)
    with store.read() as connection:
        waiting = sorted(journal.hearing(connection, [Restored()]))
    for start in range(0, len(waiting), _CASES_AT_ONCE):
        with store.write() as connection:
            journal.hear(connection, [Restored()], only=frozenset(waiting[start : start + _CASES_AT_ONCE]))
    return len(waiting)


def _copy(table: Table, rebuilt: Connection, live: Connection) -> None:
    rows = (dict(row._mapping) for row in rebuilt.execution_options(yield_per=_AT_ONCE).execute(select(table)))
    while chunk := list(islice(rows, _AT_ONCE)):
        live.execute(insert(table), chunk)
