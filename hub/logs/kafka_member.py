"""A consumer of a group on Kafka, and the transaction that moves it."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import MemberToRemove
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError
from kafka.structs import OffsetAndMetadata

from hub.errors import Fenced, HubError, Misconfigured, Unavailable
from hub.logging import get_logger
from hub.logs.kafka_client import WAIT_S, bounded, translated
from hub.logs.kafka_knock import knock
from hub.logs.kafka_writer import Broker, Transactions
from hub.ports import Batch, Outgoing, Positions

log = get_logger("kafka")

Slot = tuple[str, int]
Starts = Callable[[frozenset[Slot]], Positions]
SESSION_TIMEOUT_MS = 10_000
HEARTBEAT_MS = 3_000
_LEAVE_MS = 1_500
_TRIES, _PAUSE_S = 40, 0.25
_NOT_YET = (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError)
_LEAVE_S = 2.0
"""Longest wait for a goodbye: a hub stops within ten seconds, whether or not the broker answers."""
FETCH = {"max_partition_fetch_bytes": 4 << 20, "fetch_max_bytes": 32 << 20, "metrics_enabled": False}


class KafkaMember:
    """``Member`` with a static membership: its name is its ``group.instance.id``, so a quick restart moves no
    partition."""

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
        self._lost: set[TopicPartition] = set()
        self._settled = True
        self._member_id = ""
        self._pause = threading.Event()
        self._trouble: Exception | None = None
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
                partition_assignment_strategy=[CooperativeStickyAssignor],
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
            if not self._settled:
                self._settle()
            found = self._fetch(records_max, timeout_s)
            self._check_lost()
            self._check_membership()
        except HubError:
            self.rewind()
            raise
        batches = [Batch(place.topic, place.partition, records) for place, records in found.items() if records]
        if self._starts is None:
            for place, records in found.items():
                self._polled[place] = records[-1].offset + 1
        return batches

    def _fetch(self, records_max: int, timeout_s: float) -> Mapping[TopicPartition, Any]:
        try:
            with translated():
                found: Mapping[TopicPartition, Any] = self._consumer.poll(
                    int(timeout_s * 1000), max_records=records_max
                )
        except Unavailable as away:
            # The driver wraps what our own listener raised.
            trouble, self._trouble = self._trouble, None
            raise trouble or away from None
        return found

    def commit(self, outgoing: Sequence[Outgoing]) -> None:
        if self._starts is not None:
            raise Misconfigured(f"member {self._name} keeps its own positions", "commit them in its own database")
        if not outgoing and not self._polled:
            return
        offsets = {place: OffsetAndMetadata(after, "", -1) for place, after in self._polled.items()}
        try:
            self._check_lost()
            self._transactions.commit(outgoing, offsets, self._membership())
        except HubError:
            self.rewind()
            raise
        self._polled.clear()

    def _membership(self) -> Any:
        """Who we are in the group, for the broker to check. Raises ``Fenced`` when the group has put us out: without
        a generation the broker would not check at all once the group is empty."""
        membership = self._consumer.group_metadata()
        if self._polled and (membership.generation_id < 0 or membership.member_id != self._member_id):
            raise Fenced(f"member {self._name} was put out of its group")
        return membership

    def _check_membership(self) -> None:
        """Raises ``Fenced`` if the group had put us out and we are in it again, as a new member.

        The driver may then go on with the partitions it had at the positions it had, though another moved them
        meanwhile.
        """
        before, now = self._member_id, self._consumer.group_metadata()
        if now.generation_id < 0 or now.member_id == before:
            return
        self._member_id = now.member_id
        if before:
            raise Fenced(f"member {self._name} was put out of its group and is back")

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

    def _check_lost(self) -> None:
        """Raises ``Fenced`` if partitions went away with something uncommitted."""
        lost, self._lost = self._lost & self._polled.keys(), set()
        if lost:
            raise Fenced(f"member {self._name} lost partitions with records that it had not committed")

    def took(self, places: Iterable[TopicPartition]) -> None:
        if not self._starts:
            return
        try:
            self._seek(places)
        except Exception as trouble:
            self._trouble = trouble
            raise

    def gave(self, places: Iterable[TopicPartition]) -> None:
        self._lost |= set(places)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Called inside ``poll``, when no transaction is open: there is nothing to finish on revoke."""

    def __init__(self, member: KafkaMember) -> None:
        self._member = member

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._member.took(assigned)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._member.gave(revoked)

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self._member.gave(lost)
