"""The event of a warning. Fields as in schemas/connection/warned.v1.avsc."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from hub.cases.events import Deciding
from hub.topics.declared import CONNECTION_EVENTS

WARNING = "warning"
"""The kind of a piece that tells a sink of a warning or an escalation."""


class Level(StrEnum):
    """Before the last day, or after it."""

    BEFORE = "BEFORE"
    AFTER = "AFTER"


class About(StrEnum):
    """What the last day is of: the segment that runs, the total of the segments, the whole process, or the follow-up of
    a bad rating."""

    SEGMENT = "SEGMENT"
    TOTAL = "TOTAL"
    WHOLE = "WHOLE"
    FOLLOW_UP = "FOLLOW_UP"


@dataclass(frozen=True, kw_only=True)
class Warned(Deciding):
    """The last day of a limit is near (``BEFORE``), or over (``AFTER``). ``nth`` counts the warnings of the case from
    1; ``working_days``: those that are left, or over. ``recipients``: names in the settings, never a person's. Its
    pieces tell the sinks."""

    SCHEMA = "connection.warned"
    TOPIC = CONNECTION_EVENTS
    nth: int
    level: str
    about: str
    segment: str
    due_on: date
    working_days: int
    provisional: bool
    recipients: tuple[str, ...]
