"""The whole story of one case: every message about it on every topic, in the order in which it happened.

Its own events and questions have the case's id as key. The answers name it, the records that were found name the
question, and the verdicts are those on these records and on every record that a need of the case waits for or has.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, select

from hub.cases import case as cases
from hub.cases.evidence import needs
from hub.cases.procedure import Procedures
from hub.cases.tables import piece
from hub.codec import wire
from hub.errors import RecordRejected
from hub.parts import Parts
from hub.ports import Headers, LogRecord, RecordLog
from hub.records.tables import record
from hub.stores import outbox
from hub.topics import cloudevents
from hub.topics.declared import ACCESS_EVENTS, LOOKUP_RECEIVED, LOOKUP_REQUESTS, SUFFIXES, partition_of

SKEW_MS: Final = 300_000
"""The clocks of two hubs may differ by so much: messages from so long before the case opened are read too."""
RECORDS_MAX: Final = 200
"""Records of one case that are followed. A need may wait for an id that very many records have."""


class Told(NamedTuple):
    """One message of the story. ``offset`` is ``None`` for one that is decided and not on its topic yet."""

    topic: str
    partition: int
    offset: int | None
    message: LogRecord

    @property
    def order(self) -> tuple[int, int, int, int]:
        """By time; at one time what the case did itself first, in its own order, then what that led to."""
        seq = cloudevents.number(self.message.headers, cloudevents.SEQUENCE)
        return self.message.timestamp, self._rank, seq or 0, self.offset or 0

    @property
    def _rank(self) -> int:
        suffix = self.topic.rpartition(".")[2]
        if self.topic == LOOKUP_RECEIVED:
            return 1 if cloudevents.header(self.message.headers, cloudevents.REQUEST) else 2
        return 3 + SUFFIXES.index(suffix) if suffix in SUFFIXES else 0


@dataclass(frozen=True, slots=True)
class _Unpublished:
    """A message of the outbox, as a record of the log."""

    timestamp: int
    key: bytes
    value: bytes
    headers: Headers
    offset: int = -1


def story(parts: Parts, procedures: Procedures, case_id: bytes) -> list[Told]:
    """The messages about a case, in order. Raises ``RecordRejected`` (NO_SUCH_CASE), ``Unavailable`` when log or
    database is away."""
    with parts.store.read() as connection:
        case = cases.find(connection, case_id)
        if case is None:
            raise RecordRejected("NO_SUCH_CASE")
        waiting = list(_unpublished(connection, case_id, parts.partitions))
        known = {one.hex() for one in (*needs.records(connection, case_id, RECORDS_MAX), *_sent(connection, case_id))}
    reader = _Reader(parts.log, case.opened_ms - SKEW_MS)
    topics = [*procedures.types.topics, LOOKUP_REQUESTS, ACCESS_EVENTS]
    own = [one for topic in topics for one in reader.of_key(topic, case_id, parts.partitions)]
    published = {(one.topic, _id(one)) for one in own}
    own += [one for one in waiting if (one.topic, _id(one)) not in published]
    looked_up = list(reader.answers(case_id, {_id(one) for one in own if one.topic == LOOKUP_REQUESTS}))
    ids = known | set(_mentioned(own)) | {_id(one) for one in looked_up if one.message.key != case_id}
    with parts.store.read() as connection:
        rows = _rows(connection, ids)
    verdicts = list(reader.verdicts(rows))
    return sorted([*own, *looked_up, *verdicts], key=lambda one: one.order)


def _id(one: Told) -> str:
    found = cloudevents.header(one.message.headers, cloudevents.ID)
    return found[1].decode("utf-8", "replace") if found else ""


def _unpublished(connection: Connection, case_id: bytes, partitions: int) -> Iterator[Told]:
    for seq, message in outbox.of_key(connection, case_id):
        named = {**message.headers, cloudevents.SEQUENCE: str(seq)}
        headers = [(name, text.encode()) for name, text in named.items()]
        found = _Unpublished(message.timestamp_ms, message.key, message.value, headers)
        yield Told(message.topic, partition_of(case_id, partitions), None, found)


def _sent(connection: Connection, case_id: bytes) -> Iterator[bytes]:
    """The records that pieces of the case are about."""
    query = select(piece.c.record_id).where(piece.c.case_id == case_id, piece.c.record_id.is_not(None))
    return map(bytes, connection.execute(query).scalars())


def _mentioned(own: Collection[Told]) -> Iterator[str]:
    """The ids of records that the events of the case name."""
    for one in own:
        try:
            value: dict[str, Any] = wire.decode(one.message.value or b"")[1]
        except RecordRejected:
            continue
        yield from (
            found.hex()
            for name in ("record_id", "later_id", "one_id", "other_id")
            if isinstance(found := value.get(name), bytes)
        )


def _rows(connection: Connection, ids: Collection[str]) -> list[Row[Any]]:
    wanted = [bytes.fromhex(one) for one in sorted(ids) if len(one) == 32][:RECORDS_MAX]
    columns: list[Any] = [record.c[name] for name in ("record_id", "kind", "topic", "partition", "offset")]
    return list(connection.execute(select(*columns).where(record.c.record_id.in_(wanted))).all())


class _Reader:
    """Reads the messages of topics from a time on."""

    def __init__(self, log: RecordLog, since_ms: int) -> None:
        self._log = log
        self._since_ms = since_ms
        self._partitions = log.topics()

    def _scan(self, topic: str, partition: int) -> Iterator[Told]:
        if partition >= self._partitions.get(topic, 0):
            return
        start = self._log.offset_at(topic, partition, self._since_ms)
        for batch in self._log.scan(topic, partition, start):
            yield from (Told(topic, partition, one.offset, one) for one in batch.records)

    def of_key(self, topic: str, key: bytes, partitions: int) -> Iterator[Told]:
        """The messages with this key."""
        return (one for one in self._scan(topic, partition_of(key, partitions)) if one.message.key == key)

    def answers(self, case_id: bytes, requests: Collection[str]) -> Iterator[Told]:
        """The answers to the case's questions, and the records that they found."""
        for partition in range(self._partitions.get(LOOKUP_RECEIVED, 0) if requests else 0):
            for one in self._scan(LOOKUP_RECEIVED, partition):
                asked = cloudevents.header(one.message.headers, cloudevents.REQUEST)
                if one.message.key == case_id or (asked and asked[1].decode("ascii", "replace") in requests):
                    yield one

    def verdicts(self, rows: Collection[Row[Any]]) -> Iterator[Told]:
        """What happened to these records since then, and the verdict that counts, which may be older."""
        ids = {bytes(row.record_id).hex() for row in rows}
        told: set[tuple[str, int, int | None]] = set()
        for kind, partition in sorted({(row.kind, row.partition) for row in rows}):
            for suffix in SUFFIXES:
                for one in self._scan(f"{kind}.{suffix}", partition):
                    if _id(one) in ids:
                        told.add(one[:3])
                        yield one
        for row in rows:
            place = (row.topic, row.partition, row.offset)
            message = None if place in told else self._log.read(*place)
            if message is not None:
                yield Told(*place, message)
