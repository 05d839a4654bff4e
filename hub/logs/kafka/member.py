"""A consumer of a group on Kafka, and the transaction that moves it."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import MemberToRemove
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError
from kafka.structs import MemberState, OffsetAndMetadata

from hub.errors import Fenced, HubError, Misconfigured, Reassigned, Unavailable
from hub.logging import get_logger
from hub.logs.kafka.assignor import LaneAssignor
from hub.logs.kafka.client import WAIT_S, bounded, translated
from hub.logs.kafka.join import keep_join
from hub.logs.kafka.preflight import knock
from hub.logs.kafka.writer import Broker, Transactions
from hub.ports import Batch, Outgoing, Positions

log = get_logger("kafka")

Slot = tuple[str, int]
Starts = Callable[[frozenset[Slot]], Positions]
SESSION_TIMEOUT_MS = 10_000
HEARTBEAT_MS = 1_000
"""A heartbeat's answer says that somebody has joined: so long may pass before the work is shared."""
_LEAVE_MS = 1_500
_TRIES, _PAUSE_S = 40, 0.25
_NOT_YET = (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError)
_TURNS = 3
REST_WITHIN_S = 30.0
_LEAVE_S = 2.0
"""Longest wait for a goodbye: a hub stops within ten seconds, whether or not the broker answers."""
FETCH = {"max_partition_fetch_bytes": 4 << 20, "fetch_max_bytes": 32 << 20, "metrics_enabled": False}


class KafkaMember:
    """``Member`` with a static membership: its name is its ``group.instance.id``, so that a second one puts the
    first out."""

    def __init__(
        self,
        options: Mapping[str, Any],
        group: str,
        name: str,
        subscribed: Sequence[str],
        starts: Starts | None,
        broker: Broker,
    ) -> None:
        self._options = options
        self._group, self._instance = group, name
        self._name = f"{group}.{name}"
        self._starts = starts
        self._polled: dict[TopicPartition, int] = {}
        self._newcomers: set[TopicPartition] = set()
        self._settled = False
        self._membership: Any = None
        self._broker = broker
        self._restless_since_s = 0.0
        self._pause = threading.Event()
        self._transactions = Transactions(options, self._name, broker)
        if starts is None:
            # At once, not at the first commit: so that an heir fences us, and we never fence an heir.
            self._transactions.open()
        knock(options)
        with translated():
            # A member that takes over a name is given its predecessor's partitions without a rebalance. Had that one
            # died between the two halves of one, what it had given up would stay with nobody: so take its name off.
            self._take_off()
            self._consumer = KafkaConsumer(
                **options,
                **FETCH,
                group_id=group,
                group_instance_id=name,
                isolation_level="read_committed",
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                partition_assignment_strategy=[LaneAssignor, CooperativeStickyAssignor],
                session_timeout_ms=SESSION_TIMEOUT_MS,
                heartbeat_interval_ms=HEARTBEAT_MS,
            )
            # The driver's group leader deals out what its metadata shows. Were that not there yet, it would deal out
            # nothing, and a static member that takes over from it would keep that nothing for ever.
            for topic in subscribed:
                bounded(partial(self._consumer.partitions_for_topic, topic), "partitions_for_topic")
            self._consumer.subscribe(list(subscribed), listener=_Listener(self))

    def assigned(self) -> frozenset[Slot]:
        return frozenset((one.topic, one.partition) for one in self._consumer.assignment())

    def poll(self, records_max: int, timeout_s: float) -> list[Batch]:
        if self._transactions.replaced:
            raise Fenced(f"member {self._name} has joined again elsewhere")
        try:
            found = self._fetch(records_max, timeout_s)
            self._place_newcomers(found)
        except HubError:
            self.rewind()
            raise
        batches = [Batch(place.topic, place.partition, records) for place, records in found.items() if records]
        if self._starts is None:
            for place, records in found.items():
                self._polled[place] = records[-1].offset + 1
        return batches

    def _fetch(self, records_max: int, timeout_s: float) -> dict[TopicPartition, Any]:
        """What the driver has next, if no rebalance has ended since the positions were asked for; otherwise they are
        asked for again. Raises ``Reassigned`` when something polled is not committed then.

        The driver rebalances in a thread of its own, at any moment, and a member that was put out and is back goes on
        at the positions it had, though another moved them. So a transaction carries the generation in which its
        records were polled, and the broker refuses it when there has been another since.
        """
        for _ in range(_TURNS):
            # Not while a rebalance is under way: on the connection that carries it, every other question waits for its
            # end, and so for the other members.
            if not self._settled and self._consumer.group_metadata().state is MemberState.STABLE:
                self._settle()
            keep_join(self._consumer)
            with translated():
                found = dict(self._consumer.poll(int(timeout_s * 1000), max_records=records_max))
            if self._settled and self._unchanged():
                self._restless_since_s = 0.0
                return found
            if self._polled:
                raise Reassigned(f"member {self._name}: partitions were dealt out anew before it had committed")
            self.rewind()
        self._check_rest()
        return {}

    def _check_rest(self) -> None:
        """Raises ``Unavailable`` when the group has not come to rest for too long: a new member begins afresh."""
        now_s = self._broker.clock.monotonic_s()
        self._restless_since_s = self._restless_since_s or now_s
        if now_s - self._restless_since_s > REST_WITHIN_S:
            raise Unavailable(f"group {self._group} has not come to rest for {REST_WITHIN_S:.0f} s")

    def _unchanged(self) -> bool:
        """Whether we are still who we were in the group, in the same generation, as when positions were asked for."""
        now, then = self._consumer.group_metadata(), self._membership
        return (now.generation_id, now.member_id) == (then.generation_id, then.member_id)

    def commit(self, outgoing: Sequence[Outgoing], positions: Positions | None = None) -> None:
        if self._starts is not None:
            raise Misconfigured(f"member {self._name} keeps its own positions", "commit them in its own database")
        if not outgoing and not self._polled:
            return
        done = self._polled if positions is None else {TopicPartition(*slot): at for slot, at in positions.items()}
        offsets = {place: OffsetAndMetadata(after, "", -1) for place, after in done.items()}
        try:
            self._transactions.commit(outgoing, offsets, self._polled_as())
        except HubError:
            self.rewind()
            raise
        self._polled = {place: after for place, after in self._polled.items() if done.get(place, 0) < after}

    def _polled_as(self) -> Any:
        """Who we were in the group when we polled, for the broker to check. Raises ``Reassigned`` when that is over:
        without a generation the broker would not check at all once the group is empty."""
        if self._polled and not self._unchanged():
            raise Reassigned(f"member {self._name}: partitions were dealt out anew before it had committed")
        return self._membership

    def rewind(self) -> None:
        # What is durable is asked for at the next poll: now the broker may be away.
        self._polled.clear()
        self._settled = False

    def close(self) -> None:
        self._transactions.close()
        # Both names: by the instance's alone, a member that was replaced would throw its heir out.
        place = MemberToRemove(self._consumer.group_metadata().member_id, self._instance)
        try:
            with translated():
                bounded(lambda: self._consumer.close(autocommit=False, timeout_ms=_LEAVE_MS), "close", _LEAVE_S)
                if place.member_id:
                    bounded(lambda: self._leave(place), "leave", _LEAVE_S)
        except HubError as away:
            log.warning("left without saying so", group=self._group, reason=str(away))

    def _take_off(self) -> None:
        """Take whoever still has our name off the group. A broker that is new first makes room for its groups."""
        for _ in range(_TRIES):
            try:
                bounded(lambda: self._leave(MemberToRemove("", self._instance)), "take off")
            except _NOT_YET:
                self._pause.wait(_PAUSE_S)
            else:
                return
        raise Unavailable(f"group {self._group} has no coordinator")

    def _leave(self, place: MemberToRemove) -> None:
        """Leave for good: a static member that only closes keeps its partitions until its session ends."""
        times = {"bootstrap_timeout_ms": _LEAVE_MS, "request_timeout_ms": _LEAVE_MS}
        admin = KafkaAdminClient(**{**self._options, **times})
        try:
            admin.remove_group_members(self._group, [place])
        finally:
            admin.close()

    def _settle(self) -> None:
        """Make the last transaction's outcome definite, then go to what is durable."""
        self._membership = self._consumer.group_metadata()
        if self._starts is None:
            self._transactions.open()
        with translated():
            self._seek(self._consumer.assignment())
        self._settled = True

    def _seek(self, places: Iterable[TopicPartition]) -> None:
        wanted = set(places)
        if not wanted:
            return
        if self._starts:
            starts = self._starts(frozenset((one.topic, one.partition) for one in wanted))
        else:
            starts = bounded(lambda: self._committed(wanted), "committed")
        for place in wanted:
            if at := starts.get((place.topic, place.partition), 0):
                self._consumer.seek(place, at)
            else:
                self._consumer.seek_to_beginning(place)

    def _committed(self, places: Iterable[TopicPartition]) -> Positions:
        """Waits for transactions that are still open on them: only then it is known how they end."""
        wait_ms = int(WAIT_S * 1000)
        return {(one.topic, one.partition): self._consumer.committed(one, timeout_ms=wait_ms) or 0 for one in places}

    def _place_newcomers(self, found: dict[TopicPartition, Any]) -> None:
        """Send partitions that were newly taken to where the projection's database says, and drop what was fetched of
        them from elsewhere. Here and not in the listener, which holds the driver's heartbeats up."""
        if not self._newcomers:
            return
        newcomers, self._newcomers = self._newcomers & self._consumer.assignment(), set()
        with translated():
            self._seek(newcomers)
        for place in newcomers & found.keys():
            del found[place]

    def took(self, places: Iterable[TopicPartition]) -> None:
        if self._starts:
            self._newcomers |= set(places)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Called in the driver's thread. Nothing is finished on revoke: what was polled before cannot be committed any
    more."""

    def __init__(self, member: KafkaMember) -> None:
        self._member = member

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._member.took(assigned)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """The generation says it."""

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        """The membership says it."""
