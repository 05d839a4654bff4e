"""Relay: publishes the outbox exactly once, in commit order.

    outbox ── topics of events, lookup.requests; its place on hub.cursors in the same transaction

Of several processes, the one that owns the relay's partition of ``hub.cursors`` relays (``RelayStage``). It opens the
writer, which fences an earlier relay, and then reads the place, so that the earlier one cannot add anything after it.
A crash before the commit leaves nothing. A crash after it leaves the place. In both cases the next relay continues at
the end of the log.
"""

import json
import time
from collections.abc import Callable, Sequence
from functools import partial

from hub.cases.procedure import installed
from hub.codec import wire
from hub.crash import crash_point
from hub.errors import HubError
from hub.parts import Parts
from hub.pipeline.positions import check_outbox, database_is_behind
from hub.ports import Clock, Member, Outgoing, RecordLog, Store, Writer
from hub.records.kinds import KINDS
from hub.runtime.stage import OUTBOX, Stage
from hub.stores import outbox
from hub.stores.outbox import Numbered, Published
from hub.topics import cloudevents
from hub.topics.cursors import CURSOR_SCHEMA, RELAY, ends, published
from hub.topics.declared import ACCESS_EVENTS, CURSORS, LOOKUP_REQUESTS, partition_of

RECEIVED = tuple(kind.topic("received") for kind in KINDS.values())
"""Topics of records that waited and are sent to verify again."""
WRITER_ID = "relay"
BATCH_MAX = 500
IDLE_S = 0.05
FORGET_EVERY_S = 1.0
"""How often published rows are deleted while there are more to publish, seconds; otherwise immediately."""
GROUP = "relay"
OWNED_WITHIN_S = 0.5
_CURSORS_MAX = 1_000


class Relay:
    """Publishes the outbox. The writer's fence ensures that only one does. Raises ``Misconfigured`` when the outbox and
    the log are not of the same time."""

    def __init__(self, log: RecordLog, store: Store, clock: Clock, *, idle_s: float = IDLE_S) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._idle_s = idle_s
        self._writer: Writer = log.writer(WRITER_ID)
        check_outbox(store, log)
        place = published(log)
        self._published, self._total = place.seq, place.total or 0
        self._forgotten = 0
        self._forget_at_s = 0.0
        self._horizon: tuple[int, int] | None = None
        with store.write() as connection:
            if place.total is None or outbox.remembered(connection) is None:
                outbox.remember(connection, self._place)

    @property
    def _place(self) -> Published:
        return Published(self._published, self._total)

    def step(self) -> int:
        rows = self._settled()
        if rows:
            crash_point("relay.read")
            self._publish(rows)
            crash_point("relay.committed")
        if self._published > self._forgotten and (not rows or self._forget_at_s <= self._clock.monotonic_s()):
            self._forget()
        if not rows:
            time.sleep(self._idle_s)
        return len(rows)

    def drain(self) -> int:
        """Publish until the outbox is empty. Returns how many messages."""
        total = 0
        while count := self.step():
            total += count
        return total

    def close(self) -> None:
        self._writer.close()

    def _settled(self) -> list[Numbered]:
        """The next rows in order; none as long as a lower number may still become visible."""
        horizon = self._horizon or self._look_ahead()
        if horizon is None:
            return []
        with self._store.read() as connection:
            if outbox.finished(connection) < horizon[1]:
                self._horizon = horizon
                return []
            rows = outbox.after(connection, self._published, horizon[0], BATCH_MAX)
        self._horizon = horizon if len(rows) == BATCH_MAX else None
        return rows

    def _look_ahead(self) -> tuple[int, int] | None:
        with self._store.read() as connection:
            highest = outbox.allocated(connection)
            if not outbox.holds(connection, self._place):
                raise database_is_behind()
        if highest <= self._published:
            return None
        with self._store.read() as connection:
            return highest, outbox.started(connection)

    def _publish(self, rows: Sequence[Numbered]) -> None:
        counts = self._log.topics()
        outgoing = [_outgoing(row, counts[row.message.topic]) for row in rows]
        place = Published(rows[-1].seq, self._total + len(rows))
        self._writer.commit([*outgoing, _cursor(place, counts[CURSORS], self._clock.now_ms())])
        self._published, self._total = place.seq, place.total or 0

    def _forget(self) -> None:
        with self._store.write() as connection:
            outbox.forget(connection, self._place)
        self._forgotten = self._published
        self._forget_at_s = self._clock.monotonic_s() + FORGET_EVERY_S


class RelayStage:
    """The relay stage: relays while it owns the relay's partition, and waits otherwise, so that processes do not fence
    each other in turn."""

    def __init__(self, make: Callable[[], Relay], log: RecordLog, member: str) -> None:
        self._make = make
        self._relay: Relay | None = None
        self._place = CURSORS, partition_of(RELAY, log.topics()[CURSORS])
        # The relay reads the topic itself; the membership only decides which process relays.
        self._member: Member = log.join(GROUP, [CURSORS], member, lambda slots: ends(log, slots))

    def step(self) -> int:
        self._member.poll(_CURSORS_MAX, 0.0 if self._relay else OWNED_WITHIN_S)
        if self._place not in self._member.assigned():
            self._let_go()
            return 0
        try:
            if self._relay is None:
                self._relay = self._make()
            return self._relay.step()
        except HubError:
            # Fenced, or the outcome of a commit is unknown: the next relay begins at the durable place.
            self._let_go()
            raise

    def _let_go(self) -> None:
        relay, self._relay = self._relay, None
        if relay is not None:
            relay.close()

    def close(self) -> None:
        self._let_go()
        self._member.close()


def _outgoing(row: Numbered, partitions: int) -> Outgoing:
    message = row.message
    headers = [(name, value.encode()) for name, value in message.headers.items()]
    headers.append((cloudevents.SEQUENCE, str(row.seq).encode()))
    partition = partition_of(message.key, partitions)
    return Outgoing(message.topic, partition, message.key, message.value, headers, message.timestamp_ms)


def _cursor(place: Published, partitions: int, now_ms: int) -> Outgoing:
    value = {"source": WRITER_ID, "cursor": json.dumps(place._asdict()), "sealed_at_ms": now_ms}
    return Outgoing(CURSORS, partition_of(RELAY, partitions), RELAY, wire.encode(CURSOR_SCHEMA, value), (), now_ms)


def make(parts: Parts) -> RelayStage:
    """The running stage. Raises ``Unavailable`` when the log is away."""
    return RelayStage(partial(Relay, parts.log, parts.store, parts.clock), parts.log, parts.member("relay"))


STAGE = Stage(
    "relay",
    reads=(OUTBOX, CURSORS),
    writes=(*installed().types.topics, *RECEIVED, LOOKUP_REQUESTS, ACCESS_EVENTS, CURSORS),
    make=make,
    about="outbox → topics, in commit order",
    group=GROUP,
)
