"""When the steps of one case are said to have happened, when they were written down, and when the hub was told. Pure.

A step table is loaded once a night, so what a night brings is of the day before, and several steps of one day that come
at once are normal.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Final

from hub.audit.account import Account, figures_of, name_of, of_line, shown
from hub.audit.findings.finding import Finding
from hub.cases.calendar import day_of
from hub.cases.clocks import KindClock, Line, Span
from hub.cases.steps.facts import Action
from hub.cases.steps.judge import LATE_S, Judged, State, Why

BURST_MS: Final = 60_000
"""Steps that are written down within this time were written down at once."""
BURST_APART_MS: Final = 3_600_000
"""How far apart the own times of steps of two days are that no one writes down at once; nearer, it was midnight."""
NIGHT_MS: Final = 21_600_000
"""Until 06:00 what is written or received is of the day before."""
_ENDS: Final = (Action.END, Action.RETURN)


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
        figures = (("kind", name_of(kind.kind)), ("segment", line.segment), *figures_of(span))
        events = of_line(account, line)
        if span.used == span.limit and not account.calendar.is_working_day(span.closed_on):
            yield Finding("ENDED_ON_DAY_OFF", account.case_id, events, figures)
        told_on = night_of(closed.fact.received_ms)
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
    ``BURST_MS``. Where no time of writing is told, what reached the hub at once though more than a day apart; a row of
    a step table tells two times, of which the later one counts."""
    steps = [one for one in account.reported if one.fact.action in (Action.START, *_ENDS)]
    for chain in _chains(((one.fact.recorded_ms, one) for one in steps), BURST_MS):
        times = [one.fact.occurred_ms for one in chain]
        if day_of(min(times)) != day_of(max(times)) and max(times) - min(times) > BURST_APART_MS:
            yield Finding("WRITTEN_IN_BURST", account.case_id, tuple(map(shown, chain)), (("steps", len(chain)),))
    unwritten = {one.fact.record_id: one for one in steps if one.fact.recorded_ms is None}  # the later one of a record
    for chain in _chains(((one.fact.received_ms, one) for one in unwritten.values()), BURST_MS):
        times = [one.fact.occurred_ms for one in chain]
        if max(times) - min(times) > LATE_S * 1000:
            yield Finding("RECEIVED_IN_BURST", account.case_id, tuple(map(shown, chain)), (("steps", len(chain)),))


def _chains(timed: Iterable[tuple[int | None, Judged]], apart_ms: int) -> Iterator[list[Judged]]:
    """The steps in the order of these times, cut where two are more than ``apart_ms`` apart."""
    chain: list[Judged] = []
    last_ms = 0
    for at_ms, one in sorted(
        ((at_ms, one) for at_ms, one in timed if at_ms is not None), key=lambda pair: (pair[0], pair[1].fact.written)
    ):
        if chain and at_ms - last_ms > apart_ms:
            yield chain
            chain = []
        chain.append(one)
        last_ms = at_ms
    if chain:
        yield chain


def _same_second(account: Account) -> Iterator[Finding]:
    """Ends of different segments in one second, a segment that began and ended in one, and a request in the second of
    the answer."""
    seconds: dict[int, list[Judged]] = {}
    for one in account.reported:
        if one.fact.action in (Action.START, *_ENDS) and one.why is not Why.CONFLICT:
            seconds.setdefault(one.at_ms // 1000, []).append(one)
    for second, together in seconds.items():
        ended = {one.fact.segment for one in together if one.fact.action in _ENDS}
        began = {one.fact.segment for one in together if one.fact.action is Action.START}
        asked = (one.requested_ms for one in together if one.fact.action in _ENDS and one.requested_ms is not None)
        if len(ended) > 1 or ended & began or second in {ms // 1000 for ms in asked}:
            yield Finding("SAME_SECOND", account.case_id, tuple(shown(one) for one in together))


def _together(account: Account) -> Iterator[Finding]:
    """Different segments that ended within a minute, and not in one second. It can be honest, where all was done at the
    customer's at once."""
    ends = [one for one in account.reported if one.fact.action in _ENDS and one.state is State.COUNTED]
    for chain in _chains(((one.at_ms, one) for one in ends), BURST_MS):
        if len({one.fact.segment for one in chain}) > 1 and len({one.at_ms // 1000 for one in chain}) > 1:
            yield Finding("ENDED_TOGETHER", account.case_id, tuple(map(shown, chain)), (("segments", len(chain)),))


# ---- the last day --------------------------------------------------------------------------------------------------


def on_last_day(one: Judged, due_on: date | None, code: str) -> str:
    """``code`` where it happened, or was written down, on the last day of a limit or later; a question where it is only
    told then; otherwise ""."""
    if due_on is None:
        return ""
    written_on = max(day_of(one.at_ms), night_of(one.fact.recorded_ms or one.at_ms))
    if written_on >= due_on:
        return code
    return "REPORTED_ON_LAST_DAY" if night_of(one.fact.received_ms) >= due_on else ""


def night_of(at_ms: int) -> date:
    """The day of a time at which a computer may have written it: what comes in the night is of the day before."""
    return day_of(at_ms - NIGHT_MS)


QUESTIONS: Final[tuple[Callable[[Account], Iterator[Finding]], ...]] = (
    *(_late, _just_in_time, _bursts, _same_second, _together),
)
