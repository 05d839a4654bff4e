"""The port of the record log: topics, partitions, batches of raw bytes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

Headers = Sequence[tuple[str, bytes]]
"""(Name, value) in order. A name may occur more than once."""
Positions = Mapping[tuple[str, int], int]
"""(Topic, partition) → the next offset to read."""


class TopicSpec(NamedTuple):
    """A declared topic. ``compacted``: only the newest record of each key must stay.

    ``configs`` is its configuration on a broker, by Kafka's names. The embedded log does not use it.
    """

    name: str
    partitions: int
    compacted: bool = False
    configs: Mapping[str, str] = MappingProxyType({})


class Difference(NamedTuple):
    """One difference between a topic and its declaration. ``what`` is ``partitions``, ``replication`` or the name of a
    config."""

    topic: str
    what: str
    found: str
    wanted: str


class Grant(NamedTuple):
    """What a principal may do on a broker: ``operation`` on the ``resource`` (topic, group or transactional_id) with
    this ``name``; with ``prefix``, on all whose names begin with it."""

    principal: str
    operation: str
    resource: str
    name: str
    prefix: bool


class LogRecord(Protocol):
    """A committed record. ``kafka.ConsumerRecord`` has these attributes."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since the epoch, as its producer gave it."""

    @property
    def key(self) -> bytes | None:
        """The bytes that decide the partition."""

    @property
    def value(self) -> bytes | None:
        """The frame (``hub.codec.wire``); ``None`` is a tombstone of a compacted topic."""

    @property
    def headers(self) -> Headers:
        """The headers in the order in which they were written."""


class Batch(NamedTuple):
    """Committed records of one partition, offsets ascending. There may be gaps: Kafka has control records."""

    topic: str
    partition: int
    records: Sequence[LogRecord]


class Outgoing(NamedTuple):
    """A record to append. ``timestamp`` is milliseconds since the epoch."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int


class Writer(Protocol):
    """The one active holder of a writer id. When another process opens the id, this one is fenced."""

    def commit(self, outgoing: Sequence[Outgoing]) -> None:
        """Append all records or none, durable on return. Within a partition the order is as given.

        Raises ``Fenced`` when a newer writer has the id: nothing was appended, and this writer cannot be used any more.
        Raises ``Unavailable`` when the outcome is unknown (a crash or time-out between append and answer): the caller
        reads what is durable before it decides, and never assumes "not written".
        """

    def close(self) -> None:
        """Release its resources. Commits nothing. May be called more than once."""


class Member(Protocol):
    """One consumer of a group, and the transaction that moves it. Not shared between threads.

    The loop is ``poll`` → transform → ``commit``. A crash in between leaves nothing: uncommitted output never becomes
    visible, and the next member polls the same records again.
    """

    def assigned(self) -> frozenset[tuple[str, int]]:
        """The (topic, partition) pairs that this member owns since its last ``poll``."""

    def poll(self, records_max: int, timeout_s: float) -> list[Batch]:
        """The next committed records after those already polled, at most ``records_max`` in all; empty after
        ``timeout_s``.

        Partitions may be taken away at any time; a ``commit`` of records polled before is then refused. Raises
        ``Fenced`` when another member has joined under this name (close this one and join again), ``Reassigned`` when
        partitions with uncommitted records were taken away, or may have been, ``Unavailable`` when the log is away.
        After any of them the member stands at the durable positions again.
        """

    def commit(self, outgoing: Sequence[Outgoing], positions: Positions | None = None) -> None:
        """Append ``outgoing`` and move the group past all polled records, in one transaction (P2). With ``positions``,
        move it only up to them; the rest stays polled and uncommitted.

        Raises ``Reassigned`` (the partitions were taken away; nothing appended), ``Fenced`` (replaced by another member
        of this name; nothing appended) or ``Unavailable`` (outcome unknown). In all cases the member stands at the
        durable positions again: drop the batch and ``poll`` again.
        """

    def rewind(self) -> None:
        """Drop the records that were polled and not committed. The next ``poll`` starts at the durable positions."""

    def close(self) -> None:
        """Leave the group, so that others get its partitions. Commits nothing."""


class RecordLog(Protocol):
    """An append-only log of topics and partitions; its unit is a batch of raw bytes.

    Durability: what a returned ``commit`` appended survives the end of the process and a loss of power.
    Order: offsets within a partition ascend in commit order; records of one key are in one partition.
    Isolation: readers see committed records only, and never a part of a transaction.
    A crash at any line leaves either the whole transaction or none of it. The caller retries, the log never does.
    Thread-safe, except for its ``Writer`` and ``Member`` objects, which belong to one thread each.
    Each method raises ``Unavailable`` when the log is away, ``Misconfigured`` for a topic or partition that is missing.
    """

    def create(self, topics: Sequence[TopicSpec]) -> list[str]:
        """Create the topics that are missing and return their names. Raises ``Misconfigured`` if one exists with
        another number of partitions."""

    def topics(self) -> dict[str, int]:
        """Topic name → partition count."""

    def bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        """Partition → (first offset that is still there, offset after the last committed record)."""

    def scan(self, topic: str, partition: int, start: int = 0, stop: int | None = None) -> Iterator[Batch]:
        """Committed records with ``start <= offset < stop``, in order. Without ``stop``: up to the end at the time of
        the call. Its memory does not grow with the range."""

    def read(self, topic: str, partition: int, offset: int) -> LogRecord | None:
        """The committed record at one offset; ``None`` when there is none."""

    def offset_at(self, topic: str, partition: int, timestamp_ms: int) -> int:
        """The first offset whose record has ``timestamp >= timestamp_ms``, or the end."""

    def committed(self, group: str) -> dict[tuple[str, int], int]:
        """(Topic, partition) → the next offset that a group reads. Partitions that it never committed are left out."""

    def reset(self, group: str, positions: Positions) -> None:
        """Set the next offsets that a group reads. Raises ``Misconfigured`` while the group has members."""

    def writer(self, writer_id: str) -> Writer:
        """Open ``writer_id`` and fence its earlier holder, whose uncommitted records are aborted
        before this returns.
        """

    def join(
        self,
        group: str,
        topics: Sequence[str],
        member: str,
        positions: Callable[[frozenset[tuple[str, int]]], Positions] | None = None,
    ) -> Member:
        """Join a group as ``member``, a name that stays the same over restarts. An earlier member of this name is
        fenced.

        ``positions`` is for projections, which store their offsets in their own database. It is called for newly
        assigned partitions and after ``rewind``, and returns where each partition starts (0 where it has no entry).
        Such members never call ``commit``.
        """

    def close(self) -> None:
        """Release all resources. Later calls raise ``Unavailable``."""
