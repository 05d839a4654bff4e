"""The events of a recall. Fields as in schemas/connection/retracted.v2.avsc and recalled.v1.avsc."""

from dataclasses import dataclass

from hub.cases.events import Deciding
from hub.topics.declared import CONNECTION_EVENTS

WITHDRAWAL = "withdrawal"
"""The kind of a piece that takes back evidence which a sink has. ``after`` and ``reading`` are the number of that
piece."""
RECALL = "recall"
"""The kind of a piece that tells a sink, after the end of a case, that the record behind its evidence has changed.
``reading`` counts those of the case from 1."""


@dataclass(frozen=True, kw_only=True)
class Retracted(Deciding):
    """The record that has met a need is not in force any more: its pieces take it back from the sinks that have it. The
    evidence is looked for again from ``next_ask_ms`` (process time). ``later_id``: the version of its row that is the
    current one now, or that of a higher authority, by which its thing is not in force; ``changed_ms``: when the source
    of that one changed it, ``None`` where that gives no time; ``learned_ms``: when the hub verified that. The last
    three are ``None`` from a former version of the hub."""

    SCHEMA = "connection.retracted"
    TOPIC = CONNECTION_EVENTS
    kind: str
    record_id: bytes
    reading: int
    reason: str
    next_ask_ms: int
    later_id: bytes | None = None
    changed_ms: int | None = None
    learned_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class Recalled(Deciding):
    """As ``Retracted``, of a case that has ended, for example because electricity is on: its pieces tell the sinks, and
    nothing is looked for. ``nth`` counts these events of the case from 1."""

    SCHEMA = "connection.recalled"
    TOPIC = CONNECTION_EVENTS
    nth: int
    kind: str
    record_id: bytes
    reading: int
    reason: str
    later_id: bytes
    changed_ms: int | None
    learned_ms: int
