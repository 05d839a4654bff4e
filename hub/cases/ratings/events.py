"""The events of ratings. Fields as in schemas/connection/."""

from dataclasses import dataclass
from datetime import date

from hub.cases.events import Deciding, Event, ToSeal
from hub.topics.declared import CONNECTION_EVENTS


@dataclass(frozen=True, kw_only=True)
class Rated(Deciding):
    """The customer rated the service, by the application's own token. Its pieces pass the rating on. ``sealed``: grade
    and words as given. ``follow_up_due_on``: the last day of the follow-up, where the grade needs one. ``checked``: the
    identity service checked the one who rated; otherwise the token alone says who it was, which the channel has too."""

    SCHEMA = "connection.rated"
    TOPIC = CONNECTION_EVENTS
    grade: int
    follow_up_due_on: date | None
    sealed: bytes | ToSeal
    checked: bool = False


@dataclass(frozen=True, kw_only=True)
class RatingRefused(Event):
    """A rating was refused: without the application's token (RATING_NO_EVIDENCE), or a second one of other content
    (RATING_GIVEN)."""

    SCHEMA = "connection.rating-refused"
    TOPIC = CONNECTION_EVENTS
    code: str


@dataclass(frozen=True, kw_only=True)
class FollowedUp(Event):
    """The follow-up of a bad rating ended. ``outcome`` is one of ``grades.OUTCOMES``; the note is sealed."""

    SCHEMA = "connection.followed-up"
    TOPIC = CONNECTION_EVENTS
    outcome: str
    sealed: bytes | ToSeal


EVENTS: tuple[type[Event], ...] = (Rated, RatingRefused, FollowedUp)
