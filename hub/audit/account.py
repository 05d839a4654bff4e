"""One case as an auditor sees it: what was reported, and what follows from it. Pure, and computed from the facts each
time, so that nothing which another part of the hub concluded has to be believed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Final, NamedTuple

from hub.audit.findings.finding import Shown
from hub.cases.calendar import Calendar, day_of
from hub.cases.clocks import Clock, KindClock, Line, Span, clock, timed
from hub.cases.policies.model import Policy
from hub.cases.steps.facts import Action, Fact, Kind
from hub.cases.steps.judge import LATE_S, History, Judged, State, Why, judge
from hub.clock import CHINA


class Paper(NamedTuple):
    """A document that the customer handed in: a name of the policy's list, the number of the event that says so, and
    the hub's time."""

    material: str
    number: int
    handed_ms: int


class Cancel(NamedTuple):
    """That it was taken back at the hub: the number of the event that says so, the hub's time, and by whom: the
    channel, the client, or the sort of who asked. Never a person's name (P5)."""

    number: int
    at_ms: int
    by: str


class Place(NamedTuple):
    """Where a case is among all: its voltage class and its kind."""

    voltage: str
    kind: Kind


@dataclass(frozen=True)
class Account:
    """One case. ``numbers``: sink → the hub's number for the case there. ``kind``: what it was when it was submitted.
    ``today``: the clocks are those at the end of this day (China's date). ``follows``: the submission of the first case
    of the same holder for the same site and capacity that was given up or taken back, and what shows that; empty where
    there is none. ``cancelled``: where it was taken back at the hub. ``voltage`` and ``customer_class``: as applied
    for. ``rating``: 1 to 5, by the customer. ``requests`` and ``ratings``: those that the hub refused;
    ``second_rounds``: refused requests for what the one-time notice had to tell. ``papers``: what the customer handed
    in, by the time at the hub."""

    case_id: bytes
    submitted_ms: int
    kind: Kind
    facts: tuple[Fact, ...]
    policy: Policy
    calendar: Calendar
    today: date
    channel: str = ""
    customer_class: str = ""
    voltage: str = ""
    district: str = ""
    numbers: Mapping[str, str] = field(default_factory=dict)
    follows: tuple[Shown, ...] = ()
    cancelled: Cancel | None = None
    rating: int | None = None
    requests: tuple[Shown, ...] = ()
    second_rounds: tuple[Shown, ...] = ()
    ratings: tuple[Shown, ...] = ()
    papers: tuple[Paper, ...] = ()

    @cached_property
    def history(self) -> History:
        """What counts of the facts."""
        return judge(self.facts, self.submitted_ms, self.kind, timed(self.policy))

    @cached_property
    def clock(self) -> Clock:
        """Every limit with the days that were used, for each kind that the case has had."""
        return clock(self.history, self.policy, self.calendar, self.today)

    @property
    def places(self) -> list[Place]:
        """The voltage and the kind applied for, and those after each change; the last are in force."""
        found = [Place(self.voltage, self.kind)]
        for one in self.history.changes:
            found.append(Place(one.becomes_voltage or found[-1].voltage, one.becomes or found[-1].kind))
        return found

    @cached_property
    def reported(self) -> tuple[Judged, ...]:
        """The facts without those that only repeat another one."""
        return tuple(one for one in self.history.facts if one.state in (State.COUNTED, State.CLAIM))

    @cached_property
    def _events(self) -> Mapping[bytes, Judged]:
        return {one.fact.event: one for one in self.reported if one.why is not Why.CONFLICT}

    def event(self, event: bytes | None) -> Judged | None:
        """The content of an event that counts, or the claim that it is; ``None`` where there is no such event."""
        return self._events.get(event) if event else None

    def opening(self, line: Line) -> Judged | None:
        """What opened a segment: the event that says so, or the one that closed the segment before; ``None`` for the
        submission."""
        place = self.clock.now.lines.index(self._same(line))
        before = self.history.rounds[place - 1].closed_by if place else None
        return self.event(line.opened_by) or self.event(before)

    def _same(self, line: Line) -> Line:
        """The line of the kind in force that is about the same round."""
        return next(one for one in self.clock.now.lines if (one.segment, one.nth) == (line.segment, line.nth))

    def still_untold(self, at_ms: int) -> bool:
        """Whether the hub may not have been told yet of what happened then: a step is late after ``LATE_S``."""
        return at_ms + LATE_S * 1000 > end_ms(self.today)

    def touches(self, since_ms: int) -> bool:
        """Whether it was open at this moment or later, or something was told or refused then."""
        ended_ms = self.history.ended_ms
        refused = (*self.requests, *self.second_rounds, *self.ratings)
        told = [one.received_ms for one in self.facts] + [one.at_ms or 0 for one in refused]
        return ended_ms is None or max([ended_ms, *told]) >= since_ms

    def counted(self, first: date, last: date) -> int:
        """Working days between two days, as the case's policy counts them."""
        return self.calendar.between(first, last, self.policy.starting_day_counts)

    def kind_at(self, at_ms: int) -> Kind:
        """What the case was at this moment."""
        return [kind for since, kind in self.history.kinds if since <= at_ms or since == self.submitted_ms][-1]

    def of_kind(self, kind: Kind) -> KindClock:
        """The clocks of one kind that the case has had."""
        return next(one for one in self.clock.kinds if one.kind == kind)

    def without(self, *facts: Fact) -> "Account":
        """The case as if these facts had not been reported."""
        return replace(self, facts=tuple(one for one in self.facts if not any(one is other for other in facts)))


def end_ms(day: date) -> int:
    """The last millisecond of a day in China.

    >>> end_ms(date(1970, 1, 1)) == 16 * 3_600_000 - 1
    True
    """
    return int(datetime.combine(day + timedelta(days=1), time(), CHINA).timestamp() * 1000) - 1


def name_of(kind: Kind) -> str:
    """A kind as it is printed: the policy's row, with * where the starred segments apply.

    >>> name_of(Kind("high-single", True))
    'high-single*'
    """
    return f"{kind.case_type}*" if kind.starred else kind.case_type


def shown(one: Judged | Fact) -> Shown:
    """A step as it was reported, or what the customer asked the hub for."""
    fact, at_ms = (one.fact, one.at_ms) if isinstance(one, Judged) else (one, one.occurred_ms)
    sort = "asked" if fact.action is Action.REQUEST else "step"
    return Shown(sort, fact.record_id.hex(), at_ms, f"{fact.action} {fact.segment}".strip())


def submission(account: Account) -> Shown:
    """The submission, by which the first segment opened."""
    return Shown("submission", account.case_id.hex(), account.submitted_ms)


def of_line(account: Account, line: Line) -> tuple[Shown, ...]:
    """The events that opened and closed a segment, or the submission that opened it."""
    opened, closed = account.opening(line), account.event(line.closed_by)
    return (shown(opened) if opened else submission(account), *([shown(closed)] if closed else []))


def figures_of(span: Span) -> tuple[tuple[str, str | int], ...]:
    """The days of a limit as figures of a finding."""
    return ("working_days", span.used), ("limit", "" if span.limit is None else span.limit)


CHANGES_MAX: Final = 20
"""Changes of one case that are looked at, each beside the whole case as it was until then; and events whose times were
corrected, each beside the case without its corrections."""


def counted_changes(account: Account) -> list[Judged]:
    """The changes that count, in the order of their times."""
    return [one for one in account.reported if one.fact.action is Action.CHANGE and one.state is State.COUNTED]


def changed(account: Account) -> Iterator[tuple[Judged, Kind, Kind]]:
    """Each change to another kind, with the kind until then and the one after it; of the first ``CHANGES_MAX``."""
    kinds = [kind for _, kind in account.history.kinds]
    found = zip(counted_changes(account)[:CHANGES_MAX], kinds, kinds[1:], strict=False)
    return ((one, was, becomes) for one, was, becomes in found if was != becomes)


def until(account: Account, change: Judged) -> Account:
    """The case as it was when its kind was changed."""
    return replace(account, facts=tuple(_before(account, change)), today=day_of(change.at_ms))


def _before(account: Account, change: Judged) -> Iterator[Fact]:
    """The facts whose own time is before that of a change."""
    return (one.fact for one in account.reported if one.at_ms < change.at_ms)
