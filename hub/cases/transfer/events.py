"""The events of a joint transfer. Fields as in schemas/transfer/."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Final, NamedTuple

from hub.cases.events import Deciding, Event, Opening, ToSeal, Withdrawing
from hub.topics.declared import TRANSFER_EVENTS

CHECK: Final = "check"
"""The kind of a piece that asks the utility to check the account (核验); ``reading`` counts them from 1."""
TRANSFER: Final = "transfer"
"""The kind of a piece that asks the utility to transfer the account (过户); ``reading`` counts them from 1."""
CANCELLATION: Final = "cancellation"
NOTICE: Final = "notice"
"""The kind of a piece that tells of an undeclared transfer, or that what a question for the transfer told is over;
``reading`` is the number of the first such piece."""


class Person(NamedTuple):
    """A holder as JSON, sealed under the own key: erasing one person erases nothing of another. ``side``: OLD or NEW;
    ``place``: among the holders of that side, from 0."""

    subject_id: bytes
    side: str
    place: int
    sealed: bytes


@dataclass(frozen=True, kw_only=True)
class Submitted(Opening, Deciding):
    """The joint transfer of one account at one property unit was registered. ``sealed``: the matter without its
    holders, which are ``persons``; a former version of the hub had them in it."""

    NESTED: ClassVar[Mapping[str, Any]] = {**Deciding.NESTED, "persons": Person}
    SCHEMA = "transfer.submitted"
    TOPIC = TRANSFER_EVENTS
    submission_id: bytes
    place: int
    reason: str
    purpose: str
    legal_basis: str
    policy: str
    unit_id: bytes | None
    title_id: bytes | None
    account_id: bytes
    holders: tuple[bytes, ...]
    mandate: bool
    keep_tariff: bool
    number_ids: tuple[bytes, ...]
    due_on: date | None
    sealed: bytes | ToSeal
    persons: tuple[Person, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Located(Event):
    """The property unit of the old title number is known now."""

    SCHEMA = "transfer.located"
    TOPIC = TRANSFER_EVENTS
    unit_id: bytes


@dataclass(frozen=True, kw_only=True)
class Reported(Deciding):
    """The utility reported. ``event``: its own event, the same over every way; ``question``: the number of the question
    that it answers, 0 where it does not say; the rest is how the transfer stands after it."""

    SCHEMA = "transfer.reported"
    TOPIC = TRANSFER_EVENTS
    record_id: bytes
    reading: int
    topic: str
    partition: int
    offset: int
    event: bytes
    result: str
    question: int
    account_holder: str
    reported_at_ms: int
    counted: bool
    state: str
    checks: int
    transfers: int
    owed_ms: int | None
    paid_ms: int | None
    due_on: date | None


@dataclass(frozen=True, kw_only=True)
class Conflicted(Event):
    """Another content of an event that the utility has reported. It is stored and shown, and changes nothing: the first
    content counts."""

    SCHEMA = "transfer.conflicted"
    TOPIC = TRANSFER_EVENTS
    record_id: bytes
    reading: int
    topic: str
    partition: int
    offset: int
    event: bytes
    result: str
    question: int
    reported_at_ms: int


@dataclass(frozen=True, kw_only=True)
class Entered(Deciding):
    """The transfer of the title is entered in the registry's book (登簿)."""

    SCHEMA = "transfer.entered"
    TOPIC = TRANSFER_EVENTS
    record_id: bytes
    reading: int
    topic: str
    partition: int
    offset: int
    registered_on: date
    state: str
    checks: int
    transfers: int
    due_on: date | None


@dataclass(frozen=True, kw_only=True)
class Overlooked(Event):
    """A title was transferred, and not to the new holders of this matter. Until ``notice_on`` a transfer of the account
    to them may still be declared, or was by ``declared_by``; ``None``: nothing follows, or not any more."""

    SCHEMA = "transfer.overlooked"
    TOPIC = TRANSFER_EVENTS
    record_id: bytes
    reading: int
    registered_on: date
    reason: str
    notice_on: date | None = None
    declared_by: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Dated(Event):
    """The last day for the answer to the question that is open was counted, from the day on which it was asked; again
    where a notice about working days came. Fields as in ``Counted`` and ``connection.dated``."""

    SCHEMA = "transfer.dated"
    TOPIC = TRANSFER_EVENTS
    asked_on: date
    due_on: date
    provisional: bool
    edition: int


@dataclass(frozen=True, kw_only=True)
class Cancelled(Deciding, Withdrawing):
    """The applicant took the electricity side back; the registry's side stays as it is."""

    SCHEMA = "transfer.cancelled"
    TOPIC = TRANSFER_EVENTS
    entered: bool


@dataclass(frozen=True, kw_only=True)
class Undeclared(Deciding):
    """The title changed hands and the account did not: the pieces are notices to the utility."""

    SCHEMA = "transfer.undeclared"
    TOPIC = TRANSFER_EVENTS
    record_id: bytes
    reading: int
    topic: str
    partition: int
    offset: int
    registered_on: date


@dataclass(frozen=True, kw_only=True)
class Withdrawn(Withdrawing):
    """Pieces that may not be sent any more: the title changed before they left. ``state``: where it stands now."""

    SCHEMA = "transfer.withdrawn"
    TOPIC = TRANSFER_EVENTS
    state: str


@dataclass(frozen=True, kw_only=True)
class Recalled(Deciding):
    """The title that a question for the transfer told of has changed at its source, or is not in force any more: the
    pieces tell it to the sinks that have it. ``later_id``: the version of its row that is the current one now;
    ``changed_ms``: when its source changed it, ``None`` where that gives no time; ``learned_ms``: when the hub verified
    that. The registry's side and the state stay as they are."""

    SCHEMA = "transfer.recalled"
    TOPIC = TRANSFER_EVENTS
    record_id: bytes
    reading: int
    registered_on: date
    reason: str
    later_id: bytes
    changed_ms: int | None
    learned_ms: int


EVENTS: tuple[type[Event], ...] = (
    *(Submitted, Located, Reported, Conflicted, Entered, Dated),
    *(Overlooked, Cancelled, Undeclared, Withdrawn, Recalled),
)
