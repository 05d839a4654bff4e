"""The events of a title that changed hands. Fields as in schemas/connection/."""

from dataclasses import dataclass
from datetime import date

from hub.cases.events import Deciding, Event
from hub.topics.declared import CONNECTION_EVENTS

HANDOVER = "handover"
"""The kind of a piece that tells a sink of an undeclared transfer, or takes that back. ``reading`` counts those of the
case from 1."""


@dataclass(frozen=True, kw_only=True)
class HandedOver(Event):
    """The title of the unit went to others after electricity was on there for a former holder. Until ``notice_on`` a
    joint transfer may still be declared."""

    SCHEMA = "connection.handed-over"
    TOPIC = CONNECTION_EVENTS
    record_id: bytes
    reading: int
    topic: str
    partition: int
    offset: int
    unit_id: bytes
    registered_on: date
    notice_on: date


@dataclass(frozen=True, kw_only=True)
class Undeclared(Deciding):
    """That day is over, and no transfer was declared: the pieces are notices to the utility."""

    SCHEMA = "connection.undeclared"
    TOPIC = CONNECTION_EVENTS
    registered_on: date
    nth: int


@dataclass(frozen=True, kw_only=True)
class Declared(Deciding):
    """A joint transfer of the unit was declared, ``transfer_id``. The pieces take back the notice, if there was one:
    they come after it. ``nth`` is ``None`` where there was none."""

    SCHEMA = "connection.declared"
    TOPIC = CONNECTION_EVENTS
    registered_on: date
    transfer_id: bytes
    nth: int | None


@dataclass(frozen=True, kw_only=True)
class HandedBack(Deciding):
    """The change of hands is in force no more: its title was cancelled or corrected. The pieces take back the notice,
    if there was one: they come after it; ``nth`` is ``None`` where there was none. ``reason`` to ``learned_ms`` as in a
    recall."""

    SCHEMA = "connection.handed-back"
    TOPIC = CONNECTION_EVENTS
    registered_on: date
    reason: str
    later_id: bytes
    changed_ms: int | None
    learned_ms: int
    nth: int | None


EVENTS: tuple[type[Event], ...] = (HandedOver, Undeclared, Declared, HandedBack)
