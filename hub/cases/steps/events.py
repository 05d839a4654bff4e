"""The events about steps. Fields as in schemas/connection/."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from hub.cases.events import Event
from hub.cases.steps.facts import Action, Fact, Kind
from hub.topics.declared import CONNECTION_EVENTS


class Sort(StrEnum):
    """Whose number of a case it is."""

    HUB = "HUB"
    """The hub's number at one sink."""
    UTILITY = "UTILITY"


class CaseNumber(NamedTuple):
    """A number of a case, by its opaque id."""

    number_id: bytes
    sort: str


@dataclass(frozen=True, kw_only=True)
class Numbered(Event):
    """Numbers by which steps of the case are found."""

    SCHEMA = "connection.numbered"
    TOPIC = CONNECTION_EVENTS
    NESTED: ClassVar[Mapping[str, Any]] = {"numbers": CaseNumber}
    numbers: tuple[CaseNumber, ...]


@dataclass(frozen=True, kw_only=True)
class Stepped(Event):
    """The utility reported a step: the fields of ``Fact``, and where its record is. Whether a clock counts it follows
    from all facts of the case, and is not said here."""

    SCHEMA = "connection.stepped"
    TOPIC = CONNECTION_EVENTS
    record_id: bytes
    reading: int
    topic: str
    partition: int
    offset: int
    source: str
    event: bytes
    segment: str
    action: str
    step_occurred_at_ms: int
    step_received_at_ms: int
    step_requested_at_ms: int | None = None
    step_recorded_at_ms: int | None = None
    amends: bytes | None = None
    explained: bool = False
    approved: bool = False
    becomes_type: str | None = None
    becomes_starred: bool | None = None
    becomes_voltage: str | None = None
    said: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Requested(Event):
    """The customer asked the hub for ``segment``. ``refused``: the code that the answer had, by what was known then.
    Whether it opened the segment follows from all facts of the case, and is not said here."""

    SCHEMA = "connection.requested"
    TOPIC = CONNECTION_EVENTS
    segment: str
    asked_at_ms: int
    refused: str = ""


@dataclass(frozen=True, kw_only=True)
class Disputed(Event):
    """Numbers that the case has and another one too: they are of neither. ``records``: steps of the case that named no
    other number of it; they are of no case now."""

    SCHEMA = "connection.disputed"
    TOPIC = CONNECTION_EVENTS
    NESTED: ClassVar[Mapping[str, Any]] = {"numbers": CaseNumber}
    numbers: tuple[CaseNumber, ...]
    records: tuple[bytes, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reapplied(Event):
    """Two applications for the same site, holder and capacity, of which the earlier one was not accepted or was
    terminated. The event belongs to one of them. The time of both began with ``first_id``."""

    SCHEMA = "connection.reapplied"
    TOPIC = CONNECTION_EVENTS
    first_id: bytes
    later_id: bytes


@dataclass(frozen=True, kw_only=True)
class Separated(Event):
    """``later_id`` was linked to ``first_id``, and continues no earlier application after all: that one was not given
    up."""

    SCHEMA = "connection.separated"
    TOPIC = CONNECTION_EVENTS
    first_id: bytes
    later_id: bytes


def fact_of(event: Stepped) -> Fact:
    """What an event says, as the judge reads it."""
    becomes = None if event.becomes_type is None else Kind(event.becomes_type, bool(event.becomes_starred))
    return Fact(
        record_id=event.record_id,
        event=event.event,
        segment=event.segment,
        action=Action(event.action),
        occurred_ms=event.step_occurred_at_ms,
        received_ms=event.step_received_at_ms,
        requested_ms=event.step_requested_at_ms,
        recorded_ms=event.step_recorded_at_ms,
        amends=event.amends,
        explained=event.explained,
        approved=event.approved,
        becomes=becomes,
        becomes_voltage=event.becomes_voltage,
        said=event.said,
    )
