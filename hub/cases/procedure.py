"""A procedure: one kind of case, as a list of its parts. A new procedure is a folder with the same file names and its
schemas; bootstrap, rebuild, relay, delivery and the commands use every registered one.

    heard, due or asked for ──► gather (reads facts) ──► decide (pure) ──► seal ──► project (tables) + outbox
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Table, select

from hub.cases import tables
from hub.cases.case import Case
from hub.cases.events import COMMON, Entry, Event, EventTypes, Piece
from hub.errors import Misconfigured
from hub.ports import Fault
from hub.privacy.names import Names
from hub.privacy.opening import Opened
from hub.privacy.purposes import Permits, Purposes, permitted
from hub.records.authorities import Authorities, shipped
from hub.topics.places import Reads

GROUP = "hub.procedures"
"""Entry-point group: each entry is a ``Procedure``."""


# ---- what a procedure hears ----------------------------------------------------------------------------------------


class Verified(NamedTuple):
    """A record was verified, or a new reading of one. ``ids``: every opaque id that it can be found by; ``subjects``:
    the people and enterprises in it. ``new``: it was not verified before. ``reading``: how often it was mapped again. A
    report from outside (a step, a permit's result) is a record too."""

    record_id: bytes
    kind: str
    ids: frozenset[bytes]
    subjects: frozenset[bytes] = frozenset()
    new: bool = True
    reading: int = 0


class Rejected(NamedTuple):
    """A record was rejected. ``ids`` is empty when it could not be read."""

    record_id: bytes
    kind: str
    ids: frozenset[bytes]


class Answered(NamedTuple):
    """A source answered a question; fields as in schemas/lookup/answer.v1.avsc."""

    case_id: bytes
    request_id: bytes
    outcome: str
    retry_after_s: float | None
    reason: str = ""


class Delivered(NamedTuple):
    """A sink acknowledged the registration of a case: it has a number for it now."""

    case_id: bytes


class Restored(NamedTuple):
    """The tables were rebuilt from the topics: no case has heard of what arrived during the rebuild."""


Heard = Verified | Rejected | Answered | Delivered | Restored
Command = Any
"""What a case must do. Each procedure has its own types; every procedure accepts ``Withdraw`` and ``PutOff``."""


@dataclass(frozen=True, slots=True)
class Hears:
    """What a procedure reacts to. ``commands`` says which case must do what (case's id → command); it is called before
    anything is locked. Commands for cases of other procedures are ignored."""

    types: frozenset[type[Heard]]
    commands: Callable[[Connection, Sequence[Heard]], Mapping[bytes, Command]]


@dataclass(frozen=True, slots=True)
class Due:
    """A procedure's timers. ``waits(connection, moment)``: whether any is due. ``take(connection, moment, most)``: at
    most ``most`` that are due, with their cases locked; cases that another transaction holds are left out."""

    waits: Callable[[Connection, "Moment"], bool]
    take: Callable[[Connection, "Moment", int], Sequence[tuple[Case, Command]]]


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Delivery found that the record of this piece may not be delivered any more. ``reason`` is a code of
    ``hub.cases.reasons``."""

    piece: int
    reason: str


@dataclass(frozen=True, slots=True)
class PutOff:
    """Deciding about this case failed: what is due is tried again after so many seconds."""

    seconds: float


# ---- what it is given, and what it returns -------------------------------------------------------------------------


class Opens(Protocol):
    """Opens records, and values that were sealed under subjects' keys."""

    def open(self, values: Sequence[bytes | None]) -> list[Opened]:
        """Open each value of a topic, in order."""

    def open_values(self, sealed: Sequence[tuple[bytes, bytes]]) -> list[bytes | Fault]:
        """Open each (subject's opaque id, sealed value), in order: the value, or a ``Fault`` (ERASED, KEY_DAMAGED,
        SEAL_BROKEN)."""


@dataclass(frozen=True, slots=True)
class LookupSource:
    """A source that can be asked about one holder or thing: its connector's name, the kind of its records, and the
    identifiers that it can be asked by (uscc, resident-id, unit-no, address, title-no). ``ticket``: each question needs
    a ticket of the identity service."""

    name: str
    kind: str
    by: frozenset[str]
    ticket: bool = False


@dataclass(frozen=True, slots=True)
class SinkInfo:
    """A sink by its connector's name, and the patterns ``procedure:kind`` of the pieces that it accepts. ``authority``:
    whose system it is."""

    name: str
    accepts: tuple[str, ...]
    authority: str = ""

    def takes(self, procedure: str, kind: str) -> bool:
        """Whether it accepts pieces of this kind of this procedure."""
        return any(fnmatchcase(f"{procedure}:{kind}", pattern) for pattern in self.accepts)


@dataclass(frozen=True, slots=True)
class Given:
    """What a procedure may read facts from. ``sinks`` are those of the settings, and a case opens with them; ``absent``
    are installed and not in the settings now. A case that was opened with one of these still decides pieces for it:
    they wait until it is there again (P1)."""

    log: Reads
    opener: Opens
    purposes: Purposes
    sources: tuple[LookupSource, ...] = ()
    sinks: tuple[SinkInfo, ...] = ()
    absent: tuple[SinkInfo, ...] = ()
    authorities: Authorities = field(default_factory=shipped)
    permits: Permits = permitted
    names: Names | None = None
    """The names of what a utility reports; only where it reports anything."""


class Moment(NamedTuple):
    """The moment of a decision: business time (aware, UTC), and process time in ms for timers."""

    now: datetime
    process_ms: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question to a source, decided by a case and sealed by the journal. ``value`` is an identifier of the type
    ``by``: uscc, resident-id, unit-no, address or title-no. ``attempt`` counts from 1; ``ticket`` is a ticket of the
    identity service that the question rests on."""

    request_id: bytes
    source: str
    by: str
    value: str
    business_number: str
    service_item: str
    purpose: str
    legal_basis: str
    attempt: int
    ticket: str | None = None


class Refusal(NamedTuple):
    """Why a command was not carried out: a published code, the field, and the clause of the policy that says so."""

    code: str
    field: str = ""
    clause: str = ""


Decision = Sequence[Event | Question] | Refusal
Work = tuple[Case, Command]
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sending:
    """What a body is made from: a piece of a case (not locked). For a piece about a record also the opened record, when
    it was verified (business time, ms) and the reference that the sink knows it by. ``refer`` gives the reference of
    any record."""

    case: Case
    piece: Piece
    opened: Opened | None = None
    judged_ms: int = 0
    reference: str = ""
    refer: Callable[[bytes], str] = bytes.hex


class MustNotSend(Exception):
    """The hub must not send this piece, now or later. ``reason`` is a code of ``hub.cases.reasons``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WillNotDo(Exception):
    """The record of this piece may not be delivered any more; the case looks for another one. ``reason`` is a code of
    ``hub.cases.reasons``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


MakeBody = Callable[[Given, Connection, Sending, Moment], Body]
"""Makes the body for a sink: JSON values, without any id, key or exact time of a topic (P5). Raises ``MustNotSend`` or
``WillNotDo``."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """One kind of case.

    ``gather`` reads the facts for all work of a transaction at once, under the cases' locks, and returns them in the
    order of the work. ``decide`` is pure. ``project`` writes what its events say into ``tables``, in their order; the
    running hub and ``hub rebuild`` call the same function. ``sinks`` maps a pattern of kinds to the function that makes
    the bodies of such pieces.
    """

    name: str
    events: tuple[type[Event], ...]
    hears: Hears
    due: Due
    gather: Callable[[Given, Connection, Sequence[Work], Moment], Sequence[Any]]
    decide: Callable[[Case, Command, Any, Any, Moment], Decision]
    project: Callable[[Connection, Sequence[Entry]], None]
    tables: tuple[Table, ...]
    sinks: Mapping[str, MakeBody]

    def maker(self, kind: str) -> MakeBody:
        """The function that makes bodies of this kind: that of the first pattern that matches. Raises ``Misconfigured``
        when none does."""
        for pattern, make in self.sinks.items():
            if fnmatchcase(kind, pattern):
                return make
        raise Misconfigured(f"{self.name} makes no body for {kind}", "correct `accepts` of the sink that asks for it")


class Procedures:
    """The procedures of an installation, in the order of names, with the event types of all of them (``types``)."""

    def __init__(self, procedures: Iterable[Procedure]) -> None:
        self._by_name = {one.name: one for one in procedures}
        self._owners = {event: one for one in self for event in one.events}
        self.types = EventTypes((*COMMON, *self._owners))

    def __iter__(self) -> Iterator[Procedure]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Procedure:
        """The procedure of that name. Raises ``Misconfigured`` when it is not installed."""
        if name not in self._by_name:
            raise Misconfigured(f"no procedure {name!r} is installed", f"installed: {', '.join(self._by_name)}")
        return self._by_name[name]

    def owner(self, event: type[Event]) -> Procedure | None:
        """The procedure that an event type belongs to; ``None`` for one that is common to all."""
        return self._owners.get(event)

    def check(self, connection: Connection) -> None:
        """Raise ``Misconfigured`` when there are cases of a procedure that is not installed."""
        found = connection.execute(select(tables.case.c.procedure).distinct()).scalars()
        if missing := sorted(set(found) - set(self._by_name)):
            raise Misconfigured(
                f"there are cases of procedures that are not installed: {', '.join(missing)}",
                "install their packages again: without them these cases do not continue and cannot be rebuilt",
            )

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table that cases are projected into, once; a table comes after those that it refers to. Procedures may
        share one, such as the needs of ``hub.cases.evidence``."""
        return tuple(dict.fromkeys((*tables.TABLES, *(table for one in self for table in one.tables))))


@cache
def installed() -> Procedures:
    """Every procedure of the entry-point group ``hub.procedures``, in the order of names. Raises ``Misconfigured`` for
    one that cannot be loaded."""
    entries = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    return Procedures([_load(entry) for entry in entries])


def _load(entry: EntryPoint) -> Procedure:
    try:
        found = entry.load()
    except (ImportError, AttributeError) as error:
        where = f"procedure {entry.name} ({entry.value})"
        raise Misconfigured(f"{where} cannot be loaded: {error}", "install its package again, or remove it") from None
    assert isinstance(found, Procedure), f"{entry.value} is no procedure"
    return found
