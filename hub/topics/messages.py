"""Which messages each topic carries, as declared: their schemas, CloudEvents types and further headers. The registry's
``TOPIC-value`` subjects and the AsyncAPI document are read off it."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from hub.codec.catalogue import catalogue
from hub.records.kinds import KINDS
from hub.topics import cloudevents
from hub.topics.cloudevents import type_of
from hub.topics.declared import (
    CURSORS,
    HEADS,
    LOOKUP_RECEIVED,
    LOOKUP_REQUESTS,
    RECORDS_WAITING,
    event_patterns,
)

RECORD: Final = "hub.record"
UNREADABLE: Final = "hub.unreadable"
RELAYED: Final = (cloudevents.SEQUENCE,)
_AGAIN: Final = (
    cloudevents.CURSOR,
    cloudevents.ATTEMPT,
    cloudevents.READING,
    cloudevents.RELEASED,
    cloudevents.SEQUENCE,
)
_REJECTED: Final = (
    cloudevents.REASONS,
    cloudevents.ATTEMPT,
    cloudevents.READING,
    "__connect.errors.topic",
    "__connect.errors.partition",
    "__connect.errors.offset",
    "__connect.errors.stage",
    "__connect.errors.exception.class.name",
    "__connect.errors.exception.message",
)


class Carried(NamedTuple):
    """One kind of message on a topic. ``schema`` is a name of the catalogue; ``types`` are the CloudEvents types that
    it comes with, none where it has no CloudEvents headers; ``headers`` are those that it may have in addition."""

    schema: str
    types: tuple[str, ...]
    headers: tuple[str, ...] = ()


def _received(types: tuple[str, ...], headers: tuple[str, ...]) -> tuple[Carried, ...]:
    return Carried(RECORD, types, headers), Carried(UNREADABLE, types, headers)


def _events(patterns: Sequence[str]) -> tuple[Carried, ...]:
    """What the relay publishes: one schema and one CloudEvents type for each event type."""
    names = [name for name in catalogue().names() if any(fnmatchcase(name, pattern) for pattern in patterns)]
    return tuple(Carried(name, (type_of(name),), RELAYED) for name in names)


def _of_kind(kind: str) -> dict[str, tuple[Carried, ...]]:
    received, verified, rejected = (type_of(f"{kind}.{suffix}") for suffix in ("received", "verified", "rejected"))
    return {
        f"{kind}.received": _received((received,), _AGAIN),
        f"{kind}.verified": (Carried(RECORD, (verified,), (cloudevents.ATTEMPT, cloudevents.READING)),),
        f"{kind}.rejected": _received((rejected,), _REJECTED),
    }


_WAITING = tuple(type_of(f"{kind}.waiting") for kind in KINDS)
_LOOKED_UP = tuple(type_of(f"{kind}.received") for kind in KINDS)

MESSAGES: Final[dict[str, tuple[Carried, ...]]] = {
    **{topic: carried for kind in KINDS for topic, carried in _of_kind(kind).items()},
    LOOKUP_REQUESTS: (Carried("lookup.request", (type_of("lookup.requested"),), RELAYED),),
    LOOKUP_RECEIVED: (
        *_received(_LOOKED_UP, (cloudevents.REQUEST,)),
        Carried("lookup.answer", (type_of("lookup.answered"),)),
    ),
    RECORDS_WAITING: (
        Carried(
            RECORD,
            _WAITING,
            (cloudevents.WAITS_FOR, cloudevents.PARENT, cloudevents.ATTEMPT, cloudevents.READING),
        ),
    ),
    **{topic: _events(patterns) for topic, patterns in event_patterns().items()},
    HEADS: (),
    CURSORS: (Carried("hub.cursor", ()),),
}
"""Topic → what is on it; the first is the principal one. Nothing writes to a topic that has none yet."""
