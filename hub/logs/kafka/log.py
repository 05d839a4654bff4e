"""The log on Apache Kafka: any number of processes on any number of machines share it."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

from hub.errors import Misconfigured, Unavailable
from hub.logs.kafka import topics as broker_topics
from hub.logs.kafka.client import WAIT_S, translated
from hub.logs.kafka.member import FETCH, NOT_YET, PAUSE_S, TRIES, KafkaMember
from hub.logs.kafka.options import client_options, merged
from hub.logs.kafka.preflight import check_connection
from hub.logs.kafka.readers import Readers
from hub.logs.kafka.writer import KafkaWriter
from hub.logs.missing import missing_topics
from hub.ports import Batch, Clock, LogRecord, Member, Positions, TopicSpec, Writer
from hub.settings import KafkaSettings

Slot = tuple[str, int]
_POLL_RECORDS = 5_000
_POLL_MS = 500
_PICK_MS = 200
_ONE_BATCH = {**FETCH, "max_partition_fetch_bytes": 1, "fetch_max_bytes": 1, "auto_offset_reset": "earliest"}
"""To read one record: the broker sends at least the batch that has it, and with these options no more."""
_VISIBLE_S = 5.0
"""Longest wait for the unfinished transaction of another writer, which hides the records committed after it."""
_PAUSE_S = 0.002


class KafkaLog:
    """``RecordLog`` on a broker. Thread-safe, except for the objects that ``writer`` and ``join`` return.

    Connects at the first call, not when it is made. ``clock`` gives the process time of its waits.
    """

    def __init__(self, url: str, clock: Clock, kafka: KafkaSettings) -> None:
        self._kafka = merged(url, kafka)
        self._options = client_options(url, self._kafka)
        self.clock = clock
        self._scanners = Readers({**self._options, **FETCH, "max_poll_records": _POLL_RECORDS})
        self._pickers = Readers({**self._options, **_ONE_BATCH, "max_poll_records": 1})
        self._lock = threading.Lock()
        self._admin_client: Any = None
        self._written: dict[Slot, int] = {}
        self._caught_up: set[Slot] | None = None
        """Partitions whose end was read since the last writer was opened; ``None`` before the first writer."""
        self._pause = threading.Event()

    def create(self, topics: Sequence[TopicSpec]) -> list[str]:
        missing = missing_topics(self.topics(), topics)
        if missing:
            with self._administered() as admin:
                broker_topics.create(admin, missing, self._kafka)
        return [spec.name for spec in missing]

    def topics(self) -> dict[str, int]:
        with self._administered() as admin:
            described = admin.describe_topics()
        return {one["name"]: len(one["partitions"]) for one in described if not one["is_internal"]}

    def bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        with translated(), self._scanners.one() as reader:
            places = [TopicPartition(topic, one) for one in sorted(reader.partitions_for_topic(topic) or ())]
            if not places:
                raise Misconfigured(f"no topic {topic}", "`hub topics` lists them")
            first, end = reader.beginning_offsets(places), self._ends(reader, places)
        return {place.partition: (first[place], end[place]) for place in places}

    def _ends(self, reader: Any, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset after the last committed record, by partition.

        A commit returns before its records can be read. So this waits for our own commits, and for those of earlier
        holders of our writer ids. Raises ``Unavailable`` when the transaction of another writer hides them.
        """
        self._catch_up(places)
        deadline_s = self.clock.monotonic_s() + _VISIBLE_S
        while True:
            end: dict[TopicPartition, int] = reader.end_offsets(places)
            late = any(end[place] < self._written.get((place.topic, place.partition), 0) for place in places)
            if not late:
                return end
            if self.clock.monotonic_s() > deadline_s:
                raise Unavailable("another's open transaction hides what is committed, or the topic was created again")
            self._pause.wait(_PAUSE_S)

    def _catch_up(self, places: Sequence[TopicPartition]) -> None:
        """Once after a writer was opened: wait also for what its predecessor may have written to ``places``."""
        caught_up = self._caught_up
        if caught_up is None or not (new := [one for one in places if (one.topic, one.partition) not in caught_up]):
            return
        with KafkaConsumer(**self._options, **FETCH, group_id=None, isolation_level="read_uncommitted") as reader:
            self._written.update({(one.topic, one.partition): at for one, at in reader.end_offsets(new).items()})
        caught_up.update((one.topic, one.partition) for one in new)

    def scan(self, topic: str, partition: int, start: int = 0, stop: int | None = None) -> Iterator[Batch]:
        end = self._end(topic, partition)
        return self._scan(TopicPartition(topic, partition), start, end if stop is None else min(stop, end))

    def read(self, topic: str, partition: int, offset: int) -> LogRecord | None:
        place = TopicPartition(topic, partition)
        deadline_s = self.clock.monotonic_s() + WAIT_S
        with translated(), self._pickers.one() as reader:
            reader.assign([place])
            reader.seek(place, offset)
            while not (found := reader.poll(timeout_ms=_PICK_MS).get(place)):
                # The reader passed the offset without a record: a marker or an aborted record is there.
                if _position(reader, place) > offset or self._end(topic, partition) <= offset:
                    return None
                if self.clock.monotonic_s() > deadline_s:
                    raise Unavailable(f"{topic}/{partition} gives nothing at {offset}")
        record: LogRecord = found[0]
        return record if record.offset == offset else None

    def offset_at(self, topic: str, partition: int, timestamp_ms: int) -> int:
        place = TopicPartition(topic, partition)
        end = self._end(topic, partition)
        with translated(), self._scanners.one() as reader:
            found = reader.offsets_for_times({place: timestamp_ms})[place]
        if found is None:
            return end
        # The broker may name the offset of a marker or an aborted record: find the first that a reader sees.
        batches = self._scan(place, found.offset, end)
        return next((one.offset for batch in batches for one in batch.records if one.timestamp >= timestamp_ms), end)

    def committed(self, group: str) -> dict[Slot, int]:
        with self._administered() as admin:
            found = self._group_offsets(admin, group)
        return {(place.topic, place.partition): at.offset for place, at in found.items() if at.offset >= 0}

    def _group_offsets(self, admin: Any, group: str) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """Waits for a new broker to load its groups."""
        for _ in range(TRIES):
            with suppress(*NOT_YET):
                found: Mapping[TopicPartition, OffsetAndMetadata] = admin.list_group_offsets({group: None})[group]
                return found
            self._pause.wait(PAUSE_S)
        raise Unavailable(f"group {group} has no coordinator")

    def reset(self, group: str, positions: Positions) -> None:
        offsets = {TopicPartition(*slot): OffsetAndMetadata(at, "", -1) for slot, at in positions.items()}
        with self._administered() as admin:
            outcome = admin.alter_group_offsets(group, offsets)
        for error in outcome.values():
            if getattr(error, "errno", 0):
                raise Misconfigured(
                    f"group {group} has members ({error.__name__})", "stop its stages before you move it"
                )

    def writer(self, writer_id: str) -> Writer:
        writer = KafkaWriter(self._options, writer_id, self)
        self._caught_up = set()
        return writer

    def join(
        self,
        group: str,
        topics: Sequence[str],
        member: str,
        positions: Callable[[frozenset[Slot]], Positions] | None = None,
    ) -> Member:
        known = self.topics()
        if unknown := [topic for topic in topics if topic not in known]:
            raise Misconfigured(f"no topic {unknown[0]}", "`hub topics apply` creates them")
        return KafkaMember(self._options, group, member, topics, positions, self)

    def wrote(self, ends: Mapping[Slot, int]) -> None:
        """Note that a writer or member of this log committed; ``ends`` are the offsets after its last records.

        Later calls of ``bounds`` and ``scan`` wait until these records can be read.
        """
        self._written.update(ends)

    def close(self) -> None:
        """Close all connections. Writers and members have their own and are closed separately."""
        self._pause.set()
        self._scanners.close()
        self._pickers.close()
        with self._lock:
            self._drop_admin()

    def _end(self, topic: str, partition: int) -> int:
        bounds = self.bounds(topic)
        if partition not in bounds:
            raise Misconfigured(f"topic {topic} has no partition {partition}", f"it has 0 to {len(bounds) - 1}")
        return bounds[partition][1]

    @contextmanager
    def _administered(self) -> Iterator[Any]:
        """The client for administration. After an error the next call makes a new one, which begins at the addresses of
        ``log_url``: brokers may have moved."""
        with translated(), self._lock:
            try:
                if self._admin_client is None:
                    check_connection(self._options)
                    self._admin_client = KafkaAdminClient(**self._options)
                yield self._admin_client
            except BaseException:
                self._drop_admin()
                raise

    def _drop_admin(self) -> None:
        admin, self._admin_client = self._admin_client, None
        if admin:
            admin.close()

    def _scan(self, place: TopicPartition, start: int, stop: int) -> Iterator[Batch]:
        if start >= stop:
            return
        with translated(), self._scanners.one() as reader:
            reader.assign([place])
            reader.seek(place, start)
            quiet_since_s = self.clock.monotonic_s()
            while (at := _position(reader, place)) < stop:
                records = reader.poll(timeout_ms=_POLL_MS).get(place, [])
                if records and records[-1].offset >= stop:
                    records = [one for one in records if one.offset < stop]
                if records:
                    yield Batch(place.topic, place.partition, records)
                if _position(reader, place) > at:
                    quiet_since_s = self.clock.monotonic_s()
                elif self.clock.monotonic_s() - quiet_since_s > WAIT_S:
                    raise Unavailable(
                        f"{place.topic}/{place.partition} gives nothing at {at}, though it ends at {stop}"
                    )


def _position(reader: Any, place: TopicPartition) -> int:
    """The reader's next offset. Without the time-out, a driver that lost its position would ask without end."""
    return int(reader.position(place, timeout_ms=int(WAIT_S * 1000)))
