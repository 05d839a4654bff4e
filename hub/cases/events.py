"""Events of cases: one Avro record and one frozen dataclass for each event type, distinguished by schema id.

An event says what happened. Its ``Entry`` says to which case, with which number, who asked for it, when it happened
and when it was written. The types here belong to every procedure; each procedure adds its own.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from hub.cases.by import By
from hub.codec import wire
from hub.codec.catalogue import catalogue, schema_id
from hub.errors import RecordRejected
from hub.stores import outbox
from hub.topics import cloudevents
from hub.topics.declared import CALENDAR_EVENTS, DELIVERY_EVENTS

REGISTRATION = "registration"


class Relation(StrEnum):
    """How a record's holder relates to the applicant."""

    SELF = "SELF"
    CO_OWNER = "CO_OWNER"
    OTHER = "OTHER"
    NONE = "NONE"


class ToSeal(NamedTuple):
    """A value that the journal seals under the case's subject before it is written (P5)."""

    plaintext: bytes


class Piece(NamedTuple):
    """One piece for one sink, as it was decided.

    ``piece`` is its number in the case, from 0; ``after`` the number of the piece that must be acknowledged first. A
    piece about a record has ``record_id`` (opaque), ``reading`` and the record's place on its topic; a registration has
    none of them.

    A sink knows a piece by its case, ``kind``, ``record_id`` and ``reading``: what is decided twice under the same ones
    has its effect once (P2). So a second piece without a record needs a kind of its own.
    """

    piece: int
    sink: str
    kind: str
    after: int | None = None
    record_id: bytes | None = None
    reading: int = 0
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    holder_relation: str = Relation.NONE


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all event types. ``SCHEMA`` is the name of the Avro record, ``TOPIC`` the topic that the event is written
    to, ``NESTED`` maps a field that is a list to the type of its items."""

    SCHEMA: ClassVar[str]
    TOPIC: ClassVar[str]
    NESTED: ClassVar[Mapping[str, Any]] = {}


@dataclass(frozen=True, kw_only=True)
class Opening(Event):
    """An event that opens a case. The case's values are sealed under the key of ``subject_id``. ``sinks`` are those
    that exist now; a sink that is added later gets nothing of this case."""

    subject_id: bytes
    sinks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Deciding(Event):
    """An event that decides pieces: one for each sink that accepts it."""

    NESTED: ClassVar[Mapping[str, Any]] = {"pieces": Piece}
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Withdrawing(Event):
    """An event that withdraws pieces, by their numbers, before they were delivered."""

    withdrawn: tuple[int, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class Ending(Event):
    """An event that ends the delivery of a piece. ``attempts`` counts from 1."""

    TOPIC = DELIVERY_EVENTS
    piece: int
    sink: str
    attempts: int


@dataclass(frozen=True, kw_only=True)
class Acknowledged(Ending):
    """The sink has the piece. ``found``: ``Sink.find`` found it, it was not pushed again. The receipt is sealed JSON:
    ``number`` and ``received_at``."""

    SCHEMA = "delivery.acknowledged"
    found: bool
    sealed_receipt: bytes | ToSeal


@dataclass(frozen=True, kw_only=True)
class Refused(Ending):
    """The sink refused the piece. It is not sent again unless an operator releases it. ``reason`` is the sink's code;
    the sink's words are sealed."""

    SCHEMA = "delivery.refused"
    reason: str
    sealed_reason: bytes | ToSeal


@dataclass(frozen=True, kw_only=True)
class Stopped(Ending):
    """The hub must not send the piece. ``reason`` is a code of ``hub.cases.reasons``."""

    SCHEMA = "delivery.stopped"
    reason: str


@dataclass(frozen=True, kw_only=True)
class Held(Event):
    """An operator held the deliveries of the case. Its time limit continues."""

    SCHEMA = "delivery.held"
    TOPIC = DELIVERY_EVENTS


@dataclass(frozen=True, kw_only=True)
class Released(Event):
    """An operator released the deliveries. Refused and stopped pieces are pending again; ``Sink.find`` is called before
    they are pushed."""

    SCHEMA = "delivery.released"
    TOPIC = DELIVERY_EVENTS


@dataclass(frozen=True, kw_only=True)
class CalendarImported(Event):
    """A notice about the working days of a year was imported. It belongs to no case: ``case_id`` of its entry is made
    from the file's digest, and its number is 1. ``edition`` counts the imports from 1. ``changed_from`` and
    ``changed_to``: the days between which it changed what was known."""

    SCHEMA = "calendar.imported"
    TOPIC = CALENDAR_EVENTS
    edition: int
    version: str
    year: int
    source: str
    digest: str
    days_off: tuple[date, ...]
    make_up_days: tuple[date, ...]
    changed_from: date | None
    changed_to: date | None


COMMON: tuple[type[Event], ...] = (Acknowledged, Refused, Stopped, Held, Released, CalendarImported)
"""The event types of every procedure."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An event of one case. ``number`` counts the case's events from 1, over all topics; times are in ms since the
    epoch (business time)."""

    case_id: bytes
    number: int
    by: By
    occurred_at_ms: int
    written_at_ms: int
    event: Event


def encode(entry: Entry) -> bytes:
    """The entry in wire format: envelope and fields of the event in one Avro record."""
    event = entry.event
    value = {
        "case_id": entry.case_id,
        "number": entry.number,
        "by": {"principal": entry.by.principal, "client": entry.by.client, "channel": entry.by.channel},
        "occurred_at_ms": entry.occurred_at_ms,
        "written_at_ms": entry.written_at_ms,
    }
    for name in _names(type(event)):
        found = getattr(event, name)
        value[name] = [one._asdict() for one in found] if name in event.NESTED else found
    return wire.encode(schema_id(event.SCHEMA), value)


def message(entry: Entry) -> outbox.Message:
    """The entry as a message of its topic. The key is the case's id."""
    moment = datetime.fromtimestamp(entry.occurred_at_ms / 1000, UTC)
    told = headers(f"{entry.case_id.hex()}-{entry.number}", entry.event.SCHEMA, moment)
    return outbox.Message(entry.event.TOPIC, entry.case_id, encode(entry), told, entry.occurred_at_ms)


def headers(event_id: str, name: str, moment: datetime) -> dict[str, str]:
    """The CloudEvents headers of a message that cases put into the outbox; ``name`` is the schema's."""
    return {key: value.decode() for key, value in cloudevents.headers(event_id, name, "/cases", moment)}


class EventTypes:
    """The event types that an installation knows, by the schema ids of all their versions. A field that a former
    version does not have gets its default."""

    def __init__(self, types: Iterable[type[Event]]) -> None:
        self._types = tuple(types)
        self._by_id = {schema.id: one for one in self._types for schema in catalogue().versions(one.SCHEMA)}

    def __iter__(self) -> Iterator[type[Event]]:
        return iter(self._types)

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic that events are written to, in alphabetical order."""
        return tuple(sorted({one.TOPIC for one in self._types}))

    def read(self, value: bytes) -> Entry:
        """The entry in the value of a message. Raises ``RecordRejected``: with SCHEMA_UNKNOWN for a type that is not
        registered here, with another code for bytes that are no event."""
        found_id, found = wire.decode(value)
        kind = self._by_id.get(found_id)
        if kind is None:
            raise RecordRejected("SCHEMA_UNKNOWN", detail=str(found_id))
        event = kind(**{name: _typed(kind, name, found[name]) for name in _names(kind) if name in found})
        envelope = {name: found[name] for name in ("case_id", "number", "occurred_at_ms", "written_at_ms")}
        return Entry(by=By(**found["by"]), event=event, **envelope)


def _typed(kind: type[Event], name: str, value: Any) -> Any:
    if name in kind.NESTED:
        return tuple(kind.NESTED[name](**one) for one in value)
    return tuple(value) if isinstance(value, list) else value


def _names(kind: type[Event]) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))
