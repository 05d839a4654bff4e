"""What follows from a rating. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hub.cases.calendar import Calendar
from hub.cases.case import Case
from hub.cases.events import Piece, ToSeal
from hub.cases.procedure import SinkInfo
from hub.cases.ratings.events import Rated
from hub.cases.ratings.grades import FOLLOWED_UP, RATING


@dataclass(frozen=True, slots=True)
class Rate:
    """The customer rates the service. ``follow_up_days``: working days of a follow-up, data of the installation.
    ``checked``: the identity service checked the one who rates, for this rating."""

    grade: int
    text: str
    follow_up_days: int
    checked: bool = False

    def canonical(self) -> bytes:
        """Canonical JSON, UTF-8: the same bytes for the same rating."""
        content = {"grade": self.grade, "text": self.text}
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def rated(case: Case, command: Rate, sinks: Sequence[SinkInfo], calendar: Calendar, today: date) -> Rated:
    """The rating, with a piece for each sink that accepts ratings, after the case's registration there. The day of the
    rating does not count to its follow-up."""
    accepting = [one.name for one in sinks if one.name in case.sinks and one.takes(case.procedure, RATING)]
    return Rated(
        grade=command.grade,
        checked=command.checked,
        follow_up_due_on=_due_on(command, calendar, today),
        pieces=tuple(Piece(case.pieces + n, name, RATING, case.sinks[name]) for n, name in enumerate(accepting)),
        sealed=ToSeal(command.canonical()),
    )


def _due_on(command: Rate, calendar: Calendar, today: date) -> date | None:
    if command.grade not in FOLLOWED_UP:
        return None
    return calendar.add(today, command.follow_up_days, False).day
