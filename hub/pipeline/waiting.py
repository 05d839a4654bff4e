"""Records that wait for the record that they belong to: an approval waits until its project is verified.

    verify ── records.waiting ── project: the table ``waiting`` ── outbox ── <kind>.received ── verify

A source declares ``waits_for``, a kind. A record of such a source is judged only when a record of that kind about the
same thing is verified and was not taken back; until then it is neither rejected nor lost (P1), and it counts as
received once. The thing is the division of the entity that the record names (``Kind.division_identity``): a verified
sub-project says nothing of the others of its project code (P3). A record that names none is about the whole entity, and
any record of the entity will do. Both are in one partition, because its number depends on the entity alone, so the
partition's lock decides which of the two the tables see first.

A record that cannot be read is rejected without waiting, a deletion takes effect at once, and the answer to a look-up
is given to who asked: a hub that only looks up never reads the records that it would wait for.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select, tuple_, update

from hub.ports import LogRecord, Outgoing, Store
from hub.records.identifiers import Identity
from hub.records.tables import current, record_link, waiting
from hub.stores import bulk, outbox
from hub.topics import cloudevents
from hub.topics.declared import LOOKUP_RECEIVED, RECORDS_WAITING
from hub.topics.places import Reads

Place = tuple[int, int]
"""Partition and offset on ``records.waiting``."""
Row = dict[str, Any]
_PASSED_ON = (cloudevents.ATTEMPT, cloudevents.READING)


class Candidate(NamedTuple):
    """A record that may have to wait: its source, its entity, whether it deletes, and the division of its entity that
    it names."""

    source: str
    entity_id: bytes
    deletes: bool
    division: Identity | None = None


class Parent(NamedTuple):
    """What a record waits for: a verified record of ``kind`` about the thing with the opaque id ``thing``."""

    kind: str
    thing: bytes


class Parents:
    """Says which records wait, by what their sources declare (``waits``: connector → kind) and what is verified.
    ``identify`` is that of the key vault."""

    def __init__(
        self, store: Store, waits: Mapping[str, str], identify: Callable[[Sequence[Identity]], Sequence[bytes]]
    ) -> None:
        self._store = store
        self._waits = waits
        self._identify = identify

    def missing(self, topic: str, candidates: Sequence[Candidate]) -> list[Parent | None]:
        """For each of the records of one batch what it waits for, ``None`` if it need not wait. Raises ``Unavailable``;
        asks the tables only when a source declares it."""
        kinds = [self._wanted(topic, one) for one in candidates]
        if not any(kinds):
            return [None] * len(kinds)
        waits = [one for one, kind in zip(candidates, kinds, strict=True) if kind]
        divisions = list(dict.fromkeys(one.division for one in waits if one.division))
        ids = dict(zip(divisions, self._identify(divisions), strict=True)) if divisions else {}
        parents = [
            Parent(kind, ids[one.division] if one.division else one.entity_id) if kind else None
            for one, kind in zip(candidates, kinds, strict=True)
        ]
        with self._store.read() as connection:
            there = accepted(connection, {one.thing for one in parents if one})
        return [None if one in there else one for one in parents]

    def _wanted(self, topic: str, one: Candidate) -> str:
        looked_up = topic == LOOKUP_RECEIVED
        return "" if looked_up or one.deletes else self._waits.get(one.source, "")


def accepted(connection: Connection, things: Collection[bytes]) -> set[Parent]:
    """What is there of these things: the current records that are verified and were not taken back."""
    links = bulk.find(connection, list(record_link.columns), record_link.c.link_id, sorted(things))
    rows = sorted({bytes(one.row_id) for one in links})
    columns = [current.c.record_id, current.c.kind, current.c.operation]
    found = bulk.find(connection, columns, current.c.row_id, rows)
    kinds = {bytes(one.record_id): one.kind for one in found if one.operation != "DELETE"}
    return {Parent(kinds[bytes(one.record_id)], bytes(one.link_id)) for one in links if bytes(one.record_id) in kinds}


def message(partition: int, record: LogRecord, kind: str, parent: Parent, record_id: bytes, now: datetime) -> Outgoing:
    """The message for ``records.waiting``: the record's own key and value."""
    source = cloudevents.connector_of(record.headers) or ""
    headers = (
        *cloudevents.headers(record_id.hex(), f"{kind}.waiting", cloudevents.source_path(source), now),
        (cloudevents.WAITS_FOR, parent.kind.encode()),
        (cloudevents.PARENT, parent.thing.hex().encode()),
        *_passed_on(record),
    )
    return Outgoing(RECORDS_WAITING, partition, record.key, record.value, headers, int(now.timestamp() * 1000))


def row_of(partition: int, record: LogRecord, envelope: Mapping[str, Any]) -> Row:
    """The row of ``waiting`` for a message of ``records.waiting``."""
    waits_for = cloudevents.header(record.headers, cloudevents.WAITS_FOR) or ("", b"")
    thing = cloudevents.header(record.headers, cloudevents.PARENT)
    return {
        "partition": partition,
        "offset": record.offset,
        "record_id": envelope["record_id"],
        "kind": envelope["kind"],
        "source": envelope["source"]["system"],
        "entity_id": bytes.fromhex(thing[1].decode()) if thing else envelope["entity_id"],
        "waits_for": waits_for[1].decode("utf-8", "replace"),
        "since_ms": record.timestamp,
        "released": False,
    }


def settle(
    connection: Connection, rows: Sequence[Row], back: Iterable[Place], verified: Collection[bytes]
) -> list[Place]:
    """Bring the table to what a batch says: ``rows`` wait from now on, those at ``back`` came back to verify, and
    records that can be found by the ids ``verified`` were verified. Returns the places of those that are released by
    it."""
    if came := sorted(back):
        connection.execute(delete(waiting).where(tuple_(waiting.c.partition, waiting.c.offset).in_(came)))
    bulk.insert_new(connection, waiting, rows)
    things = {row["entity_id"] for row in rows} | set(verified)
    return _release(connection, things) if rows or _any(connection) else []


def _any(connection: Connection) -> bool:
    return connection.execute(select(waiting.c.offset).limit(1)).first() is not None


def _release(connection: Connection, things: Collection[bytes]) -> list[Place]:
    found = bulk.find(connection, list(waiting.columns), waiting.c.entity_id, sorted(things))
    held = [row for row in found if not row.released]
    there = accepted(connection, {bytes(row.entity_id) for row in held}) if held else set()
    due = [(row.partition, row.offset) for row in held if Parent(row.waits_for, bytes(row.entity_id)) in there]
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
