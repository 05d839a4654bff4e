"""The events about the site. Fields as in schemas/connection/."""

from dataclasses import dataclass

from hub.cases.events import Event, ToSeal
from hub.topics.declared import CONNECTION_EVENTS


@dataclass(frozen=True, kw_only=True)
class Placed(Event):
    """A finding about the site, the ``nth`` of its case. ``record_id`` and ``reading``: the title that was compared,
    ``None`` where the question is about none. ``verdict``, ``compared_by`` and ``parts`` as in
    ``hub.cases.places.compare.Match``; ``question`` is one of ``questions.CODES``, "" where no person is asked. It has
    codes only: both texts are in the application and in the title."""

    SCHEMA = "connection.placed"
    TOPIC = CONNECTION_EVENTS
    nth: int
    record_id: bytes | None
    reading: int
    verdict: str
    compared_by: str
    parts: tuple[str, ...]
    question: str


@dataclass(frozen=True, kw_only=True)
class PlaceAnswered(Event):
    """A person answered the question of the ``nth`` finding: one of ``questions.ANSWERS``. ``sealed``: JSON with the
    ``person``'s name and a ``note``, under the applicant's key."""

    SCHEMA = "connection.place-answered"
    TOPIC = CONNECTION_EVENTS
    nth: int
    answer: str
    sealed: bytes | ToSeal


@dataclass(frozen=True, kw_only=True)
class PlaceLooked(Event):
    """A person looked at both texts. ``purpose``: that of the application, which they were shown for. ``sealed``: JSON
    with the ``person``'s name, under the applicant's key."""

    SCHEMA = "connection.place-looked"
    TOPIC = CONNECTION_EVENTS
    purpose: str
    sealed: bytes | ToSeal


EVENTS: tuple[type[Event], ...] = (Placed, PlaceAnswered, PlaceLooked)
