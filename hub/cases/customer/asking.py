"""What the hub answers to a customer who asks for a segment. Pure: read off the verdict on the request over all facts
of the case.

The answer is by what is known now. The request is stored with its time also where it is refused, and judged again with
each further fact: so an answer of the utility that is told late keeps no customer waiting.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row

from hub.cases.calendar import day_of
from hub.cases.steps.facts import Fact
from hub.cases.steps.judge import History, Why
from hub.cases.steps.read import TAKEN_BACK

REQUESTS_MAX: Final = 200
"""Most requests of one application that are stored: a caller cannot make a topic grow without limit."""
NO_SEGMENT: Final = "REQUEST_NO_SEGMENT"
NOT_NEEDED: Final = "REQUEST_NOT_NEEDED"
NOT_NEXT: Final = "REQUEST_NOT_NEXT"
DONE: Final = "REQUEST_DONE"
AFTER_END: Final = "REQUEST_AFTER_END"
FULL: Final = "REQUESTS_FULL"
CODES: Final = (NO_SEGMENT, NOT_NEEDED, NOT_NEXT, DONE, AFTER_END, TAKEN_BACK, FULL)
"""Why a request is refused."""
_REFUSED: Final = {Why.NOT_TIMED: NO_SEGMENT, Why.AFTER_END: AFTER_END, Why.AGAIN: DONE}


def refused(history: History, request: Fact, taken_back: bool) -> str:
    """The code that a request is answered with, which is among the facts of ``history``; "" where it is taken."""
    if taken_back:
        return TAKEN_BACK
    why = next(one.why for one in history.facts if one.fact.event == request.event)
    running = history.running()
    if why is Why.AGAIN and running and running.segment == request.segment:
        return NOT_NEEDED
    return _REFUSED.get(why, NOT_NEXT) if why else ""


def is_again(known: Sequence[Row[Any]], history: History, wanted: Fact, code: str) -> bool:
    """Whether a request is stored already (P2): of the same segment on the same day (China's), with the same
    answer, and where it was taken its segment runs by it. Clocks count days, so nothing is lost. ``known``: rows of
    ``segment_request``; ``history``: without the new one."""
    same = [one for one in known if one.segment == wanted.segment and one.refused == code]
    if not same or day_of(same[-1].asked_ms) != day_of(wanted.occurred_ms):
        return False
    running = history.running()
    return bool(code) or (running is not None and running.segment == wanted.segment and running.asked_by is not None)
