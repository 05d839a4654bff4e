"""The port to the systems that the hub reads from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol, runtime_checkable

Plain = dict[str, Any]
"""A record that is not sealed, in the shape of its kind's Avro schema. It exists in memory only, never on a topic, in a
table or in a log line (P5)."""

Cursor = Mapping[str, Any]
"""Where a source's feed continues: a small JSON object that only the source understands."""


class Fault(NamedTuple):
    """Why a row could not become a record: a published code, and the field's dotted path. Never a value."""

    code: str
    field: str = ""


NAMELESS = "sha256:"
"""Prefix of the key of a row whose own key cannot be read: the SHA-256 of its bytes follows. Same bytes, same key."""

UNVERSIONED = 0
"""Version of a row whose own version cannot be read. With faults it says nothing about the order of the row's contents:
the row is news when its bytes are."""


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
    hub found that the source does not have it any more.
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
class Stored:
    """A row as the hub keeps it under seal: its name at the source, and its content byte for byte as it was read.

    ``operation`` is UPSERT or DELETE as the hub recorded it; UPSERT for a row that could not be read.
    """

    key: str
    version: int
    operation: str
    raw: bytes
    proof: bytes = b""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the source's order, the cursor after them, and whether the source has more right now.

    ``complete_since``: the owner has written the whole source again. All rows that it still has have at least this
    version, and all of them were returned. A row that was seen with a lower version only was deleted. The source says
    so again until the cursor moves past it.
    ``remark``: what a person should know although the feed runs, in words without a value of a row; "" for nothing.
    """

    rows: Sequence[SourceRow]
    cursor: Cursor
    more: bool
    complete_since: int | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class LookupQuery:
    """One question about one holder or thing. ``by`` is the type of ``value``: uscc, resident-id, unit-no, address or
    title-no. A question without purpose is refused (domain.md §3). ``legal_basis`` is a code of the purpose's table.

    Some sources bind their answer to ``service_item`` and ``business_number`` (the caller's own number of the matter),
    or want ``ticket``, a ticket of the identity service.
    """

    by: str
    value: str
    purpose: str
    legal_basis: str
    service_item: str = ""
    business_number: str = ""
    ticket: str | None = None


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
        ``more``: there are further records that this answer does not hold; it holds the newest.

        Raises ``RecordRejected`` when the source cannot be asked like this (PURPOSE_MISSING, LOOKUP_UNSUPPORTED).
        """

    def day(self, day: date) -> DayCount:
        """The rows that the source changed on ``day``, from midnight to midnight Beijing time, by its own account.

        It does not depend on the feed's cursor. An empty set when nothing changed.
        """

    def close(self) -> None:
        """Release connections. Running calls may fail with ``Unavailable``."""


@runtime_checkable
class Remaps(Protocol):
    """A source whose rows can be mapped again from what the hub keeps of them. Not every ``Source`` has it."""

    def remap(self, stored: Stored) -> SourceRow:
        """The row with the record, or the faults, that the mapping in force gives. Makes no call. ``key``, ``version``
        and ``raw`` are those of ``stored``."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Which rows to read again: those with one of ``keys``, or, where there are none, those that the source changed
    from ``since_ms`` to before ``until_ms`` (ms since the epoch, ``None``: without that end)."""

    keys: tuple[str, ...] = ()
    since_ms: int | None = None
    until_ms: int | None = None


@runtime_checkable
class Rereads(Protocol):
    """A source from which chosen rows can be read again. Not every ``Source`` has it."""

    def read(self, extent: Extent, cursor: Cursor | None) -> Page:
        """A page of the rows in ``extent``, as ``fetch`` gives them, after ``cursor`` (``None``: the first page). The
        cursor belongs to this reading alone. Raises as ``Source`` says; ``Misconfigured`` also for an extent
        that the source cannot be asked for."""


@runtime_checkable
class Takes(Protocol):
    """A source that sends rows to the hub by itself. Not every ``Source`` has it."""

    def take(self, items: Sequence[Any], proof: bytes) -> list[SourceRow]:
        """The rows in the items of one call (JSON values), in their order, as ``fetch`` gives them; one without a key
        is nameless. ``proof``: what shows that the source sent them. Makes no call."""


@dataclass(frozen=True, slots=True)
class FileQuery:
    """A call for the file of one licence: the key of its row at the source, and why it is wanted, as in
    ``LookupQuery``."""

    key: str
    purpose: str
    legal_basis: str
    service_item: str = ""
    business_number: str = ""


class Fetched(NamedTuple):
    """A file as a source gave it, and the SHA-256 (32 bytes) that the source states; ``None`` where it states none."""

    content: bytes
    sha256: bytes | None = None


@runtime_checkable
class Files(Protocol):
    """A source that gives the files of licences (OFD, PDF). Not every ``Source`` has it."""

    def file(self, query: FileQuery) -> Fetched | None:
        """The file of one row, unchecked; ``None`` when the source has none. Raises ``RecordRejected`` when the source
        says no, FILE_TOO_LARGE for one that was not read to its end, FILE_DIGEST for a digest that cannot be read; and
        as ``Source`` says."""


class RowVerdict(NamedTuple):
    """The hub's verdict on one version of a row, for the source. ``reason``: in words for people at the source, "" for
    a row that was accepted; never a value of the row."""

    key: str
    version: int
    accepted: bool
    reason: str = ""


@runtime_checkable
class Reports(Protocol):
    """A source that wants the verdicts back. Not every ``Source`` has it."""

    def report(self, verdicts: Sequence[RowVerdict]) -> None:
        """Write the verdicts back; durable on return. A second call with the same ones changes nothing. A row that the
        source has changed since that version is left alone. Raises ``Unavailable`` with any part of them written,
        ``Misconfigured`` for an error that only the operator can correct."""


@runtime_checkable
class Totals(Protocol):
    """A source that can count its rows. Not every ``Source`` has it."""

    def total(self) -> int | None:
        """The number of rows that the source has now; ``None`` where it does not say. One call."""
