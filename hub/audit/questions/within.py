"""What one case shows by itself: its limits, its claims, its times, its changes. Pure.

``findings`` asks every question of ``_QUESTIONS``; each answers with the events that show it.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Final, NamedTuple

from hub.audit.account import Account, changed, name_of, of_line, shown, submission, until
from hub.audit.codes import Finding, Shown
from hub.audit.questions import starts
from hub.cases.calendar import day_of
from hub.cases.clocks import KindClock, Line, Span
from hub.cases.policies.model import CaseType, Policy
from hub.cases.policies.money import charges
from hub.cases.steps.facts import Action, Kind
from hub.cases.steps.judge import LATE_S, Judged, State, Why

BURST_MS: Final = 60_000
"""Steps that are written down within this time were written down at once."""
BURST_APART_MS: Final = 86_400_000
"""How far the own times of two steps are apart that no one writes down at once, ms."""
_ENDS: Final = (Action.END, Action.RETURN)
_WITHOUT_REASON: Final = {Action.RETURN: "RETURNED_UNEXPLAINED", Action.TERMINATE: "TERMINATED_UNEXPLAINED"}
_CLAIMED: Final = {one: one.value for one in Why}
"""Why a fact is a claim → the code of the finding."""


def findings(account: Account) -> Iterator[Finding]:
    """Everything that the case shows by itself."""
    for question in _QUESTIONS:
        yield from question(account)


# ---- limits --------------------------------------------------------------------------------------------------------


def _over(account: Account) -> Iterator[Finding]:
    """Each segment that took longer than its limit, and each total, of every kind that the case has had."""
    for kind in account.clock.kinds:
        name = ("kind", name_of(kind.kind))
        for line in kind.lines:
            if line.timed and line.span.over:
                figures = (name, ("segment", line.segment), *_days(line.span))
                yield Finding("SEGMENT_OVER", account.case_id, of_line(account, line), figures)
        if kind.limited.over:
            code = "TOTAL_OVER" if kind.total else "WHOLE_OVER"
            yield Finding(code, account.case_id, _ends(account), (name, *_days(kind.limited)))
        ceiling = kind.row.ceiling(day_of(account.submitted_ms))
        if ceiling and kind.limited.used > ceiling.days:
            figures = (name, ("working_days", kind.limited.used), ("limit", ceiling.days))
            yield Finding("CEILING_OVER", account.case_id, _ends(account), figures)


def _days(span: Span) -> tuple[tuple[str, str | int], ...]:
    return ("working_days", span.used), ("limit", "" if span.limit is None else span.limit)


def _ends(account: Account) -> tuple[Shown, ...]:
    """From the submission to what ended the case, or to its last step that counts."""
    last = [one for one in account.reported if one.state is State.COUNTED]
    return (submission(account), *(shown(one) for one in last[-1:]))


# ---- claims --------------------------------------------------------------------------------------------------------


def _claims(account: Account) -> Iterator[Finding]:
    """Each claim of the utility; a conflict together with what it contradicts."""
    for one in account.reported:
        if one.why is None or one.fact.action is Action.REQUEST:
            continue
        counted = account.event(one.fact.event) if one.why is Why.CONFLICT else None
        both = (*([shown(counted)] if counted else []), shown(one))
        yield Finding(_CLAIMED[one.why], account.case_id, both)


# ---- when it was said ----------------------------------------------------------------------------------------------


def _late(account: Account) -> Iterator[Finding]:
    """What was written down late, and what reached the hub late though it is said to be written in time."""
    for one in account.reported:
        written_ms = one.fact.recorded_ms
        if one.why is not None or one.fact.action is Action.AMEND:
            continue
        if written_ms is not None and written_ms - one.at_ms > LATE_S * 1000:
            yield Finding("WRITTEN_LATE", account.case_id, (shown(one),), (("hours", _hours(written_ms - one.at_ms)),))
        if one.late:
            late_ms = one.fact.received_ms - one.at_ms
            yield Finding("REPORTED_LATE", account.case_id, (shown(one),), (("hours", _hours(late_ms)),))


def _hours(ms: int) -> int:
    return ms // 3_600_000


def _just_in_time(account: Account) -> Iterator[Finding]:
    """What is in its limit only because its last day is a day off, which counts as no working day; and what is in it
    only by its own time: the hub was told after the limit's last day."""
    for kind, line, span in _limited(account):
        closed = account.event(line.closed_by)
        if span.over or span.closed_on is None or closed is None or line.returned:
            continue
        figures = (("kind", name_of(kind.kind)), ("segment", line.segment), *_days(span))
        events = of_line(account, line)
        if span.used == span.limit and not account.calendar.is_working_day(span.closed_on):
            yield Finding("ENDED_ON_DAY_OFF", account.case_id, events, figures)
        told_on = day_of(closed.fact.received_ms)
        if not closed.late and account.counted(span.opened_on, told_on) > (span.limit or 0):
            yield Finding(
                "REPORTED_AFTER_LIMIT", account.case_id, events, (*figures, ("reported", told_on.isoformat()))
            )


def _limited(account: Account) -> Iterator[tuple[KindClock, Line, Span]]:
    """Each limit that a step ended: of the segments that a kind times, and of the whole process."""
    for kind in account.clock.kinds:
        yield from ((kind, line, line.span) for line in kind.lines if line.timed and line.span.limit is not None)
        if kind.whole.limit is not None and account.history.end:
            yield kind, kind.lines[-1], kind.whole


def _bursts(account: Account) -> Iterator[Finding]:
    """Steps of different days that were written down at once: in a chain each follows the one before within
    ``BURST_MS``."""
    steps = sorted((one for one in account.reported if _is_step(one)), key=lambda one: one.fact.written)
    chain: list[Judged] = []
    for one in steps:
        if chain and one.fact.written[0] - chain[-1].fact.written[0] > BURST_MS:
            yield from _burst(account, chain)
            chain = []
        chain.append(one)
    yield from _burst(account, chain)


def _is_step(one: Judged) -> bool:
    return one.fact.recorded_ms is not None and one.fact.action in (Action.START, *_ENDS)


def _burst(account: Account, chain: list[Judged]) -> Iterator[Finding]:
    times = [one.fact.occurred_ms for one in chain]
    if chain and max(times) - min(times) >= BURST_APART_MS:
        yield Finding("WRITTEN_IN_BURST", account.case_id, tuple(shown(one) for one in chain), (("steps", len(chain)),))


def _same_second(account: Account) -> Iterator[Finding]:
    """Ends of different segments in one second, and a segment that began and ended in one."""
    seconds: dict[int, list[Judged]] = {}
    for one in account.reported:
        if one.fact.action in (Action.START, *_ENDS) and one.why is not Why.CONFLICT:
            seconds.setdefault(one.at_ms // 1000, []).append(one)
    for together in seconds.values():
        ended = {one.fact.segment for one in together if one.fact.action in _ENDS}
        began = {one.fact.segment for one in together if one.fact.action is Action.START}
        if len(ended) > 1 or ended & began:
            yield Finding("SAME_SECOND", account.case_id, tuple(shown(one) for one in together))


# ---- corrections and changes ---------------------------------------------------------------------------------------


def _corrections(account: Account) -> Iterator[Finding]:
    for one in account.reported:
        if one.fact.action is not Action.AMEND or one.state is State.CLAIM or one.fact.amends is None:
            continue
        original = account.event(one.fact.amends)
        both = (*([shown(original.fact)] if original else []), shown(one))
        yield Finding("TIME_CORRECTED", account.case_id, both)
        before = account.without(*(other for other in account.facts if other.amends == one.fact.amends))
        held = _exceeded(account)
        for limit in (one for one in _exceeded(before) if one not in held):
            figures = (("kind", name_of(limit.kind)), ("segment", limit.segment))
            yield Finding("CORRECTED_INTO_LIMIT", account.case_id, both, figures)


class _Limit(NamedTuple):
    """One limit: of the ``nth`` round of a segment, or of the case as a whole, whose segment is ""."""

    kind: Kind
    segment: str = ""
    nth: int = 0


def _exceeded(account: Account) -> list[_Limit]:
    """Every limit that was exceeded. Each stands alone: that one is exceeded anyway excuses no other."""
    kinds = account.clock.kinds
    lines = [_Limit(kind.kind, one.segment, one.nth) for kind in kinds for one in kind.lines if one.span.over]
    return [*lines, *(_Limit(kind.kind) for kind in kinds if kind.limited.over)]


def _changes(account: Account) -> Iterator[Finding]:
    """A change on the last day of a limit of a kind until then, or later; and one that makes anything kinder."""
    for one, was, becomes in changed(account):
        figures = (("from", name_of(was)), ("to", name_of(becomes)))
        if _on_last_day(account, one):
            yield Finding("KIND_CHANGED_LAST_DAY", account.case_id, (shown(one),), figures)
        if kinder := _kinder(account.policy, was, becomes):
            limits = [_row(account.policy, kind).total(kind.starred) for kind in (was, becomes)]
            days = (("limit", limits[0]), ("later_limit", limits[1]), ("kinder", ", ".join(kinder)))
            yield Finding("KIND_CHANGED", account.case_id, (shown(one),), (*figures, *days))


def _row(policy: Policy, kind: Kind) -> CaseType:
    return policy.cases[kind.case_type]


def _kinder(policy: Policy, was: Kind, becomes: Kind) -> list[str]:
    """What becomes kinder to the utility: the total; "pauses", where a whole process becomes a sum of segments, which
    leaves out the customer's own time; each segment that has a later limit, has none any more, or falls away."""
    rows = [_row(policy, kind) for kind in (was, becomes)]
    before, after = ({one.name: one.days for one in _row(policy, kind).timed(kind.starred)} for kind in (was, becomes))
    totals = [row.total(kind.starred) for row, kind in zip(rows, (was, becomes), strict=True)]
    total = ["total"] if totals[1] > totals[0] else []
    pauses = ["pauses"] if rows[0].whole_process and not rows[1].whole_process else []
    lines = [name for name, days in before.items() if name not in after or _longer(days, after[name])]
    return [*total, *pauses, *lines]


def _longer(days: int | None, later: int | None) -> bool:
    return days is not None and (later is None or later > days)


def _on_last_day(account: Account, change: Judged) -> bool:
    """By what was known on that day, for each kind until then: the segments that ran, and the case as a whole."""
    then = until(account, change)
    running = (kind.running for kind in then.clock.kinds)
    spans = [*(kind.limited for kind in then.clock.kinds), *(line.span for line in running if line)]
    return any(_is_last(then.today, span.due_on) for span in spans)


# ---- returns, charges --------------------------------------------------------------------------------------


def _returned(account: Account) -> Iterator[Finding]:
    for kind in account.clock.kinds:
        for line in kind.lines:
            closed_on = line.span.closed_on
            if line.returned and closed_on is not None and _is_last(closed_on, line.span.due_on):
                figures = (("kind", name_of(kind.kind)), *_days(line.span))
                yield Finding("RETURNED_LAST_DAY", account.case_id, of_line(account, line), figures)


def _stopped(account: Account) -> Iterator[Finding]:
    """A case that the utility ended without electricity on the last day of what ran, or later."""
    end = next((one for one in reversed(account.reported) if _ends_without(account, one)), None)
    if end is None:
        return
    for kind in account.clock.kinds:
        span = _stopped_in(account, kind, end)
        if _is_last(day_of(end.at_ms), span.due_on):
            events = of_line(account, kind.lines[-1])
            ended = [one for one in (shown(end),) if one not in events]
            figures = (("kind", name_of(kind.kind)), *_days(span))
            yield Finding("STOPPED_LAST_DAY", account.case_id, (*events, *ended), figures)


def _unexplained(account: Account) -> Iterator[Finding]:
    """A return or an end that counts, and says no reason: the customer's time runs, or there is none any more."""
    for one in account.reported:
        code = _WITHOUT_REASON.get(one.fact.action)
        if code and one.state is State.COUNTED and not one.fact.explained:
            yield Finding(code, account.case_id, (shown(one),))


def _ends_without(account: Account, one: Judged) -> bool:
    ends = one.fact.action in (Action.TERMINATE, Action.NOT_ACCEPTED)
    return ends and one.state is State.COUNTED and one.fact.action is account.history.end


def _stopped_in(account: Account, kind: KindClock, end: Judged) -> Span:
    """What ran as of this kind when the case was stopped: the segment that the end closed, or that a change of kind
    closed before; otherwise the whole."""
    line = kind.lines[-1]
    closed = account.event(line.closed_by)
    cut = closed is not None and (closed is end or closed.fact.action is Action.CHANGE)
    if not cut or line.span.due_on is None:
        return kind.limited
    return line.span


def _is_last(day: date, due_on: date | None) -> bool:
    return due_on is not None and day >= due_on


def _charges(account: Account) -> Iterator[Finding]:
    """A charge to a customer who was promised to pay nothing."""
    reported = {id(one) for one in account.reported}
    for one, clause in charges(account.history, account.policy, account.customer_class):
        if id(one) in reported:
            yield Finding("CHARGED", account.case_id, (shown(one),), (("clause", clause),))


def _refused(account: Account) -> Iterator[Finding]:
    """What was asked of the customer beyond the list, or not all at once, and a rating that someone else tried to
    make."""
    for one in account.requests:
        yield Finding("REQUEST_REFUSED", account.case_id, (one,))
    for one in account.second_rounds:
        yield Finding("ASKED_AGAIN", account.case_id, (one,))
    for one in account.ratings:
        yield Finding("RATING_REFUSED", account.case_id, (one,))


def _again(account: Account) -> Iterator[Finding]:
    if account.follows:
        yield Finding("REAPPLIED", account.case_id, (*account.follows, submission(account)))


_QUESTIONS: Final[tuple[Callable[[Account], Iterator[Finding]], ...]] = (
    *(_over, _claims, _late, _just_in_time, _bursts, _same_second),
    *(_corrections, _changes, *starts.QUESTIONS, _returned, _stopped, _unexplained, _charges, _refused, _again),
)
