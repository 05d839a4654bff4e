"""Records that wait for the record that they belong to: an approval waits until its project is verified.

    verify ── records.waiting ── project: the table ``waiting`` ── outbox ── <kind>.received ── verify

A source declares ``waits_for``, a kind. A record of such a source is judged only when a record of that kind about the
same entity is verified; until then it is neither rejected nor lost (P1), and it counts as received once. Both are in
one partition, because its number depends on the entity alone, so the partition's lock decides which of the two the
tables see first.

A record that cannot be read is rejected without waiting, a deletion takes effect at once, and the answer to a look-up
is given to who asked: a hub that only looks up never reads the records that it would wait for.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select, tuple_, update

from hub.ports import LogRecord, Outgoing, Store
from hub.records.tables import current, waiting
from hub.stores import bulk, outbox
from hub.topics import cloudevents
from hub.topics.declared import LOOKUP_RECEIVED, RECORDS_WAITING
from hub.topics.places import Reads

Place = tuple[int, int]
"""Partition and offset on ``records.waiting``."""
Row = dict[str, Any]
_PASSED_ON = (cloudevents.ATTEMPT, cloudevents.READING)


class Candidate(NamedTuple):
    """A record that may have to wait: its source, its entity, and whether it deletes."""

    source: str
    entity_id: bytes
    deletes: bool


class Parents:
    """Says which records wait, by what their sources declare (``waits``: connector → kind) and what is verified."""

    def __init__(self, store: Store, waits: Mapping[str, str]) -> None:
        self._store = store
        self._waits = waits

    def missing(self, topic: str, candidates: Sequence[Candidate]) -> list[str]:
        """For each of the records of one batch the kind that it waits for, "" if it need not wait. Raises
        ``Unavailable``; asks the tables only when a source declares it."""
        wanted = [self._wanted(topic, one) for one in candidates]
        asked = {(one.entity_id, kind) for one, kind in zip(candidates, wanted, strict=True) if kind}
        if not asked:
            return wanted
        with self._store.read() as connection:
            there = accepted(connection, {entity_id for entity_id, _ in asked})
        return [
            kind if kind and (one.entity_id, kind) not in there else ""
            for one, kind in zip(candidates, wanted, strict=True)
        ]

    def _wanted(self, topic: str, one: Candidate) -> str:
        looked_up = topic == LOOKUP_RECEIVED
        return "" if looked_up or one.deletes else self._waits.get(one.source, "")


def accepted(connection: Connection, entities: Collection[bytes]) -> set[tuple[bytes, str]]:
    """(Entity's id, kind) of the records of these entities that are verified."""
    found = bulk.find(connection, [current.c.entity_id, current.c.kind], current.c.entity_id, sorted(entities))
    return {(bytes(row.entity_id), row.kind) for row in found}


def message(partition: int, record: LogRecord, kind: str, waits_for: str, record_id: bytes, now: datetime) -> Outgoing:
    """The message for ``records.waiting``: the record's own key and value."""
    source = cloudevents.connector_of(record.headers) or ""
    headers = (
        *cloudevents.headers(record_id.hex(), f"{kind}.waiting", cloudevents.source_path(source), now),
        (cloudevents.WAITS_FOR, waits_for.encode()),
        *_passed_on(record),
    )
    return Outgoing(RECORDS_WAITING, partition, record.key, record.value, headers, int(now.timestamp() * 1000))


def row_of(partition: int, record: LogRecord, envelope: Mapping[str, Any]) -> Row:
    """The row of ``waiting`` for a message of ``records.waiting``."""
    waits_for = cloudevents.header(record.headers, cloudevents.WAITS_FOR) or ("", b"")
    return {
        "partition": partition,
        "offset": record.offset,
        "record_id": envelope["record_id"],
        "kind": envelope["kind"],
        "source": envelope["source"]["system"],
        "entity_id": envelope["entity_id"],
        "waits_for": waits_for[1].decode("utf-8", "replace"),
        "since_ms": record.timestamp,
        "released": False,
    }


def settle(
    connection: Connection, rows: Sequence[Row], back: Iterable[Place], verified: Collection[bytes]
) -> list[Place]:
    """Bring the table to what a batch says: ``rows`` wait from now on, those at ``back`` came back to verify, and
    records of the entities ``verified`` were verified. Returns the places of those that are released by it."""
    if came := sorted(back):
        connection.execute(delete(waiting).where(tuple_(waiting.c.partition, waiting.c.offset).in_(came)))
    bulk.insert_new(connection, waiting, rows)
    entities = {row["entity_id"] for row in rows} | set(verified)
    return _release(connection, waiting.c.entity_id.in_(sorted(entities))) if rows or _any(connection) else []


def _any(connection: Connection) -> bool:
    return connection.execute(select(waiting.c.offset).limit(1)).first() is not None


def _release(connection: Connection, which: Any) -> list[Place]:
    held = connection.execute(select(waiting).where(which, waiting.c.released.is_(False))).all()
    there = accepted(connection, {bytes(row.entity_id) for row in held}) if held else set()
    due = [(row.partition, row.offset) for row in held if (bytes(row.entity_id), row.waits_for) in there]
    if due:
        places = tuple_(waiting.c.partition, waiting.c.offset)
        connection.execute(update(waiting).where(places.in_(due)).values(released=True))
    return sorted(due)


def release(connection: Connection, log: Reads, due: Sequence[Place]) -> None:
    """Send these records to verify again, through the outbox. Raises ``Unavailable`` when the log is."""
    outbox.put(connection, [_again(log, *place) for place in due])


def release_again(connection: Connection, log: Reads) -> int:
    """Send each record to verify again that was released and did not come back: after the tables were replaced, the
    messages of their outbox are lost. Returns how many."""
    rows = connection.execute(select(waiting.c.partition, waiting.c.offset).where(waiting.c.released.is_(True)))
    due = sorted((row.partition, row.offset) for row in rows)
    release(connection, log, due)
    return len(due)


def _again(log: Reads, partition: int, offset: int) -> outbox.Message:
    record = log.read(RECORDS_WAITING, partition, offset)
    assert record is not None and record.key is not None and record.value is not None
    found = {name: value.decode() for name, value in record.headers if name in (*cloudevents.NAMES, *_PASSED_ON)}
    kind = cloudevents.name_of(found[cloudevents.TYPE].encode()).removesuffix(".waiting")
    changed = {cloudevents.TYPE: cloudevents.type_of(f"{kind}.received"), cloudevents.RELEASED: str(offset)}
    return outbox.Message(f"{kind}.received", record.key, record.value, found | changed, record.timestamp)


def place_of(partition: int, record: LogRecord) -> Place | None:
    """The place on ``records.waiting`` of a received record that had waited; ``None`` for any other."""
    offset = cloudevents.whole(record.headers, cloudevents.RELEASED)
    return None if offset is None else (partition, offset)


def _passed_on(record: LogRecord) -> list[tuple[str, bytes]]:
    return [(name, b"%d" % number) for name in _PASSED_ON if (number := cloudevents.number(record.headers, name))]
