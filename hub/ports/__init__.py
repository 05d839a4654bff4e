"""The ports: what the hub needs from the outside, each with its full contract. Adapters implement them. The code above
does not know which adapter it uses."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Connection

from hub.ports.sinks import Address as Address
from hub.ports.sinks import Receipt as Receipt
from hub.ports.sinks import Refused as Refused
from hub.ports.sinks import Sink as Sink

Headers = Sequence[tuple[str, bytes]]
"""(Name, value) in order. A name may occur more than once."""
Positions = Mapping[tuple[str, int], int]
"""(Topic, partition) → the next offset to read."""
Plain = dict[str, Any]
"""A record that is not sealed, in the shape of its kind's Avro schema. It exists in memory only, never on a topic, in a
table or in a log line (P5)."""


class Clock(Protocol):
    """The only reader of time, and it has two of them.

    Business time is what happened when: events, verdicts, days that a law counts. A demonstration may run it faster.
    Process time is what machines wait by: leases, back-off, time-outs, nonces, next attempts, reports of progress.
    Nothing changes it. A value of one is never compared with a value of the other (ADR 0020). Safe for use by several
    threads.
    """

    def now(self) -> datetime:
        """Business time: aware, UTC."""

    def now_ms(self) -> int:
        """Business time: milliseconds since the epoch."""

    def process_ms(self) -> int:
        """Process time that all processes of an installation share: milliseconds since the epoch. May step by
        milliseconds when it is adjusted."""

    def monotonic_s(self) -> float:
        """Process time of this process alone: seconds since any moment. Only ever grows."""


# ---- the log -------------------------------------------------------------------------------------------------------


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
        """Append all records or none, durable on return. Within a partition the order is kept as given.

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
        After any of them the member has gone back to the durable positions.
        """

    def commit(self, outgoing: Sequence[Outgoing], positions: Positions | None = None) -> None:
        """Append ``outgoing`` and move the group past all polled records, in one transaction (P2). With ``positions``,
        move it only up to them; the rest stays polled and uncommitted.

        Raises ``Reassigned`` (the partitions were taken away; nothing appended), ``Fenced`` (replaced by another member
        of this name; nothing appended) or ``Unavailable`` (outcome unknown). In all cases the member has already gone
        back to the durable positions: drop the batch and ``poll`` again.
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


# ---- sources and sinks ---------------------------------------------------------------------------------------------

Cursor = Mapping[str, Any]
"""Where a source's feed continues: a small JSON object that only the source understands."""


class Fault(NamedTuple):
    """Why a row could not become a record: a published code, and the field's dotted path. Never a value."""

    code: str
    field: str = ""


NAMELESS = "sha256:"
"""Prefix of the key of a row whose own key cannot be read: the SHA-256 of its bytes follows. Same bytes, same key."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row as a source gave it.

    ``key`` and ``version`` name it at the source (the version only ever grows: a time in ms, or a sequence).
    ``revision`` is the source's own order between contents of one version, 0 where it gives none.
    ``raw`` is the row's content, byte for byte as the source signed or sent it, without the transport's envelope: the
    same content has the same bytes, however it was read. ``proof`` is what is needed to check its signature later
    (b"" if none).
    ``record`` is the mapped plain record, or ``None`` with the ``faults`` that say why not.
    ``reading`` counts how often the original was mapped again (0: as it was first read); ``read_at_ms`` is when the
    hub read it, in ms since the epoch (``None``: with this page). ``vanished``: the source did not send this row, the
    hub found that the source has it no more.
    """

    key: str
    version: int
    raw: bytes
    record: Plain | None
    faults: tuple[Fault, ...] = ()
    proof: bytes = b""
    revision: int = 0
    reading: int = 0
    read_at_ms: int | None = None
    vanished: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the source's order, the cursor after them, and whether the source has more right now.

    ``complete_since``: the owner has written the whole source again. All rows that it still has have at least this
    version, and all of them were returned. A row that was seen with a lower version only was deleted.
    """

    rows: Sequence[SourceRow]
    cursor: Cursor
    more: bool
    complete_since: int | None = None


@dataclass(frozen=True, slots=True)
class LookupQuery:
    """One question about one holder or thing. ``by`` is uscc | resident-id | unit-no | address | title-no; a
    question without purpose is refused (domain.md §3)."""

    by: str
    value: str
    purpose: str
    legal_basis: str


@dataclass(frozen=True, slots=True)
class DayCount:
    """What a source says it changed on one day (Beijing time), for ``hub reconcile``. ``keys`` are "KEY#VERSION" of
    each row, as in ``SourceRow``. They may hold identifiers: personal (P5)."""

    day: date
    keys: frozenset[str]


class Source(Protocol):
    """A government system that gives records. Thread-safe: the feed and look-ups call it at the same time.

    Each call has a time-out, and raises ``Unavailable`` for an error that may pass with time, ``Misconfigured`` for one
    that only the operator can correct. A call can be repeated: reading changes nothing at the source.
    """

    def fetch(self, cursor: Cursor | None) -> Page:
        """The page after ``cursor`` (``None``: from the beginning). Without rows and with ``more=False`` when there is
        nothing new. The same cursor gives the same rows again, as long as the source does not change."""

    def look_up(self, query: LookupQuery) -> Page:
        """All current records that answer ``query``, as a page whose cursor is ignored; no rows when there are none.

        Raises ``RecordRejected`` when the source cannot be asked like this (PURPOSE_MISSING, LOOKUP_UNSUPPORTED).
        """

    def day(self, day: date) -> DayCount:
        """The rows that the source changed on ``day``, from midnight to midnight Beijing time, by its own account.

        It does not depend on the feed's cursor. An empty set when nothing changed.
        """

    def close(self) -> None:
        """Release connections. Running calls may fail with ``Unavailable``."""


# ---- state ---------------------------------------------------------------------------------------------------------


class Store(Protocol):
    """The database of the projections, the outbox and the hub's own state. Thread-safe.

    ``write`` and ``read`` are context managers. They raise ``Misconfigured`` when a table is missing (not migrated).
    """

    def write(self) -> "AbstractContextManager[Connection]":
        """One transaction: committed when the block ends, rolled back when it raises. Durable after the block.

        Writers may run at the same time (on SQLite one after the other): the caller locks the rows that it decides
        about, in the order of their keys. It must not open a second ``write`` inside the block: that waits for itself.
        Raises ``Unavailable`` when the database is away. If that happens at the commit, the outcome is unknown: the
        caller finds it by reading, because all it writes has ids computed from what it is about (P2).
        """

    def read(self) -> "AbstractContextManager[Connection]":
        """One snapshot: all queries in the block see the same moment. Writing in it is an error.

        It does not wait for writers, and writers do not wait for it. Raises ``Unavailable`` when the database is away.
        """

    def close(self) -> None:
        """Close the connections. Blocks that are open must have ended."""


class KeyVault(Protocol):
    """Identities and data keys: the erasable state (P5). Calls take many at once, because one by one a cold backfill
    would crawl.

    Durable on return. Safe for concurrent use by threads and processes: two that meet the same new identity get the
    same id.
    """

    def identify(self, identities: Sequence[tuple[str, str]]) -> list[bytes]:
        """Identities, (namespace, normalised identifier) → their opaque 16-byte ids, made at random when new. Only a
        keyed HMAC is stored."""

    def find(self, identities: Sequence[tuple[str, str]]) -> list[bytes | None]:
        """As ``identify``, but never creates."""

    def keys(self, ids: Sequence[bytes]) -> list[bytes]:
        """Ids → 32-byte data keys, made when new. Raises ``RecordRejected`` ("ERASED") never: an erased id gets no
        key, see ``open_keys``."""

    def open_keys(self, ids: Sequence[bytes]) -> list[bytes | None]:
        """As ``keys``, but never creates; ``None`` for an id that is erased or unknown."""

    def erase(self, subject: bytes) -> bool:
        """Destroy the data key and every identity row of a subject; False if there was none."""

    def close(self) -> None: ...


class Signer(Protocol):
    """Signs with one private key. Thread-safe."""

    @property
    def key_id(self) -> str:
        """The name by which a ``Verifier`` finds the public key. It never changes its meaning."""

    def sign(self, message: bytes) -> bytes:
        """The signature over exactly these bytes. The key's algorithm decides its length.

        Raises ``Unavailable`` when the key is in a device or service that does not answer.
        """


class Verifier(Protocol):
    """Checks signatures with trusted public keys. Thread-safe."""

    def verify(self, key_id: str, message: bytes, signature: bytes) -> None:
        """Return when ``signature`` is valid for exactly these bytes under the key ``key_id``.

        Raises ``TamperDetected`` when it is not, whatever its length or content, and ``Misconfigured`` for a key that
        is not trusted. It never trusts a key that comes with the message.
        """
