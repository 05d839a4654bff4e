"""Every position that the hub remembers is compared with the log and the tables that it belongs to (P1, P2).

- What ``project`` has read of each partition is in the tables, with a mark of the last record.
- What ``verify`` and ``lookup`` have read is on the log with their output, because a broker forgets the positions of a
  group that was empty for a week.
- How far the outbox is published is on the log, and in the tables when published rows are deleted.

A log or a database from a backup, a topic that was created again, a standby that lost the last commits: each
contradicts one of them. Continuing there would skip records, or do again what was done. So it is refused, and said.
"""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, select

from hub.errors import Misconfigured
from hub.logging import get_logger
from hub.pipeline.tables import projection_offset
from hub.ports import Positions, RecordLog, Store
from hub.stores import outbox
from hub.topics import cursors
from hub.topics.cursors import Place, Slot

PROJECT, VERIFY = "project", "verify"
"""The groups of these two stages."""
_TURNS = 20
_LOG_REMEDY = "restore the newest copy of the log; if there is none, `hub rebuild --replace` starts from what it has"

log = get_logger("positions")


def check(parts_log: RecordLog, store: Store, groups: Mapping[str, Sequence[str]]) -> None:
    """Check every remembered position. ``groups``: consumer group whose positions are on the log → the topics that it
    writes. Changes nothing. Raises ``Misconfigured`` for one that does not belong to this log or these tables."""
    check_outbox(store, parts_log)
    with store.read() as connection:
        places = read_places(connection)
    check_places(parts_log, PROJECT, places)
    for group, written in groups.items():
        check_group(parts_log, group, written)


def behind(log: RecordLog, store: Store, kind: str) -> int:
    """The number of records of ``kind`` that have no verdict yet, or have one that is not in the tables: the throttle
    of its feeds uses it. On Kafka, transaction markers count too. Raises ``Unavailable``."""
    judged = log.committed(VERIFY)
    with store.read() as connection:
        projected = {slot: place.next for slot, place in read_places(connection).items()}
    places = (("received", judged), ("verified", projected), ("rejected", projected))
    return sum(_after(log, f"{kind}.{suffix}", positions) for suffix, positions in places)


def _after(log: RecordLog, topic: str, positions: Positions) -> int:
    bounds = log.bounds(topic)
    return sum(end - positions.get((topic, one), first) for one, (first, end) in bounds.items())


# ---- one partition -------------------------------------------------------------------------------------------------


def check_places(log: RecordLog, group: str, places: Mapping[Slot, Place]) -> None:
    """Raise ``Misconfigured`` if a place is not on this log: past its end, before its first record, or after another
    record than the one that was read."""
    for (topic, partition), why in strange(log, places):
        read = f"{group} has read {topic}/{partition} up to {places[topic, partition].next}"
        raise Misconfigured(f"{read}, but {why}", _LOG_REMEDY)


def strange(log: RecordLog, places: Mapping[Slot, Place]) -> Iterator[tuple[Slot, str]]:
    """The places that are not on this log, each with the reason."""
    counts = log.topics()
    bounds = {topic: log.bounds(topic) for topic in {topic for topic, _ in places} if topic in counts}
    for slot, place in sorted(places.items()):
        span = bounds.get(slot[0], {}).get(slot[1])
        if place.next and (why := _strange(log, slot, place, span)):
            yield slot, why


def _strange(log: RecordLog, slot: Slot, place: Place, span: tuple[int, int] | None) -> str:
    if span is None:
        return "it does not exist"
    first, end = span
    if place.next > end:
        return f"it ends at {end}: this log is older, or the topic was created again"
    if place.next < first:
        return f"it begins at {first}: records were deleted before they were read"
    if place.marked and place.marked > first:
        record = log.read(*slot, place.marked - 1)
        if record is None or cursors.mark_of(record) != place.mark:
            return "another record is there: this is not the log that was read"
    return ""


# ---- positions in the tables ---------------------------------------------------------------------------------------


def read_places(connection: Connection, group: str = PROJECT) -> dict[Slot, Place]:
    """(Topic, partition) → the place of a group of projections."""
    table = projection_offset.c
    rows = connection.execute(
        select(table.topic, table.partition, table.next, table.marked, table.mark).where(table.group == group)
    )
    return {(row.topic, row.partition): Place(row.next, row.marked, row.mark and bytes(row.mark)) for row in rows}


# ---- positions on the log ------------------------------------------------------------------------------------------


def check_group(log: RecordLog, group: str, written: Sequence[str]) -> tuple[dict[Slot, Place], Positions]:
    """The places that a group recorded, and those that the broker has. Raises ``Misconfigured`` if they are not on this
    log, or if the group wrote to its topics and no place is known."""
    recorded, committed = cursors.positions(log, group), log.committed(group)
    check_places(log, group, {slot: Place(at, None, None) for slot, at in committed.items()})
    check_places(log, group, recorded)
    if recorded or committed:
        return recorded, committed
    known = log.topics()
    if output := [topic for topic in written if topic in known and _written(log, topic)]:
        raise Misconfigured(
            f"the positions of group {group} are missing, although it wrote to {output[0]}",
            "set them with kafka-consumer-groups.sh --reset-offsets; from the earliest, all is done again",
        )
    return recorded, committed


def _written(log: RecordLog, topic: str) -> bool:
    """Whether the topic has a record, or had one. Offsets alone do not say it: a process that is killed in its first
    transaction leaves offsets, and no record."""
    bounds = log.bounds(topic)
    return any(
        first or any(batch.records for batch in log.scan(topic, partition))
        for partition, (first, end) in bounds.items()
        if end
    )


def restore(parts_log: RecordLog, group: str, written: Sequence[str]) -> None:
    """Check the places of a group, and move it on to those that it recorded where the broker has none or earlier ones.
    Call it before the group is joined. Raises as ``check_group`` and ``RecordLog.committed`` do."""
    recorded, committed = check_group(parts_log, group, written)
    missing = {slot: place.next for slot, place in recorded.items() if committed.get(slot, 0) < place.next}
    if not missing:
        return
    try:
        parts_log.reset(group, missing)
    except Misconfigured:
        # It has members: another process restored it, or its last transaction is not visible yet.
        return
    log.warning("the log had lost positions of a group; they are restored", group=group, partitions=len(missing))


def begin_again(parts_log: RecordLog, group: str, now_ms: int) -> int:
    """Delete the recorded places of a group that are not on this log, and let it read those partitions from the
    beginning. Returns how many. No hub may be running."""
    slots = [slot for slot, _ in strange(parts_log, cursors.positions(parts_log, group))]
    if slots:
        writer = parts_log.writer(f"{group}.positions")
        writer.commit([cursors.forgotten(group, slot, now_ms) for slot in slots])
        writer.close()
        parts_log.reset(group, dict.fromkeys(slots, 0))
    return len(slots)


# ---- outbox --------------------------------------------------------------------------------------------------------


def check_outbox(store: Store, log: RecordLog) -> None:
    """Raise ``Misconfigured`` if tables and log are not of the same time: the tables lost commits that are on the log,
    or the log lacks what the tables have published. A relay may run at the same time."""
    with store.read() as connection:
        since = outbox.remembered(connection)
    place = cursors.published(log)
    if since and place.seq < since.seq:
        raise Misconfigured(
            f"the log is behind the tables: {since.seq} messages of the outbox were published, it has {place.seq}",
            _LOG_REMEDY,
        )
    for _ in range(_TURNS):
        with store.read() as connection:
            moved, whole = outbox.remembered(connection) != since, outbox.holds(connection, place)
        newest = cursors.published(log)
        if whole or moved:
            return
        if newest == place:
            raise database_is_behind()
        place = newest


def database_is_behind() -> Misconfigured:
    """The error for a database that lacks commits that are on the log: restored, or a standby without the last ones."""
    return Misconfigured(
        "the tables are behind the log: they lack messages that were published from them",
        "restore a newer database, or stop all hubs and run `hub rebuild --replace`",
    )
