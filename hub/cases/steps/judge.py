"""What counts of the facts of a case. Pure, and of the *set* of facts: the order of arrival never changes the result.

    facts ── one content for each event ── corrections ── what cannot be ── in the order of their own times ── rounds

A fact that cannot be true, or that follows nothing, stays a claim: no clock counts it, until it is corrected or
what it follows has arrived (P4). Pauses are claims too: the policy names none (annex 2).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import Final, NamedTuple

from hub.cases.steps.facts import ACCEPTANCE, COMPLETION, SEGMENTS, Action, Fact, Kind

FUTURE_S: Final = 300
"""How far ahead of the hub's clock an event's own time may be, seconds."""
LATE_S: Final = 86_400
"""An event that arrives so long after it happened is accepted, and flagged as late, seconds."""


class State(StrEnum):
    """Whether a clock counts a fact."""

    COUNTED = "COUNTED"
    CLAIM = "CLAIM"
    REPEATED = "REPEATED"
    """The same content of the same event as another fact, over another way: it adds nothing."""


class Why(StrEnum):
    """Why a fact is a claim."""

    CONFLICT = "STEP_CONFLICT"
    FUTURE = "STEP_FUTURE"
    BEFORE_SUBMISSION = "STEP_BEFORE_SUBMISSION"
    WRITTEN_BEFORE = "STEP_WRITTEN_BEFORE"
    OUT_OF_ORDER = "STEP_OUT_OF_ORDER"
    NEVER_OPENED = "STEP_NEVER_OPENED"
    AGAIN = "STEP_AGAIN"
    NOT_TIMED = "STEP_NOT_TIMED"
    AFTER_END = "STEP_AFTER_END"
    PAUSE = "STEP_PAUSE"
    UNEXPLAINED = "STEP_UNEXPLAINED"
    AMENDS_NOTHING = "STEP_AMENDS_NOTHING"


class Judged(NamedTuple):
    """A fact with its verdict. ``at_ms``: its own time, as corrected. ``late``: it arrived more than ``LATE_S`` after
    it happened. ``requested_ms``: when the customer asked for the segment, as corrected."""

    fact: Fact
    state: State
    why: Why | None
    at_ms: int
    late: bool
    requested_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """A segment that ran once. ``opened_by`` and ``closed_by`` are events; ``None`` where another step or the
    submission opened it, or while it runs. ``started_ms``: when the utility says it began its work, if it said so.
    ``asked_by`` and ``asked_ms``: the customer's first request for it at the hub."""

    segment: str
    opened_ms: int
    opened_by: bytes | None
    started_ms: int | None = None
    closed_ms: int | None = None
    closed_by: bytes | None = None
    returned: bool = False
    asked_by: bytes | None = None
    asked_ms: int | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What counts of a case. ``kinds``: (from, kind), the first from the submission on. ``end``: END (electricity is
    on), NOT_ACCEPTED, TERMINATE, or ``None``."""

    facts: tuple[Judged, ...]
    rounds: tuple[Round, ...]
    kinds: tuple[tuple[int, Kind], ...]
    end: Action | None = None
    ended_ms: int | None = None

    @property
    def changes(self) -> list[Fact]:
        """The changes of kind that count, in their order."""
        return [one.fact for one in self.facts if one.state is State.COUNTED and one.fact.action is Action.CHANGE]

    def running(self) -> Round | None:
        """The round that runs; ``None`` between two segments and at the end."""
        return next((one for one in self.rounds if one.closed_ms is None), None)


Timed = Callable[[Kind], Sequence[str]]
"""The segments of a kind in their order; where the policy times the whole process, its two steps."""

STARRED: Final = frozenset({"design-review", "mid-inspection"})
"""Segments that a case may pass over: a customer who hands in no design asks for no review."""
_PAUSE_ENDS = frozenset({Action.CORRECTION_END, Action.SPECIAL_END})
_PAUSES = _PAUSE_ENDS | {Action.CORRECTION_START, Action.SPECIAL_START}
_NEEDS_REASON = frozenset({Action.NOT_ACCEPTED, Action.CHANGE, Action.AMEND})
_NEEDS_APPROVER = frozenset({Action.CHANGE, Action.AMEND})
_NO_ROUND = frozenset({Action.CHARGE, Action.AMEND, Action.WITHIN})
_ORDER = {name: place for place, name in enumerate(SEGMENTS)}
_OF_A_SEGMENT = (Action.REQUEST, Action.START, Action.RETURN, Action.END)
_OF_THE_CASE = (Action.CHANGE, Action.NOT_ACCEPTED, Action.TERMINATE)
MOMENT_MAX: Final = 50
"""Most facts of one moment whose order is looked for; more are taken as they stand."""


def judge(facts: Collection[Fact], submitted_ms: int, kind: Kind, timed: Timed) -> History:
    """The history of a case of ``kind`` that was submitted at ``submitted_ms``."""
    known = {one.event for one in facts if one.action != Action.AMEND}
    first, others = _contents(facts, known, submitted_ms)
    amending = [one for one in first.values() if one.action == Action.AMEND]
    possible = [one for one in amending if not _cannot_be(one, one, known, submitted_ms)]
    amended = {one.amends: one for one in sorted(possible, key=lambda one: one.written)}
    walk = _Walk(submitted_ms, kind, timed)
    alone = (_alone(one, amended.get(one.event), known, submitted_ms) for one in first.values())
    moments = groupby(_told_with_their_ends(alone), key=lambda one: one.at_ms)
    walked = [walk.inside(one) for one in [one for _, moment in moments for one in walk.moment(list(moment))]]
    facts_told = tuple(sorted([*others, *walked], key=_place))
    return History(facts_told, tuple(walk.rounds), tuple(walk.kinds), walk.end, walk.ended_ms)


def _contents(
    facts: Collection[Fact], known: Collection[bytes], submitted_ms: int
) -> tuple[dict[bytes, Fact], list[Judged]]:
    """Event → the content that counts, as it was first received; and the verdicts on all other facts. Of several
    contents of one event the strictest one counts that can be true, so that a second one never makes a clock kinder:
    that takes a correction with reason and approver. The others are conflicts."""

    def strictness(one: Fact) -> tuple[bool, int, bool, bytes]:
        began_ms = one.occurred_ms if one.requested_ms is None else min(one.requested_ms, one.occurred_ms)
        late_ms = -began_ms if one.action is Action.START else one.occurred_ms
        # One whose sealed content is not known is the same as any: it comes last, so that it joins no two others.
        return _cannot_be(one, one, known, submitted_ms) is None, late_ms, one.said is not None, one.record_id

    counting = {one.event: one for one in sorted(facts, key=strictness)}
    same = [one for one in facts if one.says_same(counting[one.event])]
    first = {one.event: one for one in sorted(same, key=lambda one: (one.received_ms, one.record_id), reverse=True)}
    repeated = [_claim(one, None)._replace(state=State.REPEATED) for one in same if first[one.event] is not one]
    conflicts = [_claim(one, Why.CONFLICT) for one in facts if not one.says_same(counting[one.event])]
    return first, [*repeated, *conflicts]


def _place(one: Judged) -> tuple[int, int, int, bytes]:
    """Where a fact stands: by its own time; at one moment by segment, and there a request before a start, a start
    before what it ends with, a return before an end; what concerns the whole case comes last."""
    action, segment = one.fact.action, _ORDER.get(one.fact.segment, len(SEGMENTS))
    if action in _OF_THE_CASE:
        return one.at_ms, len(SEGMENTS), _OF_THE_CASE.index(action), one.fact.record_id
    place = _OF_A_SEGMENT.index(action) if action in _OF_A_SEGMENT else int(action in _PAUSE_ENDS)
    return one.at_ms, segment, place, one.fact.record_id


def _claim(fact: Fact, why: Why | None, at_ms: int | None = None) -> Judged:
    at = fact.occurred_ms if at_ms is None else at_ms
    return Judged(fact, State.CLAIM, why, at, fact.received_ms - at > LATE_S * 1000, fact.requested_ms)


def _alone(fact: Fact, amended: Fact | None, known: Collection[bytes], submitted_ms: int) -> Judged:
    """A fact by itself: whether it can be true at all. ``amended``: the last correction of its times, of which it tells
    that of the request or leaves it; ``known``: the events that have arrived and can be corrected."""
    told = amended or fact
    if told.requested_ms is None:
        told = replace(told, requested_ms=fact.requested_ms)
    at_ms, late = told.occurred_ms, fact.received_ms - told.occurred_ms > LATE_S * 1000
    why = _cannot_be(fact, told, known, submitted_ms)
    return Judged(fact, State.CLAIM if why else State.COUNTED, why, at_ms, late, told.requested_ms)


def _told_with_their_ends(alone: Iterable[Judged]) -> list[Judged]:
    """In their order. A start that is told with the end of its step, by one record, is late only where the end is."""
    facts = sorted(alone, key=_place)
    last_ms = {one.fact.record_id: one.at_ms for one in facts}
    late = [one.fact.received_ms - last_ms[one.fact.record_id] > LATE_S * 1000 for one in facts]
    both = zip(facts, late, strict=True)
    return [one._replace(late=now) if one.fact.action is Action.START else one for one, now in both]


def _cannot_be(fact: Fact, told: Fact, known: Collection[bytes], submitted_ms: int) -> Why | None:
    if fact.action in _PAUSES or (fact.action == Action.RETURN and fact.segment == ACCEPTANCE):
        return Why.PAUSE
    if not _is_complete(fact):
        return Why.UNEXPLAINED
    if fact.action == Action.AMEND and fact.amends not in known:
        return Why.AMENDS_NOTHING
    return _not_at(told, submitted_ms)


def _not_at(told: Fact, submitted_ms: int) -> Why | None:
    """Why it cannot have happened at the time that is told."""
    if max(told.occurred_ms, told.recorded_ms or 0) > told.received_ms + FUTURE_S * 1000:
        return Why.FUTURE
    if told.recorded_ms is not None and told.recorded_ms < told.occurred_ms - FUTURE_S * 1000:
        return Why.WRITTEN_BEFORE
    if told.requested_ms is not None and told.requested_ms > told.occurred_ms:
        return Why.OUT_OF_ORDER  # the customer asks first; otherwise a segment would take no time at all
    return Why.BEFORE_SUBMISSION if told.occurred_ms < submitted_ms else None


def _is_complete(fact: Fact) -> bool:
    """Whether it has the reason and the approver that its action needs; a change also what the case becomes, and a
    correction when it was written down, by which the last one is known."""
    explained = fact.explained or fact.action not in _NEEDS_REASON
    approved = fact.approved or fact.action not in _NEEDS_APPROVER
    becomes = fact.becomes is not None or fact.action != Action.CHANGE
    return explained and approved and becomes and (fact.recorded_ms is not None or fact.action != Action.AMEND)


class _Walk:
    """Goes through the facts in the order of their own times, and opens and closes rounds."""

    def __init__(self, submitted_ms: int, kind: Kind, timed: Timed) -> None:
        self._timed = timed
        self.kinds = [(submitted_ms, kind)]
        self.rounds = [Round(ACCEPTANCE, submitted_ms, None)]
        self._changes: set[bytes] = set()
        self._inside: set[bytes] = set()
        self.end: Action | None = None
        self.ended_ms: int | None = None

    def moment(self, facts: Sequence[Judged]) -> list[Judged]:
        """The verdicts on the facts of one moment. A source that knows only days or minutes does not tell their order:
        what cannot be yet waits for the others, such as the next start for the return before it. What is left over has
        the reason for which it was refused first."""
        refused: dict[bytes, Judged] = {}
        taken, waiting, place = list[Judged](), list(facts), 0
        while place < len(waiting):
            told = self.take(waiting[place])
            if told.why is waiting[place].why:
                taken.append(told)
                del waiting[place]
                place = 0 if len(facts) <= MOMENT_MAX else place
            else:
                refused.setdefault(told.fact.event, told)
                place += 1
        return [*taken, *(refused[one.fact.event] for one in waiting)]

    def take(self, one: Judged) -> Judged:
        """The verdict on a fact, as far as what came before it says."""
        if one.fact.segment in {run.segment for run in self.rounds}:
            self._inside.add(one.fact.event)
        if one.state is State.CLAIM or one.fact.action in _NO_ROUND:
            return one
        fact = replace(one.fact, requested_ms=one.requested_ms)
        why = Why.AFTER_END if self.end else _TAKES[one.fact.action](self, fact, one.at_ms)
        return one._replace(state=State.CLAIM, why=why) if why else one

    def inside(self, one: Judged) -> Judged:
        """The verdict on a step inside a segment, when all is known: a later end may tell when its segment opened. What
        the kind of that time does not have never opens; a step without a segment, such as 归档, follows nothing."""
        if one.fact.action is not Action.WITHIN or one.state is State.CLAIM or not one.fact.segment:
            return one
        after = self.ended_ms is not None and one.at_ms > self.ended_ms
        if not after and (one.fact.event in self._inside or self._is_open(one.fact.segment, one.at_ms)):
            return one
        return one._replace(state=State.CLAIM, why=Why.AFTER_END if after else Why.OUT_OF_ORDER)

    def _is_open(self, segment: str, at_ms: int) -> bool:
        """Whether a segment had opened by then. A starred one that was passed over begins with the answer before it."""
        segments = self._timed([one for since_ms, one in self.kinds if since_ms <= at_ms][-1])
        if segment not in segments:
            return True
        opened = [one.opened_ms for one in self.rounds if one.segment == segment]
        if not opened and segment in STARRED:
            opened = [one.closed_ms for one in self.rounds if one.segment == segments[1] and one.closed_ms is not None]
        return any(one_ms <= at_ms for one_ms in opened)

    def _segments(self) -> Sequence[str]:
        return self._timed(self.kinds[-1][1])

    def _running(self) -> Round | None:
        return self.rounds[-1] if self.rounds[-1].closed_ms is None else None

    def _start(self, fact: Fact, at_ms: int) -> Why | None:
        running = self._running()
        if running and running.segment == fact.segment and running.started_ms is None:
            self.rounds[-1] = replace(self._since_the_request(running, fact), started_ms=at_ms)
            return None
        return self._open(fact, at_ms)

    def _ask(self, fact: Fact, at_ms: int) -> Why | None:
        """The customer asks the hub for a segment: it opens, or runs already. Unlike what the utility says, a request
        passes over no starred segment of a customer who has to have it."""
        running = self._running()
        if running and running.segment == fact.segment and running.opened_by is not None:
            if running.asked_by is None:
                self.rounds[-1] = replace(running, asked_by=fact.event, asked_ms=at_ms)
            return None
        if why := self._not_yet(fact.segment, frozenset() if self.kinds[-1][1].starred else STARRED):
            return why
        opened_ms = max(self.rounds[-1].closed_ms or at_ms, at_ms)
        self.rounds.append(Round(fact.segment, opened_ms, fact.event, asked_by=fact.event, asked_ms=at_ms))
        return None

    def _open(self, fact: Fact, at_ms: int) -> Why | None:
        """Open a round at the customer's request, or where none is told when the utility began."""
        if why := self._not_yet(fact.segment):
            return why
        asked_ms = at_ms if fact.requested_ms is None else min(fact.requested_ms, at_ms)
        opened_ms = max(self.rounds[-1].closed_ms or at_ms, asked_ms)
        self.rounds.append(Round(fact.segment, opened_ms, fact.event, at_ms if fact.action is Action.START else None))
        return None

    def _not_yet(self, segment: str, passed_over: Collection[str] = STARRED) -> Why | None:
        """Why a segment cannot open now. ``passed_over``: what may have been left out before it."""
        segments = self._segments()
        if segment not in segments:
            return Why.NOT_TIMED
        done = {one.segment: one.returned for one in self.rounds if one.closed_ms is not None}
        if done.get(segment) is False or (self._running() and self.rounds[-1].segment == segment):
            return Why.AGAIN
        place = segments.index(segment)
        missing = {one for one in segments[:place] if done.get(one) is not False}.difference(passed_over)
        returned = {one for one in STARRED & set(segments[:place]) if done.get(one)}
        later = {one.segment for one in self.rounds} & set(segments[place + 1 :])
        return Why.OUT_OF_ORDER if missing or returned or later or self._running() else None

    def _close(self, fact: Fact, at_ms: int) -> Why | None:
        running = self._running()
        if running is None or running.segment != fact.segment:
            if fact.requested_ms is None or running is not None or self._open(fact, at_ms):
                return Why.NOT_TIMED if fact.segment not in self._segments() else Why.NEVER_OPENED
            running = self.rounds[-1]
        returned = fact.action is Action.RETURN
        if returned and running.opened_by is None:
            return Why.PAUSE  # the utility's own work: no request of the customer opened it, so none can open it again
        running = self._since_the_request(running, fact)
        self.rounds[-1] = replace(running, closed_ms=at_ms, closed_by=fact.event, returned=returned)
        if fact.segment == COMPLETION and not returned:
            self.end, self.ended_ms = Action.END, at_ms
        elif fact.segment == ACCEPTANCE:
            self._open_second(self._segments(), at_ms)
        return None

    def _since_the_request(self, running: Round, fact: Fact) -> Round:
        """The round from the customer's request on, also where only its end tells of it: from the earlier one of the
        request that the utility tells and that which the hub knows."""
        requested_ms = fact.requested_ms
        if requested_ms is None or running.opened_by is None or requested_ms >= running.opened_ms:
            return running
        opened_ms = max(self.rounds[-2].closed_ms or requested_ms, requested_ms)
        return replace(running, opened_ms=opened_ms, opened_by=fact.event) if opened_ms < running.opened_ms else running

    def _not_accepted(self, fact: Fact, at_ms: int) -> Why | None:
        if self.rounds[-1].segment != ACCEPTANCE or self._running() is None:
            return Why.OUT_OF_ORDER
        return self._terminate(fact, at_ms)

    def _terminate(self, fact: Fact, at_ms: int) -> Why | None:
        if running := self._running():
            self.rounds[-1] = replace(running, closed_ms=at_ms, closed_by=fact.event)
        self.end, self.ended_ms = fact.action, at_ms
        return None

    def _change(self, fact: Fact, at_ms: int) -> Why | None:
        assert fact.becomes is not None, "a change that is complete"
        self.kinds.append((at_ms, fact.becomes))
        self._changes.add(fact.event)
        segments, running = self._segments(), self._running()
        if running is None:
            self._open_second(segments, at_ms)
        elif running.segment == ACCEPTANCE or running.segment == segments[1]:
            return None
        elif running.opened_by is None and running.segment in segments:
            # It ran as the second of two; the new kind has another one before it, which began when acceptance ended.
            if segments[1] not in self._answered():
                self.rounds[-1] = Round(segments[1], running.opened_ms, None)
        elif running.segment not in segments:
            self.rounds[-1] = replace(running, closed_ms=at_ms, closed_by=fact.event)
            self._open_second(segments, at_ms)
        return None

    def _answered(self) -> set[str]:
        """The segments that the utility has answered; a change of kind that closed one is no answer."""
        closed = (one for one in self.rounds if one.closed_by is not None and not one.returned)
        return {one.segment for one in closed if one.closed_by not in self._changes}

    def _open_second(self, segments: Sequence[str], at_ms: int) -> None:
        """What follows acceptance is the utility's own work, so it waits for no request."""
        if len(segments) > 1 and segments[1] not in {one.segment for one in self.rounds}:
            self.rounds.append(Round(segments[1], at_ms, None))


_TAKES: dict[Action, Callable[[_Walk, Fact, int], Why | None]] = {
    Action.REQUEST: _Walk._ask,
    Action.START: _Walk._start,
    Action.END: _Walk._close,
    Action.RETURN: _Walk._close,
    Action.NOT_ACCEPTED: _Walk._not_accepted,
    Action.TERMINATE: _Walk._terminate,
    Action.CHANGE: _Walk._change,
}
