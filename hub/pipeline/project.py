"""Project: updates the tables from the topics, and tells the cases about new records and answers.

    <kind>.received | .verified | .rejected, lookup.received ── tables, events of cases (through the outbox)
    records.waiting ── tables; what need not wait any more to <kind>.received (through the outbox)

One database transaction for each batch, with the offsets (P2): a crash leaves either all of it or none. The offsets are
compared when they are set, so that only one of two processes with the same partition can commit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from hub.cases.journal import Journal
from hub.cases.procedure import Answered, Heard, Rejected, Verified
from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.crash import crash_point
from hub.errors import HubError, Reassigned, RecordRejected
from hub.logging import get_logger
from hub.parts import Parts
from hub.pipeline import projection, waiting
from hub.pipeline.positions import PROJECT, check_places, read_places
from hub.pipeline.tables import projection_offset
from hub.ports import Batch, LogRecord, Member, Positions, RecordLog, Store
from hub.records.kinds import KINDS
from hub.runtime.stage import OUTBOX, TABLES, Stage
from hub.stores import bulk, partition_locks
from hub.topics import cursors
from hub.topics.declared import LOOKUP_RECEIVED, RECORDS_WAITING

GROUP = PROJECT
INPUTS = (
    *(kind.topic(suffix) for kind in KINDS.values() for suffix in ("received", "verified", "rejected")),
    LOOKUP_RECEIVED,
    RECORDS_WAITING,
)
RECORDS_MAX = 200
"""Most records in one transaction, for any size of batch: the relay publishes nothing younger than a running
transaction, so a long one delays all look-ups of applications."""

log = get_logger("project")

Slot = tuple[str, int]


@dataclass(slots=True)
class Offsets:
    """The offsets of the projections on ``log``, stored in their own database. ``expected``: as this process last saw
    them."""

    store: Store
    log: RecordLog
    group: str = GROUP
    expected: dict[Slot, int] = field(default_factory=dict)

    def starts(self, slots: frozenset[Slot]) -> Positions:
        """Where each partition starts. Called after each assignment and rewind. A partition that is new to this process
        is checked: raises ``Misconfigured`` if the log is not the one that was read."""
        with self.store.read() as connection:
            known = read_places(connection, self.group)
        check_places(self.log, self.group, {one: known[one] for one in slots - self.expected.keys() if one in known})
        self.expected.update((slot, known[slot].next if slot in known else 0) for slot in slots)
        return {slot: self.expected[slot] for slot in slots}

    def move(self, connection: Connection, batches: Sequence[Batch]) -> dict[Slot, int]:
        """Set the offsets after ``batches``. Raises ``Reassigned`` when another process has moved one of them."""
        moved: dict[Slot, int] = {}
        for batch in batches:
            slot = (batch.topic, batch.partition)
            before, last = moved.get(slot, self.expected.get(slot, 0)), batch.records[-1]
            if batch.records[0].offset < before:
                raise Reassigned(f"{slot[0]}/{slot[1]} was read again from before {before}")
            self._set(connection, slot, before, last)
            moved[slot] = last.offset + 1
        return moved

    def _set(self, connection: Connection, slot: Slot, before: int, last: LogRecord) -> None:
        table, after = projection_offset.c, last.offset + 1
        place = {"next": after, "marked": after, "mark": cursors.mark_of(last)}
        row = {"group": self.group, "topic": slot[0], "partition": slot[1]}
        found = connection.execute(
            update(projection_offset)
            .where(table.group == self.group, table.topic == slot[0], table.partition == slot[1], table.next == before)
            .values(**place)
        )
        if found.rowcount == 1:
            return
        if before:
            raise Reassigned(f"another process has moved {slot[0]}/{slot[1]}")
        try:
            connection.execute(insert(projection_offset), [row | place])
        except IntegrityError:
            raise Reassigned(f"another process has begun {slot[0]}/{slot[1]}") from None


def read_offsets(connection: Connection, group: str = GROUP) -> dict[Slot, int]:
    """(Topic, partition) → the next offset that a group of projections reads."""
    table = projection_offset.c
    rows = connection.execute(select(table.topic, table.partition, table.next).where(table.group == group))
    return {(row.topic, row.partition): row.next for row in rows}


class _WithBatches:
    """The log for reading single records. Records of the current batches are not fetched again."""

    def __init__(self, log: RecordLog, batches: Sequence[Batch]) -> None:
        self._log = log
        self._batches = batches

    def read(self, topic: str, partition: int, offset: int) -> LogRecord | None:
        for batch in self._batches:
            if (batch.topic, batch.partition) == (topic, partition):
                for record in batch.records:
                    if record.offset == offset:
                        return record
        return self._log.read(topic, partition, offset)


class Project:
    """The project stage. ``poll_timeout_s``: its longest wait for new records, seconds."""

    def __init__(
        self,
        log: RecordLog,
        store: Store,
        journal: Journal,
        member: str,
        batch_records: int,
        poll_timeout_s: float = 0.2,
    ) -> None:
        self._log = log
        self._store = store
        self._journal = journal
        self._batch_records = min(batch_records, RECORDS_MAX)
        self._poll_timeout_s = poll_timeout_s
        self._offsets = Offsets(store, log)
        self._member: Member = log.join(GROUP, INPUTS, member, self._offsets.starts)

    def step(self) -> int:
        batches = self._member.poll(self._batch_records, self._poll_timeout_s)
        if not batches:
            return 0
        try:
            moved, applied = self._apply(batches)
        except IntegrityError as failure:
            self._member.rewind()
            if "unique" not in str(failure.orig).lower():
                raise
            raise Reassigned("another process wrote a record of the same row at this moment") from None
        except HubError:
            self._member.rewind()
            raise
        _tell(applied)
        self._offsets.expected.update(moved)
        crash_point("project.applied")
        return sum(len(batch.records) for batch in batches)

    def _apply(self, batches: Sequence[Batch]) -> tuple[Mapping[Slot, int], projection.Applied]:
        with self._store.write() as connection:
            bulk.force_index(connection)
            # A record's verdicts are on several topics, whose equal partitions may be owned by several processes.
            partition_locks.take(connection, (batch.partition for batch in batches))
            moved = self._offsets.move(connection, batches)
            applied = projection.apply(connection, batches)
            reads = _WithBatches(self._log, batches)
            self._journal.hear(connection, _heard(applied), reads)
            waiting.release(connection, reads, applied.released)
            # Last: all processes count in the same few rows, which stay locked until the transaction ends.
            projection.count(connection, applied)
        return moved, applied

    def close(self) -> None:
        self._member.close()


_ANSWERED = ("case_id", "request_id", "outcome", "retry_after_s", "reason")


def _heard(applied: projection.Applied) -> list[Heard]:
    """What the cases may react to in a batch."""
    answers = [answer for value in applied.answers if (answer := _answer(value))]
    return [
        *(Verified(*one) for one in applied.verified),
        *(Rejected(one.record_id, one.kind, one.ids) for one in applied.rejected),
        *(Answered(*(one[name] for name in _ANSWERED)) for one in answers),
    ]


def _answer(value: bytes) -> dict[str, Any] | None:
    """An answer to a question of a case; ``None`` for a message that another program wrote with that event type."""
    try:
        found, answer = wire.decode(value)
    except RecordRejected:
        found, answer = None, {}
    if found == schema_id("lookup.answer"):
        return answer
    log.warning("an answer to a look-up that this hub did not write is ignored", schema=found)
    return None


def make(parts: Parts) -> Project:
    """The running stage. Raises ``Unavailable`` when the log is away."""
    limits = parts.limits
    own = (parts.member("project"), limits.batch_records, limits.poll_timeout_s)
    return Project(parts.log, parts.store, parts.journal(), *own)


STAGE = Stage(
    "project",
    reads=INPUTS,
    writes=(TABLES, OUTBOX),
    make=make,
    about="topics → tables; cases are told about new records",
    group=GROUP,
    positions="tables",
)


def _tell(applied: projection.Applied) -> None:
    for one in applied.contested:
        ids = [record_id.hex() for record_id in one.record_ids]
        log.warning(
            "one version of a row has several contents, and the source gives no order: the one read last counts",
            source=one.source,
            kind=one.kind,
            version=one.version,
            records=ids,
        )
