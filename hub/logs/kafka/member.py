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
from hub.logs.kafka.assignor import PartitionNumberAssignor
from hub.logs.kafka.client import WAIT_S, bounded, translated
from hub.logs.kafka.join import keep_join
from hub.logs.kafka.preflight import check_connection
from hub.logs.kafka.writer import Broker, Transactions
from hub.ports import Batch, Outgoing, Positions

log = get_logger("kafka")

Slot = tuple[str, int]
Starts = Callable[[frozenset[Slot]], Positions]
SESSION_TIMEOUT_MS = 10_000
HEARTBEAT_MS = 1_000
"""A member hears of a new member in the answer to a heartbeat, so a rebalance begins within this time."""
_LEAVE_MS = 1_500
TRIES, PAUSE_S = 40, 0.25
NOT_YET = (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError)
_TURNS = 3
STABLE_WITHIN_S = 30.0
LOOK_EVERY_S = 30.0
"""How often a member without new records asks where its partitions end, seconds."""
CONNECTED_WITHIN_S = 20.0
"""Longest time without a connection to any broker, seconds. The driver looks for brokers only where they were; a new
member begins at the addresses of ``log_url``, and finds those that moved."""
_LEAVE_S = 2.0
"""Longest wait when leaving the group: a hub stops within ten seconds, even if the broker does not answer."""
FETCH = {"max_partition_fetch_bytes": 4 << 20, "fetch_max_bytes": 32 << 20, "metrics_enabled": False}


class KafkaMember:
    """``Member`` with static membership (KIP-345): its name is its ``group.instance.id``, so a second member of this
    name fences the first.

    ``starts`` is the port's ``positions``. Creating it connects and joins; raises as ``RecordLog.join`` does.
    """

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
        self._unstable_since_s = 0.0
        self._connected_s = broker.clock.monotonic_s()
        self._looked_s = self._connected_s
        self._at: dict[TopicPartition, int] = {}
        """Where the next record of each partition is expected, or after it."""
        self._pause = threading.Event()
        self._transactions = Transactions(options, self._name, broker)
        if starts is None:
            # Now, not at the first commit: a successor must fence us, and we must never fence a successor.
            self._transactions.open()
        check_connection(options)
        with translated():
            # A member with the name of a dead one gets its partitions without a rebalance. If that one died in the
            # middle of a cooperative rebalance, the partitions that it had released would stay without an owner. So
            # remove the name from the group first.
            self._remove_predecessor()
            self._consumer = KafkaConsumer(
                **options,
                **FETCH,
                group_id=group,
                group_instance_id=name,
                isolation_level="read_committed",
                auto_offset_reset="earliest",
                enable_auto_commit=False,
                partition_assignment_strategy=[PartitionNumberAssignor, CooperativeStickyAssignor],
                session_timeout_ms=SESSION_TIMEOUT_MS,
                heartbeat_interval_ms=HEARTBEAT_MS,
            )
            # The group's leader assigns the partitions that its metadata shows. Without metadata it would assign
            # none, and a static member that takes over from it would stay without partitions.
            for topic in subscribed:
                bounded(partial(self._consumer.partitions_for_topic, topic), "partitions_for_topic")
            self._consumer.subscribe(list(subscribed), listener=_Listener(self))

    def assigned(self) -> frozenset[Slot]:
        return frozenset((one.topic, one.partition) for one in self._consumer.assignment())

    def poll(self, records_max: int, timeout_s: float) -> list[Batch]:
        if self._transactions.replaced:
            raise Fenced(f"member {self._name} was replaced by another of this name")
        try:
            found = self._fetch(records_max, timeout_s)
            self._place_newcomers(found)
            self._check_continuous(found)
        except HubError:
            self.rewind()
            raise
        batches = [Batch(place.topic, place.partition, records) for place, records in found.items() if records]
        if self._starts is None:
            for place, records in found.items():
                self._polled[place] = records[-1].offset + 1
        return batches

    def _fetch(self, records_max: int, timeout_s: float) -> dict[TopicPartition, Any]:
        """The next records, if no rebalance has ended since the positions were read; otherwise read these again.
        Raises ``Reassigned`` when polled records are not committed at that moment.

        The driver rebalances in its own thread at any time. A member that was expelled and joins again would continue
        at its old positions, although another member moved them. So a transaction carries the generation in which its
        records were polled, and the broker refuses it in a later generation.
        """
        for _ in range(_TURNS):
            # Not during a rebalance: other requests on that connection wait for its end, and so for other members.
            if not self._settled and self._consumer.group_metadata().state is MemberState.STABLE:
                self._settle()
            keep_join(self._consumer)
            with translated():
                found = dict(self._consumer.poll(int(timeout_s * 1000), max_records=records_max))
            if self._settled and self._unchanged():
                self._unstable_since_s = 0.0
                return found
            if self._polled:
                raise Reassigned(f"member {self._name}: partitions were reassigned before its commit")
            self.rewind()
        self._check_stable()
        return {}

    def _check_continuous(self, found: Mapping[TopicPartition, Any]) -> None:
        """Raises ``Misconfigured`` when a partition ends, or begins again, before the records that were read: the topic
        was created again, and the driver says nothing."""
        if not found:
            self._check_connected()
        first = {place: records[0].offset for place, records in found.items() if records}
        for place, offset in (first or self._ends_now()).items():
            if offset < self._at.get(place, 0):
                raise Misconfigured(
                    f"{place.topic}/{place.partition} was read up to {self._at[place]}, and is at {offset}",
                    "was the topic deleted and created again? See `hub doctor`",
                )
        self._at.update({place: records[-1].offset + 1 for place, records in found.items() if records})

    def _ends_now(self) -> dict[TopicPartition, int]:
        """Where the partitions end, if it is time to ask."""
        now_s = self._broker.clock.monotonic_s()
        if now_s - self._looked_s < LOOK_EVERY_S or not self._at:
            return {}
        self._looked_s = now_s
        with translated():
            return dict(bounded(partial(self._consumer.end_offsets, list(self._at)), "end_offsets"))

    def _check_connected(self) -> None:
        """Raises ``Unavailable`` when there was no connection to any broker for too long. The caller then joins again,
        and finds brokers that have moved."""
        now_s = self._broker.clock.monotonic_s()
        if any(one.connected for one in list(self._consumer._manager._conns.values())):
            self._connected_s = now_s
        elif now_s - self._connected_s > CONNECTED_WITHIN_S:
            raise Unavailable(f"no connection to any broker for {CONNECTED_WITHIN_S:.0f} s")

    def _check_stable(self) -> None:
        """Raises ``Unavailable`` when the group has been unstable for too long. The caller then joins again."""
        now_s = self._broker.clock.monotonic_s()
        self._unstable_since_s = self._unstable_since_s or now_s
        if now_s - self._unstable_since_s > STABLE_WITHIN_S:
            raise Unavailable(f"group {self._group} was not stable for {STABLE_WITHIN_S:.0f} s")

    def _unchanged(self) -> bool:
        """Whether member id and generation are still those with which the positions were read."""
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
        """The membership of the last poll; the broker checks it. Raises ``Reassigned`` when it has changed: in an empty
        group the broker does not check a member without a generation."""
        if self._polled and not self._unchanged():
            raise Reassigned(f"member {self._name}: partitions were reassigned before its commit")
        return self._membership

    def rewind(self) -> None:
        # The next poll asks for the durable positions: the broker may be away now.
        self._polled.clear()
        self._at.clear()
        self._settled = False

    def close(self) -> None:
        """Leave the group, within a few seconds. Never raises ``HubError``: a broker that is away ends the session."""
        self._transactions.close()
        # With both ids: with the instance id alone, a replaced member would remove its successor.
        place = MemberToRemove(self._consumer.group_metadata().member_id, self._instance)
        try:
            with translated():
                bounded(lambda: self._consumer.close(autocommit=False, timeout_ms=_LEAVE_MS), "close", _LEAVE_S)
                if place.member_id:
                    bounded(lambda: self._leave(place), "leave", _LEAVE_S)
        except HubError as away:
            log.warning("could not leave the group", group=self._group, reason=str(away))

    def _remove_predecessor(self) -> None:
        """Remove an earlier member with our name from the group. Waits for a new broker to load its groups."""
        for _ in range(TRIES):
            try:
                bounded(lambda: self._leave(MemberToRemove("", self._instance)), "remove predecessor")
            except NOT_YET:
                self._pause.wait(PAUSE_S)
            else:
                return
        raise Unavailable(f"group {self._group} has no coordinator")

    def _leave(self, place: MemberToRemove) -> None:
        """Remove ``place`` from the group: a static member that only closes keeps its partitions for its session."""
        times = {"bootstrap_timeout_ms": _LEAVE_MS, "request_timeout_ms": _LEAVE_MS}
        admin = KafkaAdminClient(**{**self._options, **times})
        try:
            admin.remove_group_members(self._group, [place])
        finally:
            admin.close()

    def _settle(self) -> None:
        """Make the outcome of the last transaction definite, then go to the durable positions."""
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
                self._at[place] = at
            else:
                self._consumer.seek_to_beginning(place)

    def _committed(self, places: Iterable[TopicPartition]) -> Positions:
        """The committed offsets. Waits until the transactions that are open on them have ended."""
        wait_ms = int(WAIT_S * 1000)
        return {(one.topic, one.partition): self._consumer.committed(one, timeout_ms=wait_ms) or 0 for one in places}

    def _place_newcomers(self, found: dict[TopicPartition, Any]) -> None:
        """Move newly assigned partitions to the positions of the projection's database, and drop records that were
        fetched from other positions. Not done in the listener, which would block the driver's heartbeats."""
        if not self._newcomers:
            return
        newcomers, self._newcomers = self._newcomers & self._consumer.assignment(), set()
        with translated():
            self._seek(newcomers)
        for place in newcomers & found.keys():
            del found[place]

    def took(self, places: Iterable[TopicPartition]) -> None:
        """Note newly assigned partitions; the next ``poll`` moves a projection's to its positions. Does not wait."""
        if self._starts:
            self._newcomers |= set(places)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Called in the driver's thread. It commits nothing on revoke: what was polled cannot be committed any more."""

    def __init__(self, member: KafkaMember) -> None:
        self._member = member

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._member.took(assigned)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing to do: the generation has changed, and ``poll`` sees that."""

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        """Nothing to do: the member id has changed, and ``poll`` sees that."""
