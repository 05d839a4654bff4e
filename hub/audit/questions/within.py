"""What one case shows by itself: its limits, its claims, its times, its changes. Pure.

``findings`` asks every question of ``_QUESTIONS``; each answers with the events that show it.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Final, NamedTuple

from hub.audit.account import (
    CHANGES_MAX,
    Account,
    changed,
    counted_changes,
    figures_of,
    name_of,
    of_line,
    shown,
    submission,
    until,
)
from hub.audit.findings.finding import Finding, Shown
from hub.audit.questions import starts, times
from hub.audit.questions.times import on_last_day
from hub.cases.calendar import day_of
from hub.cases.clocks import KindClock, Span
from hub.cases.policies.model import CaseType, Policy
from hub.cases.policies.money import charges
from hub.cases.steps.facts import Action, Kind
from hub.cases.steps.judge import Judged, State, Why

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
                figures = (name, ("segment", line.segment), *figures_of(line.span))
                yield Finding("SEGMENT_OVER", account.case_id, of_line(account, line), figures)
        if kind.limited.over:
            code = "TOTAL_OVER" if kind.total else "WHOLE_OVER"
            yield Finding(code, account.case_id, _ends(account), (name, *figures_of(kind.limited)))
        ceiling = kind.row.ceiling(day_of(account.submitted_ms))
        if ceiling and kind.limited.used > ceiling.days:
            figures = (name, ("working_days", kind.limited.used), ("limit", ceiling.days))
            yield Finding("CEILING_OVER", account.case_id, _ends(account), figures)


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


# ---- corrections and changes ---------------------------------------------------------------------------------------


def _corrections(account: Account) -> Iterator[Finding]:
    held = _exceeded(account)
    brought: dict[bytes, list[_Limit]] = {}
    for one in _corrected(account):
        target = one.fact.amends or b""
        original = account.event(target)
        both = (*([shown(original.fact)] if original else []), shown(one))
        yield Finding("TIME_CORRECTED", account.case_id, both)
        if target not in brought and len(brought) < CHANGES_MAX:
            before = account.without(*(other for other in account.facts if other.amends == target))
            brought[target] = [limit for limit in _exceeded(before) if limit not in held]
        for limit in brought.get(target, ()):
            figures = (("kind", name_of(limit.kind)), ("segment", limit.segment))
            yield Finding("CORRECTED_INTO_LIMIT", account.case_id, both, figures)


def _corrected(account: Account) -> list[Judged]:
    """The corrections that count."""
    amends = (one for one in account.reported if one.fact.action is Action.AMEND and one.fact.amends is not None)
    return [one for one in amends if one.state is not State.CLAIM]


def _often(account: Account) -> Iterator[Finding]:
    """More changes, or more events whose times were corrected, than are looked at: nothing honest has so many."""
    targets = {one.fact.amends: one for one in _corrected(account)}
    every = ("KIND_CHANGED_OFTEN", counted_changes(account)), ("TIME_CORRECTED_OFTEN", list(targets.values()))
    for code, told in every:
        if len(told) > CHANGES_MAX:
            yield Finding(code, account.case_id, (shown(told[0]), shown(told[-1])), (("times", len(told)),))


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
        if code := on_last_day(one, _due(account, one), "KIND_CHANGED_LAST_DAY"):
            yield Finding(code, account.case_id, (shown(one),), figures)
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


def _due(account: Account, change: Judged) -> date | None:
    """The first last day of what ran when the kind was changed, by what was known then: of the segments and of the case
    as a whole, for each kind until then."""
    kinds = until(account, change).clock.kinds
    spans = [*(kind.limited for kind in kinds), *(kind.running.span for kind in kinds if kind.running)]
    return min((span.due_on for span in spans if span.due_on), default=None)


# ---- returns, charges --------------------------------------------------------------------------------------


def _returned(account: Account) -> Iterator[Finding]:
    for kind in account.clock.kinds:
        for line in kind.lines:
            closed = account.event(line.closed_by)
            if closed is None or not line.returned:
                continue
            if code := on_last_day(closed, line.span.due_on, "RETURNED_LAST_DAY"):
                figures = (("kind", name_of(kind.kind)), *figures_of(line.span))
                yield Finding(code, account.case_id, of_line(account, line), figures)


def _returned_again(account: Account) -> Iterator[Finding]:
    """A segment that was sent back before: the first return had to name everything (一次性告知)."""
    first: dict[str, bytes | None] = {}
    for run in account.history.rounds:
        if run.returned and first.setdefault(run.segment, run.closed_by) != run.closed_by:
            both = (account.event(one) for one in (first[run.segment], run.closed_by))
            told = tuple(shown(one) for one in both if one)
            yield Finding("RETURNED_AGAIN", account.case_id, told, (("segment", run.segment),))


def _stopped(account: Account) -> Iterator[Finding]:
    """A case that the utility ended without electricity on the last day of what ran, or later."""
    end = next((one for one in reversed(account.reported) if _ends_without(account, one)), None)
    if end is None:
        return
    for kind in account.clock.kinds:
        span = _stopped_in(account, kind, end)
        if code := on_last_day(end, span.due_on, "STOPPED_LAST_DAY"):
            events = of_line(account, kind.lines[-1])
            ended = [one for one in (shown(end),) if one not in events]
            figures = (("kind", name_of(kind.kind)), *figures_of(span))
            yield Finding(code, account.case_id, (*events, *ended), figures)


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
    *(_over, _claims, *times.QUESTIONS, _corrections, _changes, _often, *starts.QUESTIONS),
    *(_returned, _returned_again, _stopped, _unexplained, _charges, _refused, _again),
)
