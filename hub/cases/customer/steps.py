"""The customer's steps (the 2 or 3 of §5), and where a case stands, read off its clock. Pure.

The segments that the policy times are parts of the customer's steps: a step is done with the last segment of it.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from hub.cases.clocks import Clock, KindClock, Line, dates
from hub.cases.policies.model import Material, Step
from hub.cases.reasons import Words
from hub.cases.steps.facts import Action
from hub.cases.steps.judge import STARRED, History, State

Json = dict[str, Any]
UTILITY: Final = "UTILITY"
CUSTOMER: Final = "CUSTOMER"
NO_ONE: Final = "NO_ONE"
"""Whose turn it is."""
DONE: Final = "done"
RUNNING: Final = "running"
AHEAD: Final = "ahead"
NOT_DONE: Final = "not_done"
"""How far a step is; an application that has ended did not reach the steps that are ``not_done``."""
_ENDS: Final = {
    Action.END: Words("已接电，办理完成。", "Electricity is on: the application is complete."),
    Action.NOT_ACCEPTED: Words("供电企业不予受理。", "The utility did not accept the application."),
    Action.TERMINATE: Words("申请已终止。", "The application was terminated."),
}
_CUTS: Final = (Action.NOT_ACCEPTED, Action.TERMINATE)
"""They close the segment that runs, and it is not done."""
_NOTHING: Final = Words("", "")
_ELECTRICITY: Final = Words("接电", "electricity on")


class Stand(NamedTuple):
    """Where a case stands: whose turn it is, in words, what follows, and by when (the running segment, or the whole
    process where the policy times that). ``bring``: what the policy's list has for the customer to hand in now."""

    turn: str
    where: Words
    next: Words
    due_on: date | None
    provisional: bool
    bring: tuple[Material, ...] = ()


def stand(clock: Clock) -> Stand:
    """Where the case stands at the end of the clock's day."""
    told, now = dates(clock), clock.now
    due_on = told.due_on or told.segment_due_on
    if clock.ended:
        return Stand(NO_ONE, _ENDS[clock.ended], _NOTHING, None, False)
    if line := now.running:
        where = _with_utility(_words(now, line.segment), line.asked_on)
        return Stand(UTILITY, where, _words(now, _after(now, line.segment)), due_on, told.provisional)
    where, segment = _of_customer(now)
    bring = tuple(one for one in _asked(clock, segment) if not one.kinds)
    return Stand(CUSTOMER, where, _words(now, segment), due_on, told.provisional, bring)


def _with_utility(words: Words, asked_on: date | None) -> Words:
    """``asked_on``: when the customer asked the hub for it."""
    zh, en = f"供电企业正在办理：{words.zh}。", f"With the utility: {words.en}."
    return Words(f"您已于{asked_on}申请。{zh}", f"Asked for on {asked_on}. {en}") if asked_on else Words(zh, en)


def to_ask(clock: Clock) -> tuple[str, ...]:
    """The segments that the customer may ask for now, the next one first: nothing runs, and there is one ahead. Design
    review and mid inspection may be passed over where the table does not say who needs them (2021)."""
    if clock.ended or clock.now.running:
        return ()
    names = [one.name for one in clock.now.row.timed(clock.now.kind.starred)]
    segment = _of_customer(clock.now)[1]
    ahead = names[names.index(segment) :] if segment in names else []
    returned = clock.now.lines[-1].returned
    last = next((n for n, name in enumerate(ahead, 1) if returned or clock.now.kind.starred or name not in STARRED), 0)
    return tuple(ahead[:last])


def _of_customer(now: KindClock) -> tuple[Words, str]:
    """Nothing runs: the customer hands in again what was returned, or prepares what the next segment needs."""
    last = now.lines[-1]
    done = _words(now, last.segment)
    if last.returned:
        zh = f"{done.zh}未通过。供电企业应一次性告知需修改的全部内容；请修改后重新提交。"
        en = f"Returned at: {done.en}. The utility names all defects at once: correct them, and hand it in again."
        return Words(zh, en), last.segment
    segment = _after(now, last.segment)
    then = _words(now, segment)
    zh = f"{done.zh}已完成。请您准备好后申请：{then.zh}。"
    return Words(zh, f"Done: {done.en}. When you are ready, please ask for: {then.en}."), segment


def _after(now: KindClock, segment: str) -> str:
    """The segment that follows; "" after the last one."""
    names = [one.name for one in now.row.timed(now.kind.starred)]
    rest = names[names.index(segment) + 1 :] if segment in names else names[-1:]
    return rest[0] if rest else ""


def _words(now: KindClock, segment: str) -> Words:
    """A segment in words; after the last one comes electricity. A segment of the kind before has its own name."""
    found = next((one for one in now.row.segments if one.name == segment), None)
    if found is None:
        return Words(segment, segment) if segment else _ELECTRICITY
    return Words(found.zh, found.en)


def _asked(clock: Clock, segment: str) -> tuple[Material, ...]:
    kind = clock.now.kind
    return clock.policy.asked(kind.case_type, kind.starred).get(segment, ())


def steps(clock: Clock, history: History) -> list[Json]:
    """The customer's steps in their order: names, state, and days (ISO)."""
    cut = {one.fact.event for one in history.facts if one.state is State.COUNTED and one.fact.action in _CUTS}
    return [_step(clock, one, cut) for one in clock.now.row.seen(clock.now.kind.starred)]


def _step(clock: Clock, step: Step, cut: Collection[bytes]) -> Json:
    lines = [line for line in clock.now.lines if line.segment in step.segments]
    state = _state(lines, step.segments[-1], cut, clock.ended)
    runs = next((line.span for line in lines if line.span.closed_on is None), None)
    due_on = (runs.due_on or dates(clock).due_on) if runs else None
    return {
        "zh": step.zh,
        "en": step.en,
        "state": state,
        "begun_on": _iso(lines[0].span.opened_on) if lines else None,
        "done_on": _iso(lines[-1].span.closed_on) if state == DONE else None,
        "due_on": _iso(due_on),
    }


def _state(lines: Sequence[Line], closing: str, cut: Collection[bytes], ended: Action | None) -> str:
    last = next((one for one in reversed(lines) if one.segment == closing), None)
    if last and last.span.closed_on and not last.returned and last.closed_by not in cut:
        return DONE
    if ended:
        return NOT_DONE
    return RUNNING if lines else AHEAD


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
