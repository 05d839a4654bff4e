"""The events of a connection application. Fields as in schemas/connection/."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, NamedTuple

from hub.cases.connection.agreed.events import Agreed
from hub.cases.connection.handed.events import EVENTS as HANDED
from hub.cases.connection.materials import events as materials
from hub.cases.connection.placed.events import EVENTS as PLACED
from hub.cases.connection.recall.events import Recalled, Retracted
from hub.cases.connection.steps.looked import StepsLooked
from hub.cases.connection.warnings.events import Warned
from hub.cases.events import Deciding, Event, Opening, Relation, ToSeal, Withdrawing
from hub.cases.ratings.events import EVENTS as RATINGS
from hub.cases.steps.events import Disputed, Numbered, Reapplied, Requested, Separated, Stepped
from hub.topics.declared import CONNECTION_EVENTS

NOT_COUNTED = -1
"""The edition of dates that a former version of the hub computed."""
DATES = "dates"
"""The kind of a piece that tells a sink the dates of a case, after they were computed again."""


CANCELLATION = "cancellation"
"""The kind of a piece that takes back the application."""


class Wanted(NamedTuple):
    """Evidence that the policy's list allows and a source exists for. A record that matches is linked to the opaque id
    ``wanted_id``; it is ``None`` for an address that is too vague to identify a site."""

    kind: str
    wanted_by: str
    wanted_id: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Submitted(Opening, Deciding):
    """The application was registered; its time limit starts here. ``sealed``: the body as submitted. The dates are as
    in ``hub.cases.policies.model.Dates``; a former version of the hub had only ``due_on``. ``external_works``: whether
    works outside the site are needed; ``None`` where it is not said."""

    SCHEMA = "connection.submitted"
    TOPIC = CONNECTION_EVENTS
    NESTED: ClassVar[Mapping[str, Any]] = {**Deciding.NESTED, "needs": Wanted}
    customer_class: str
    voltage: str
    starred: bool
    purpose: str
    legal_basis: str
    policy: str
    case_type: str
    due_on: date | None
    needs: tuple[Wanted, ...]
    sealed: bytes | ToSeal
    segment: str = ""
    segment_due_on: date | None = None
    counted_to: date | None = None
    provisional: bool = False
    calendar: str = ""
    edition: int = NOT_COUNTED
    external_works: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Dated(Deciding):
    """The dates of the case were computed again, by a changed calendar or after a step; fields as in
    ``hub.cases.policies.model.Dates``. Its pieces tell the sinks."""

    SCHEMA = "connection.dated"
    TOPIC = CONNECTION_EVENTS
    due_on: date | None
    segment: str
    segment_due_on: date | None
    counted_to: date | None
    provisional: bool
    calendar: str
    edition: int
    total_due_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Waiting(Event):
    """Evidence was asked for, or its reason for waiting changed. ``next_ask_ms`` is process time. ``answers``: how many
    questions a source answered; ``None``, of a former version of the hub, leaves the number as it is."""

    SCHEMA = "connection.waiting"
    TOPIC = CONNECTION_EVENTS
    kind: str
    reason: str
    attempt: int
    next_ask_ms: int
    answers: int | None = None


@dataclass(frozen=True, kw_only=True)
class Matched(Deciding):
    """A verified record was found for a need, or a later reading of the record that has met it: its pieces correct
    those of the earlier reading."""

    SCHEMA = "connection.matched"
    TOPIC = CONNECTION_EVENTS
    kind: str
    record_id: bytes
    reading: int
    holder_relation: Relation | str


@dataclass(frozen=True, kw_only=True)
class Withdrawn(Withdrawing):
    """Pieces that were decided and may not be sent any more. Their evidence is looked for again from ``next_ask_ms``
    (process time)."""

    SCHEMA = "connection.withdrawn"
    TOPIC = CONNECTION_EVENTS
    kind: str
    next_ask_ms: int


@dataclass(frozen=True, kw_only=True)
class Cancelled(Deciding, Withdrawing):
    """The applicant took the application back. Its pieces tell the sinks; what they were not sent yet, except the
    registration and warnings, is withdrawn, and no evidence is looked for any more. Its time limit ends with the
    utility's step."""

    SCHEMA = "connection.cancelled"
    TOPIC = CONNECTION_EVENTS


@dataclass(frozen=True, kw_only=True)
class Identified(Event):
    """A ticket of the identity service was presented: it belongs to this case now, and to no other. The evidence that
    it leads to takes the place of the applicant's evidence of identity that was looked for. ``until_ms`` is process
    time."""

    SCHEMA = "connection.identified"
    TOPIC = CONNECTION_EVENTS
    ticket_id: bytes
    mode: str
    person: str
    until_ms: int
    kind: str
    wanted_by: str
    wanted_id: bytes
    sealed: bytes | ToSeal


EVENTS: tuple[type[Event], ...] = (
    *(Submitted, Dated, Waiting, Matched, Withdrawn, Retracted, Recalled, Cancelled, Identified),
    *(Numbered, Disputed, Stepped, Requested, Reapplied, Separated, Warned, Agreed, StepsLooked),
    *materials.EVENTS,
    *RATINGS,
    *PLACED,
    *HANDED,
)
