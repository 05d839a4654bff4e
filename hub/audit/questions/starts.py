"""How the segments of one case began, beside what the hub itself knows of their beginning: the customer's request and
the papers that were handed in. Pure."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

from hub.audit.account import Account, changed, name_of, of_line, shown, submission, until
from hub.audit.findings.finding import Finding, Shown
from hub.cases.calendar import day_of
from hub.cases.steps.facts import COMPLETION, Action
from hub.cases.steps.judge import Judged, Round, State, Why

START_DAYS: Final = 1
"""Working days after the opening in which the utility's work begins; later is late."""


def _started_late(account: Account) -> Iterator[Finding]:
    """Late starts; also of a segment that a change of kind put another one in the place of."""
    before = (until(account, change) for change, _, _ in changed(account))
    found = (finding for one in (account, *before) for finding in _late_of(one))
    yield from dict.fromkeys(found)


def _late_of(account: Account) -> Iterator[Finding]:
    for line, run in zip(account.clock.now.lines, account.history.rounds, strict=True):
        if line.waited is not None and line.waited > START_DAYS:
            began = [shown(one) for one in _began(account, run)]
            opened = of_line(account, line)[:1]
            events = (*opened, *(one for one in began if one not in opened))
            yield Finding("STARTED_LATE", account.case_id, events, (("working_days", line.waited),))


def _began(account: Account, run: Round) -> list[Judged]:
    """The START that says when the utility began a round, if there is one."""
    starts = (one for one in account.reported if one.fact.action is Action.START and one.at_ms == run.started_ms)
    return [one for one in starts if one.fact.segment == run.segment]


def _requests(account: Account) -> Iterator[Finding]:
    """A segment that opens at the customer's request, of which the utility tells no request, or one of a later day than
    the customer's own at the hub."""
    for before, run in pairwise(account.history.rounds):
        if run.opened_by is None or before.closed_ms is None:  # what follows acceptance waits for no request
            continue
        said = _said(account, run)
        told_ms = min((one.requested_ms for one in said if one.requested_ms is not None), default=None)
        if told_ms is None:
            yield from _not_told(account, before, run, said)
        elif run.asked_ms is not None and day_of(told_ms) > day_of(run.asked_ms):
            figures = (
                ("segment", run.segment),
                ("working_days", account.counted(day_of(run.asked_ms), day_of(told_ms))),
            )
            events = (*_asked(account, run), *map(shown, said))
            yield Finding("REQUEST_TOLD_LATER", account.case_id, events, figures)


def _said(account: Account, run: Round) -> list[Judged]:
    """What the utility says of a round: what opened, began and closed it, each once."""
    ends = [one for one in map(account.event, (run.opened_by, run.closed_by)) if one]
    found = {one.fact.event: one for one in (*ends, *_began(account, run)) if one.fact.action is not Action.REQUEST}
    return sorted(found.values(), key=lambda one: (one.at_ms, one.fact.event))


def _not_told(account: Account, before: Round, run: Round, said: list[Judged]) -> Iterator[Finding]:
    """Where the customer asked the hub, the working days from then until the utility says anything; otherwise those
    from the end of the step before to the utility's own START, if any: how long the customer had been waiting no clock
    knows."""
    if not said:  # nothing is told of it yet
        return
    ended = account.event(before.closed_by)
    by_hub = run.opened_by == run.asked_by
    since = _asked(account, run) if by_hub else ((shown(ended),) if ended else ())
    days = account.counted(day_of(run.opened_ms if by_hub else before.closed_ms or 0), day_of(said[0].at_ms))
    if days or by_hub:
        figures = (("segment", run.segment), ("working_days", days))
        yield Finding("REQUEST_NOT_TOLD", account.case_id, (*since, shown(said[0])), figures)


def _asked(account: Account, run: Round) -> tuple[Shown, ...]:
    found = account.event(run.asked_by)
    return (shown(found),) if found else ()


def _papers(account: Account) -> Iterator[Finding]:
    """A segment that began on a later day than the hub had all papers that the policy's list has for the customer to
    hand in for it: in the first round all of them, after a return what was handed in since. Where the customer asked
    the hub for it, the day was the customer's choice."""
    rounds = account.history.rounds
    for place, run in enumerate(rounds):
        if place == 0 or run.opened_by is None or run.opened_by == run.asked_by:
            continue
        last_ms = rounds[place - 1].closed_ms or 0
        again = any(one.segment == run.segment for one in rounds[:place])
        papers = _ready(account, run, last_ms if again else None)
        if not papers:
            continue
        had_ms = max(last_ms, *(at_ms for _, at_ms in papers))
        if day_of(run.opened_ms) > day_of(had_ms):
            events = (*(one for one, _ in papers), *map(shown, _said(account, run)[:1]))
            figures = (
                ("segment", run.segment),
                ("working_days", account.counted(day_of(had_ms), day_of(run.opened_ms))),
            )
            yield Finding("PAPERS_WAITED", account.case_id, events, figures)


def _ready(account: Account, run: Round, since_ms: int | None) -> list[tuple[Shown, int]]:
    """The papers of a round with their times, each as it was handed in first; nothing where one is missing.
    ``since_ms``: of a round after a return, when that was; then what was handed in since is enough."""
    kind = account.kind_at(run.opened_ms)
    asked = account.policy.asked(kind.case_type, kind.starred).get(run.segment, ())
    listed = {one.name for one in asked if not one.kinds}
    first: dict[str, tuple[Shown, int]] = {}
    for one in account.papers:
        if one.material in listed and (since_ms is None or since_ms < one.handed_ms):
            told = Shown("document", f"event {one.number}", one.handed_ms, one.material)
            first.setdefault(one.material, (told, one.handed_ms))
    whole = first.keys() == listed if since_ms is None else bool(first)
    return list(first.values()) if whole else []


def _skipped(account: Account) -> Iterator[Finding]:
    """Design review or mid inspection never ran, though the policy has it for a kind that the case has had, and
    completion began."""
    runs = {one.segment: one for one in reversed(account.history.rounds)}
    if COMPLETION not in runs:
        return
    opened = account.event(runs[COMPLETION].opened_by)
    for kind in account.clock.kinds:
        for segment in kind.row.timed(kind.kind.starred):
            if segment.starred and segment.name not in runs:
                events = submission(account), *([shown(opened)] if opened else [])
                figures = (("kind", name_of(kind.kind)), ("segment", segment.name))
                yield Finding("SEGMENT_SKIPPED", account.case_id, events, figures)


def _within_early(account: Account) -> Iterator[Finding]:
    """Work of completion, such as the inspection or the meter, that was done before the segment opened: what had been
    reached by then, the work, and what opened the segment later, if anything. What may still be told of accuses no
    one."""
    run = next((one for one in account.history.rounds if one.segment == COMPLETION), None)
    early = [one for one in account.reported if _is_early(one, run)]
    if not early or (run is None and account.still_untold(early[0].at_ms)):
        return
    reached = [one for one in account.reported if one.state is State.COUNTED and one.at_ms <= early[0].at_ms]
    opened = account.event(run.opened_by) if run else None
    before = shown(reached[-1]) if reached else submission(account)
    events = (before, *map(shown, early), *([shown(opened)] if opened else []))
    days = [("working_days", account.counted(day_of(early[0].at_ms), day_of(run.opened_ms)))] if run else []
    yield Finding("WITHIN_EARLY", account.case_id, events, (("steps", len(early)), *days))


def _is_early(one: Judged, run: Round | None) -> bool:
    inside = one.fact.action is Action.WITHIN and one.fact.segment == COMPLETION
    return inside and one.why is Why.OUT_OF_ORDER and (run is None or one.at_ms < run.opened_ms)


QUESTIONS: Final[tuple[Callable[[Account], Iterator[Finding]], ...]] = (
    *(_started_late, _requests, _papers, _skipped, _within_early),
)
