"""The clocks of a case: every limit that the policy sets, beside the working days that were really used (P4). Pure: the
same history, table, calendar and day give the same clock.

A segment opens on acceptance or at the customer's request and closes on the utility's answer; the total is the sum of
segments, so the customer's own time between them is in none (annex 2). The whole process runs from application to
electricity on and never pauses (总体目标). What the utility claims as a pause is shown and subtracted nowhere: the
policy names none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from hub.cases.calendar import Calendar, day_of
from hub.cases.policies.model import CaseType, Dates, Policy
from hub.cases.steps.facts import Action, Kind
from hub.cases.steps.judge import History, Judged, State, Timed, Why


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of days with its limit. ``closed_on``: ``None`` while it runs. ``used``: working days up to its last
    day, or to the end of today. ``limit``: working days; ``None`` where the policy sets none. ``due_on``: the last day
    of the limit. ``provisional``: a year without a notice was counted, by the versions in ``calendar``.
    ``edition``: the newest notice that was known for it; of what is closed, when its end was received."""

    opened_on: date
    closed_on: date | None
    used: int
    limit: int | None
    due_on: date | None
    provisional: bool
    calendar: str
    edition: int = 0

    @property
    def left(self) -> int | None:
        """Working days that are left, at least 0."""
        return None if self.limit is None else max(0, self.limit - self.used)

    @property
    def over(self) -> int:
        """Working days beyond the limit."""
        return 0 if self.limit is None else max(0, self.used - self.limit)


@dataclass(frozen=True, slots=True)
class Line:
    """One round of a segment. ``nth`` counts the rounds of the segment from 1: a segment that was returned runs again.
    Each request has the limit of its own, and the total has the days of them all. ``opened_by`` and ``closed_by`` are
    events; ``None`` for the submission, for the step before, and while it runs. ``waited``: working days from the
    opening to the day on which the utility says that it began; ``None`` where it says nothing. ``timed``: whether this
    kind of case has the segment, so that its days are in the total. ``asked_by``, ``asked_on``: the
    customer's request at the hub."""

    segment: str
    zh: str
    nth: int
    span: Span
    opened_by: bytes | None
    closed_by: bytes | None
    started_on: date | None
    waited: int | None
    returned: bool
    timed: bool
    asked_by: bytes | None = None
    asked_on: date | None = None


@dataclass(frozen=True, slots=True)
class KindClock:
    """All clocks of a case, as those of one kind. ``since``: the day from which the case is of this kind. ``total`` is
    the sum of the segments that the kind times, ``None`` where the policy times the whole process; its ``due_on`` is
    the day on which it is used up if what runs continues. ``whole`` runs from application to electricity on;
    it has a limit only where the policy sets one."""

    kind: Kind
    since: date
    row: CaseType
    lines: tuple[Line, ...]
    total: Span | None
    whole: Span

    @property
    def running(self) -> Line | None:
        """The line that runs; ``None`` while it is the customer's turn, and at the end."""
        return next((line for line in self.lines if line.span.closed_on is None), None)

    @property
    def limited(self) -> Span:
        """What the limit of the case as a whole is about: the total, or the whole process."""
        return self.total or self.whole

    @property
    def over(self) -> bool:
        """Whether any limit was exceeded: that of a segment though the total holds, or the other way round."""
        return self.limited.over > 0 or any(line.span.over > 0 for line in self.lines if line.timed)


class Pause(NamedTuple):
    """A pause that the utility claims. ``action``: CORRECTION_START, SPECIAL_START, or RETURN where it sent an
    application back. ``days``: working days that it would save, subtracted nowhere."""

    action: Action
    from_on: date
    to_on: date | None
    days: int
    events: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """The clocks of a case at the end of ``today`` (China's date). ``kinds``: one for each kind that the case has had,
    in their order; the last is the one in force. All are shown, so the kinder one never hides the other. ``ended``: END
    (electricity is on), NOT_ACCEPTED, TERMINATE, or ``None``."""

    today: date
    policy: Policy
    edition: int
    kinds: tuple[KindClock, ...]
    pauses: tuple[Pause, ...]
    ended: Action | None

    @property
    def now(self) -> KindClock:
        """The clocks of the kind in force."""
        return self.kinds[-1]

    @property
    def over(self) -> bool:
        """Whether a limit of any kind that the case has had was exceeded."""
        return any(one.over for one in self.kinds)


def timed(policy: Policy) -> Timed:
    """The segments of a kind, for ``judge``; they are there also where the policy times the whole process."""
    return lambda kind: _segments(policy.cases[kind.case_type], kind.starred)


def _segments(row: CaseType, starred: bool) -> Sequence[str]:
    return [one.name for one in row.timed(starred)]


def clock(history: History, policy: Policy, calendar: Calendar, today: date) -> Clock:
    """The clocks of a case that began under ``policy``, at the end of ``today`` (China's date)."""
    counts = _Counts(policy.starting_day_counts, calendar, today)
    kinds = tuple(_kind(history, kind, day_of(since), policy, counts) for since, kind in _last_of_each(history.kinds))
    return Clock(today, policy, calendar.number, kinds, _pauses(history, counts), history.end)


def dates(found: Clock) -> Dates:
    """What a case is told of its dates: the last day of the whole process where the policy sets one, otherwise that of
    the segment that runs. Nothing runs while it is the customer's turn. At the end of the whole process its date
    stands."""
    now, line = found.now, found.now.running
    if now.row.whole_process:
        told = now.whole
        return Dates(told.due_on, "", None, told.due_on, told.provisional, told.calendar, found.edition)
    span = line.span if line else now.lines[-1].span
    due_on = (line.span.due_on or now.limited.due_on) if line else None
    counted_to = due_on or span.closed_on or span.opened_on
    counted = counted_to, span.provisional, span.calendar, found.edition
    return Dates(None, line.segment if line else "", due_on, *counted, now.limited.due_on if line else None)


class _Counts(NamedTuple):
    """How days are counted."""

    starting_day_counts: bool
    calendar: Calendar
    today: date

    def days(self, first: date, last: date) -> int:
        return self.calendar.between(first, last, self.starting_day_counts)

    def span(self, opened_on: date, closed_on: date | None, limit: int | None) -> Span:
        used = self.days(opened_on, closed_on or self.today)
        due_on = None if limit is None else self.calendar.add(opened_on, limit, self.starting_day_counts).day
        provisional, versions = self.known([(opened_on, max(closed_on or self.today, due_on or opened_on))])
        return Span(opened_on, closed_on, used, limit, due_on, provisional, versions, self.calendar.number)

    def settled(self, received_ms: int | None, opened_on: date, closed_on: date | None) -> "_Counts":
        """How a span is counted whose end was received then; ``None`` for one that runs."""
        if received_ms is None or closed_on is None:
            return self
        return self._replace(calendar=self.calendar.when_known(received_ms, opened_on, closed_on))

    def known(self, stretches: Iterable[tuple[date, date]]) -> tuple[bool, str]:
        """Whether a year without a notice is among these days, and the versions that they are counted by."""
        years = sorted({year for first, last in stretches for year in range(first.year, last.year + 1)})
        versions = dict.fromkeys(map(self.calendar.version, years))
        return not all(map(self.calendar.knows, years)), "+".join(versions)


def _last_of_each(kinds: Sequence[tuple[int, Kind]]) -> Iterable[tuple[int, Kind]]:
    """Each kind once, from when the case was last made it."""
    last: dict[Kind, int] = {}
    for since, kind in kinds:
        last.pop(kind, None)  # so that the kind in force is the last one, also after two changes at one moment
        last[kind] = since
    return [(since, kind) for kind, since in last.items()]


def _kind(history: History, kind: Kind, since: date, policy: Policy, counts: _Counts) -> KindClock:
    row = policy.cases[kind.case_type]
    lines = tuple(_lines(history, row, kind.starred, _words(policy, row), counts))
    ended_on, opened_on = None if history.ended_ms is None else day_of(history.ended_ms), lines[0].span.opened_on
    whole = counts.settled(_ended(history), opened_on, ended_on).span(opened_on, ended_on, row.whole_process)
    total = None if row.whole_process else _total(lines, row.total(kind.starred), ended_on, counts)
    return KindClock(kind, since, row, lines, total, whole)


def _ended(history: History) -> int | None:
    """When the hub received what ended the case."""
    ends = (one for one in history.facts if one.state is State.COUNTED and one.fact.action is history.end)
    return next((one.fact.received_ms for one in ends if one.at_ms == history.ended_ms), None)


def _words(policy: Policy, row: CaseType) -> Mapping[str, str]:
    """The Chinese word of each segment; of those that this row does not time, the word of another row."""
    return {one.name: one.zh for other in (*policy.cases.values(), row) for one in other.segments}


def _lines(history: History, row: CaseType, starred: bool, words: Mapping[str, str], now: _Counts) -> Iterable[Line]:
    limits = {one.name: one for one in row.timed(starred)}
    names = _segments(row, starred)
    rounds_of: dict[str, int] = {}
    received_ms = {one.fact.event: one.fact.received_ms for one in history.facts if one.state is State.COUNTED}
    for one in history.rounds:
        nth = rounds_of[one.segment] = rounds_of.get(one.segment, 0) + 1
        segment = limits.get(one.segment)
        opened_on = day_of(one.opened_ms)
        closed_on = None if one.closed_ms is None else day_of(one.closed_ms)
        started_on = None if one.started_ms is None else day_of(one.started_ms)
        counts = now.settled(received_ms.get(one.closed_by or b""), opened_on, closed_on)
        yield Line(
            segment=one.segment,
            zh=words.get(one.segment, ""),
            nth=nth,
            span=counts.span(opened_on, closed_on, segment.days if segment else None),
            opened_by=one.opened_by,
            closed_by=one.closed_by,
            started_on=started_on,
            waited=None if started_on is None else counts.days(opened_on, started_on),
            returned=one.returned,
            timed=one.segment in names,
            asked_by=one.asked_by,
            asked_on=None if one.asked_ms is None else day_of(one.asked_ms),
        )


def _total(lines: Sequence[Line], limit: int | None, ended_on: date | None, counts: _Counts) -> Span:
    """The sum of the segments that a kind times."""
    spans = [line.span for line in lines if line.timed]
    used = sum(span.used for span in spans)
    running = next((span for span in spans if span.closed_on is None), None)
    due_on = None
    if running and limit is not None:
        before = used - running.used
        left = max(0, limit - before)
        due_on = counts.calendar.add(running.opened_on, left, counts.starting_day_counts).day
    stretches = [(span.opened_on, span.closed_on or max(counts.today, due_on or counts.today)) for span in spans]
    provisional, versions = counts.known(stretches)
    first = lines[0].span.opened_on
    return Span(first, ended_on, used, limit, due_on, provisional, versions, counts.calendar.number)


_ENDS = {Action.CORRECTION_END: Action.CORRECTION_START, Action.SPECIAL_END: Action.SPECIAL_START}


def _pauses(history: History, counts: _Counts) -> tuple[Pause, ...]:
    """Claimed pauses: each end belongs to the last start of its sort that has none, to one of the same moment only
    where there is no earlier one. Days are counted within the case only: a claim may say any year."""
    found: list[Pause] = []
    since_ms: list[int] = []
    first = day_of(history.rounds[0].opened_ms)
    until = counts.today if history.ended_ms is None else day_of(history.ended_ms)
    for one in (one for one in history.facts if one.why is Why.PAUSE):
        start = _ENDS.get(one.fact.action)
        running = [n for n, pause in enumerate(found) if pause.action is start and not pause.to_on]
        before = [n for n in running if since_ms[n] < one.at_ms]
        if not running:
            found.append(_began(one))
            since_ms.append(one.at_ms)
        else:
            place = (before or running)[-1]
            pause = found[place]
            found[place] = pause._replace(to_on=day_of(one.at_ms), events=(*pause.events, one.fact.event))
    return tuple(one._replace(days=_within(one, first, until, counts)) for one in found)


def _began(one: Judged) -> Pause:
    on = day_of(one.at_ms)
    if one.fact.action in _ENDS:  # an end alone: nothing says from when
        return Pause(_ENDS[one.fact.action], on, on, 0, (one.fact.event,))
    return Pause(one.fact.action, on, None, 0, (one.fact.event,))


def _within(pause: Pause, first: date, until: date, counts: _Counts) -> int:
    """Working days of a pause between the submission and the end of the case, or today."""
    from_on, to_on = max(pause.from_on, first), min(pause.to_on or until, until)
    return counts.days(from_on, to_on) if from_on <= to_on else 0
