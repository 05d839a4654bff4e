"""A clock as JSON values, so that a person can count again: of every line the events, the clause, the calendar and the
days, one by one. It holds opaque ids, codes and times, and nothing that a person said (P5)."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from hub.cases.calendar import Calendar
from hub.cases.clocks import Clock, KindClock, Line, Pause, Span
from hub.cases.policies.model import Segment
from hub.cases.steps.facts import Action
from hub.cases.steps.judge import History, Judged, State
from hub.cases.times import iso

Json = dict[str, Any]
LISTED_DAYS_MAX: Final = 400
"""Most days of a line that are listed one by one; the number of days is always complete."""
SUBMISSION, STEP_BEFORE, REQUEST, START = "submission", "step-before", "request", "start"
HUB_REQUEST: Final = "hub-request"
"""What opened a line: the submission, the end of the step before, the customer's request as the utility tells it or at
the hub (the earlier one), or the utility's start where no request is known."""


def explained(clock: Clock, history: History, calendar: Calendar, voltage: str = "") -> Json:
    """The clocks of a case of ``history`` under all kinds that it has had; ``voltage`` is its class now."""
    told = _Told(clock, {one.fact.event: one for one in history.facts if one.state is State.COUNTED}, calendar)
    policy = clock.policy
    return {
        "today": clock.today.isoformat(),
        "policy": policy.version,
        "source": policy.source,
        "starting_day_counts": policy.starting_day_counts,
        "edition": clock.edition,
        "ended": clock.ended,
        "over": clock.over,
        "kinds": [told.kind(one, one is clock.now, voltage) for one in clock.kinds],
        "pauses": [_pause(one) for one in clock.pauses],
        "claims": [_event(one) | {"why": one.why} for one in history.facts if one.state is State.CLAIM],
    }


class _Told:
    """Shows parts of one clock. ``events``: what counts, by the event's id."""

    def __init__(self, clock: Clock, events: Mapping[bytes, Judged], calendar: Calendar) -> None:
        self._clock = clock
        self._events = events
        self._calendar = calendar

    def kind(self, one: KindClock, in_force: bool, voltage: str) -> Json:
        """The clocks as of one kind of case."""
        row, lines = one.row, one.lines
        submitted_on = lines[0].span.opened_on
        total = self._span(one.total) if one.total else None
        return {
            "case_type": row.name,
            "zh": row.zh,
            "en": row.en,
            "starred": one.kind.starred,
            "since": one.since.isoformat(),
            "in_force": in_force,
            "over": one.over,
            "lines": [self._line(line, place == 0, one) for place, line in enumerate(lines)],
            "total": total and total | {"clause": row.clause, "sum_of": [_part(line) for line in lines if line.timed]},
            "whole": self._span(one.whole) | {"clause": row.clause if row.whole_process else ""},
            "ceiling": _ceiling(one, submitted_on),
            "average": _average(one, voltage),
        }

    def _line(self, line: Line, first: bool, one: KindClock) -> Json:
        segment = _segment(line, one)
        span, closed = line.span, self._events.get(line.closed_by or b"")
        return {
            "segment": line.segment,
            "zh": line.zh,
            "en": segment.en if segment else "",
            "round": line.nth,
            "timed": line.timed,
            "opened_by": self._opened_by(line, first),
            "opened": self._event_of(line.opened_by),
            "asked": self._event_of(line.asked_by),
            "closed": _event(closed) if closed else None,
            "returned": line.returned,
            "started_on": line.started_on.isoformat() if line.started_on else None,
            "waited_working_days": line.waited,
            "clause": segment.clause if segment else "",
            **self._span(span),
            **self._days(span),
        }

    def _opened_by(self, line: Line, first: bool) -> str:
        opened = self._events.get(line.opened_by or b"")
        if opened is None:
            return SUBMISSION if first else STEP_BEFORE
        if opened.fact.action is Action.REQUEST:
            return HUB_REQUEST
        return START if opened.requested_ms is None else REQUEST

    def _event_of(self, event: bytes | None) -> Json | None:
        found = self._events.get(event or b"")
        return _event(found) if found else None

    def _span(self, span: Span) -> Json:
        return {
            "opened_on": span.opened_on.isoformat(),
            "closed_on": span.closed_on.isoformat() if span.closed_on else None,
            "working_days": span.used,
            "limit": span.limit,
            "left": span.left,
            "over_by": span.over,
            "due_on": span.due_on.isoformat() if span.due_on else None,
            "provisional": span.provisional,
            "calendar": span.calendar,
        }

    def _days(self, span: Span) -> Json:
        """The days that were counted, with the make-up days (调休) among them, and the weekdays that were off. Work on
        a day off is done on that day, and adds no working day."""
        last, calendar = span.closed_on or self._clock.today, self._calendar.numbered(span.edition)
        counts = self._clock.policy.starting_day_counts
        counted = calendar.working_days(span.opened_on, last, counts)[:LISTED_DAYS_MAX]
        between = [span.opened_on + timedelta(days=n) for n in range((last - span.opened_on).days + 1)]
        off = [day for day in between if day.weekday() < 5 and not calendar.is_working_day(day)]
        ends = [day for day in (span.opened_on, span.closed_on) if day and not calendar.is_working_day(day)]
        return {
            "counted": _listed(counted),
            "make_up": _listed(day for day in counted if day.weekday() >= 5),
            "days_off": _listed(off[:LISTED_DAYS_MAX]),
            "on_day_off": _listed(dict.fromkeys(ends)),
        }


def _listed(days: Iterable[date]) -> list[str]:
    return [day.isoformat() for day in days]


def _segment(line: Line, one: KindClock) -> Segment | None:
    return next((segment for segment in one.row.segments if segment.name == line.segment), None)


def _part(line: Line) -> Json:
    return {"segment": line.segment, "round": line.nth, "working_days": line.span.used}


def _ceiling(one: KindClock, submitted_on: date) -> Json | None:
    """The limit of another authority, beside the city's: what was used of the total, or of the whole process."""
    found = one.row.ceiling(submitted_on)
    if found is None:
        return None
    used = one.limited.used
    return {"limit": found.days, "working_days": used, "over_by": max(0, used - found.days), "clause": found.clause}


def _average(one: KindClock, voltage: str) -> Json | None:
    """What the average of all such cases should reach: no limit of this one."""
    found = one.row.average
    if found is None or voltage not in found.voltages:
        return None
    return {"days": found.days, "clause": found.clause}


def _pause(one: Pause) -> Json:
    return {
        "action": one.action,
        "from_on": one.from_on.isoformat(),
        "to_on": one.to_on.isoformat() if one.to_on else None,
        "working_days": one.days,
        "subtracted": 0,
        "events": [event.hex() for event in one.events],
    }


def _event(one: Judged) -> Json:
    """An event. ``at``: its own time, as corrected; ``said_at``: as it was said first."""
    fact = one.fact
    return {
        "event": fact.event.hex(),
        "record_id": fact.record_id.hex(),
        "segment": fact.segment,
        "action": Action(fact.action),
        "at": iso(one.at_ms),
        "said_at": iso(fact.occurred_ms),
        "requested_at": iso(one.requested_ms),
        "recorded_at": iso(fact.recorded_ms),
        "received_at": iso(fact.received_ms),
        "late": one.late,
    }
