"""The events about materials. Fields as in schemas/connection/."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from hub.cases.events import Event, ToSeal
from hub.topics.declared import CONNECTION_EVENTS


class Told(NamedTuple):
    """A material of the policy's list, by name, and what is wrong with it: one of ``command.DEFECTS``."""

    material: str
    defect: str


@dataclass(frozen=True, kw_only=True)
class Documented(Event):
    """The customer handed in a document. ``material`` is a name of the policy's list; ``sealed``: JSON with the
    document's ``reference`` and ``sha256``. The document itself is in the place that the reference names."""

    SCHEMA = "connection.documented"
    TOPIC = CONNECTION_EVENTS
    material: str
    sealed: bytes | ToSeal


@dataclass(frozen=True, kw_only=True)
class Answering(Event):
    """An event that answers a request. ``answers``: for each material that was named, "" where it may be asked for,
    otherwise the code of why not. Of a request of the connection system also ``source``, the connector by which it
    asked, ``request``, the opaque id of its request, or of the step that named materials, and ``content``, that of what
    was asked."""

    request: bytes | None = None
    content: bytes | None = None
    source: str = ""
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Noticed(Answering):
    """The one-time notice (一次性告知) of a segment: everything that is missing or wrong, at once."""

    SCHEMA = "connection.noticed"
    TOPIC = CONNECTION_EVENTS
    NESTED: ClassVar[Mapping[str, Any]] = {"items": Told}
    segment: str
    items: tuple[Told, ...]


@dataclass(frozen=True, kw_only=True)
class Overasked(Answering):
    """A request was refused. ``code``: MATERIAL_NOT_LISTED, MATERIAL_FETCHED, MATERIAL_AWAITED, NOTICE_GIVEN,
    NOTICE_AFTER_END or REQUEST_CONFLICT; ``nevers``: those of the policy's names of what may never be asked for that it
    meant; ``sealed``: JSON, the names in the caller's words. Nothing else of the request is stored."""

    SCHEMA = "connection.overasked"
    TOPIC = CONNECTION_EVENTS
    segment: str
    code: str
    nevers: tuple[str, ...]
    sealed: bytes | ToSeal


EVENTS: tuple[type[Event], ...] = (Documented, Noticed, Overasked)
