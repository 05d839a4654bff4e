"""The ports: what the hub needs from the outside, each with its full contract. Adapters implement, nothing above
them knows which."""

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
Positions = Mapping[tuple[str, int], int]
Plain = dict[str, Any]
"""A record in the clear: the shape of its kind's Avro schema. Lives in memory only, never on a topic, in a table or
a log line (P5)."""


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
    """A topic as declared: its name, partition count, and whether only the newest record of a key is kept.

    ``configs`` is what a broker is told about it besides, by Kafka's names; an embedded log has no use for them.
    """

    name: str
    partitions: int
    compacted: bool = False
    configs: Mapping[str, str] = MappingProxyType({})


class Difference(NamedTuple):
    """Something about a topic that is not as declared. ``what`` is ``partitions``, ``replication`` or a config's
    name."""

    topic: str
    what: str
    found: str
    wanted: str


class Grant(NamedTuple):
    """What a principal may do on a broker: ``operation`` on the ``resource`` (topic, group or transactional_id) called
    ``name``, or on all whose names begin so."""

    principal: str
    operation: str
    resource: str
    name: str
    prefix: bool


class LogRecord(Protocol):
    """A committed record. ``timestamp`` is milliseconds since the epoch, as its producer gave it.
    ``kafka.ConsumerRecord`` fits as it is."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...


class Batch(NamedTuple):
    """Committed records of one partition, offsets ascending (gaps are allowed: Kafka has control records)."""

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
    """The one live holder of a writer id; opening the id again elsewhere fences this one."""

    def commit(self, outgoing: Sequence[Outgoing]) -> None:
        """Append all or nothing, durable on return, in the order given within a partition.

        Raises ``Fenced`` when a newer writer has the id: nothing was appended, and this writer is dead.
        Raises ``Unavailable`` when the outcome is unknown (a crash or time-out between append and answer): the caller
        reads what is durable before it decides, and never assumes "not written".
        """

    def close(self) -> None: ...


class Member(Protocol):
    """One consumer of a group, and the transaction that moves it. Not shared between threads.

    The loop is ``poll`` → transform → ``commit``. Whoever dies in between leaves nothing behind: uncommitted output is
    invisible for ever, and the next member polls the same records again.
    """

    def assigned(self) -> frozenset[tuple[str, int]]:
        """The (topic, partition) pairs that this member owns since its last ``poll``."""

    def poll(self, records_max: int, timeout_s: float) -> list[Batch]:
        """The next committed records after those already polled, at most ``records_max`` in all; empty after
        ``timeout_s``.

        Partitions may be taken away at any time, but a ``commit`` of what was polled before is then refused. Raises
        ``Fenced`` when another has joined by this member's name (close it and join again), ``Reassigned`` when
        partitions were taken away, or may have been, with uncommitted records. Whatever it raises, the member has gone
        back to what is durable.
        """

    def commit(self, outgoing: Sequence[Outgoing], positions: Positions | None = None) -> None:
        """Append ``outgoing`` and move the group past everything polled, in one transaction (P2); with ``positions``,
        only up to them: the rest stays polled and not committed.

        Raises ``Reassigned`` (lost the partitions; nothing appended), ``Fenced`` (replaced by another of this name;
        nothing appended) or ``Unavailable`` (outcome unknown). In all cases the member has already gone back to what
        is durable: forget the batch and ``poll`` again.
        """

    def rewind(self) -> None:
        """Forget what was polled and not committed; the next ``poll`` starts at what is durable."""

    def close(self) -> None: ...


class RecordLog(Protocol):
    """An append-only log of topics and partitions; its unit is a batch of raw bytes.

    Durability: what a returned ``commit`` appended survives the process and the machine's loss of power.
    Order: offsets within a partition ascend in commit order; records of one key are in one partition.
    Isolation: readers see committed records only, and never a part of a transaction.
    A crash between two lines leaves either the whole transaction or none of it. The caller retries, the log never does.
    Thread-safe, except for its ``Writer`` and ``Member`` objects, which belong to one thread each.
    """

    def create(self, topics: Sequence[TopicSpec]) -> list[str]:
        """Create those that are missing and return their names. Raises ``Misconfigured`` if one exists with other
        partitions."""

    def topics(self) -> dict[str, int]:
        """Topic name → partition count."""

    def bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        """Partition → (first offset kept, offset after the last committed record)."""

    def scan(self, topic: str, partition: int, start: int = 0, stop: int | None = None) -> Iterator[Batch]:
        """Committed records with ``start <= offset < stop``; without ``stop``, up to the end as it was at the call.
        Constant memory."""

    def read(self, topic: str, partition: int, offset: int) -> LogRecord | None:
        """The committed record at one place; ``None`` when there is none."""

    def offset_at(self, topic: str, partition: int, timestamp_ms: int) -> int:
        """The first offset whose record has ``timestamp >= timestamp_ms``, or the end."""

    def committed(self, group: str) -> dict[tuple[str, int], int]:
        """Where a group would go on: (topic, partition) → next offset. Partitions never committed are left out."""

    def reset(self, group: str, positions: Positions) -> None:
        """Set where a group goes on. Only while it has no members."""

    def writer(self, writer_id: str) -> Writer:
        """Take over ``writer_id``. What an earlier holder left uncommitted is aborted before this returns."""

    def join(
        self,
        group: str,
        topics: Sequence[str],
        member: str,
        positions: Callable[[frozenset[tuple[str, int]]], Positions] | None = None,
    ) -> Member:
        """Join a group as ``member`` (a name that stays the same over restarts).

        ``positions`` is for projections, which keep their offsets in their own database: asked on every new
        assignment and ``rewind``, it says where each partition starts (0 where it says nothing); such members never
        call ``commit``.
        """

    def close(self) -> None: ...


# ---- sources and sinks ---------------------------------------------------------------------------------------------

Cursor = Mapping[str, Any]
"""Where a source's feed goes on: a small JSON object, opaque to everything but its source."""


class Fault(NamedTuple):
    """Why a row could not become a record: a published code, and the field's dotted path. Never a value."""

    code: str
    field: str = ""


NAMELESS = "sha256:"
"""A row whose own key cannot be read goes by this and the digest of its bytes, so that the same bytes are the same
row."""


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

    ``complete_since``: the source was written anew as a whole; everything that it still has has at least this
    version, and has been returned. A row with a lower one that did not come again has gone.
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
    """What a source says it changed on one day: for ``hub reconcile``."""

    day: date
    keys: frozenset[str]


class Source(Protocol):
    """A government system. Every call has a time-out; raises ``Unavailable`` for anything that time may mend,
    ``Misconfigured`` for what
    only the operator can. A call that returned can be made again: reading changes nothing at the source."""

    def fetch(self, cursor: Cursor | None) -> Page:
        """The page after ``cursor`` (``None``: from the beginning). Empty rows and ``more=False`` when there is
        nothing new."""

    def look_up(self, query: LookupQuery) -> Page:
        """All current records that answer ``query``, as a page whose cursor is ignored; empty when there are none."""

    def day(self, day: date) -> DayCount: ...

    def close(self) -> None: ...


# ---- state ---------------------------------------------------------------------------------------------------------


class Store(Protocol):
    """The projections' database. ``write`` is one transaction: commit on leaving, roll back on any exception.

    Raises ``Unavailable`` when the database is away; the transaction then had no effect or its outcome is found by
    reading.
    """

    def write(self) -> "AbstractContextManager[Connection]": ...
    def read(self) -> "AbstractContextManager[Connection]": ...
    def close(self) -> None: ...


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
    """Signs with one key. ``key_id`` names it to verifiers."""

    @property
    def key_id(self) -> str: ...
    def sign(self, message: bytes) -> bytes: ...


class Verifier(Protocol):
    """Checks signatures by key id. Raises ``TamperDetected`` when one does not hold, ``Misconfigured`` for an
    unknown key."""

    def verify(self, key_id: str, message: bytes, signature: bytes) -> None: ...
