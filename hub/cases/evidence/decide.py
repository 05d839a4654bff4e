"""What follows for a need from what was found and heard. No clock, no database.

No need delays a case. A need stays open, with a reason in words, until a record matches it. A source is asked again
with a capped back-off; a record that a feed brings in the meantime meets the need as well.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hub.cases import reasons
from hub.cases.evidence.matching import Match
from hub.cases.evidence.needs import Need
from hub.cases.procedure import Answered, Moment, Question

ASK_AGAIN_FIRST_S = 60
ASK_AGAIN_MAX_S = 6 * 3600
ANSWER_WITHIN_S = 30
"""How long the hub waits for an answer, or for the verdict on its records, before it looks at the need again."""
AWAITED_WITHIN_S = 2 * ANSWER_WITHIN_S + ASK_AGAIN_FIRST_S
"""A need that waits for its first answer is looked at again within this time."""
_OUTCOMES = {
    "FOUND": reasons.FOUND_CHECKING,
    "NOT_FOUND": reasons.NOT_FOUND,
    "UNAVAILABLE": reasons.UNAVAILABLE,
    "REFUSED": reasons.REFUSED_BY_SOURCE,
}
# A reason that a person should check stays visible while the hub asks again.
_STAYS = (reasons.NOT_CURRENT, reasons.EXPIRED, reasons.AMBIGUOUS, reasons.ASSURANCE_LOW, reasons.NOT_VERIFIED)

Found = Match | str
"""The record that meets a need, or the reason why none does."""


@dataclass(frozen=True, slots=True)
class Met:
    """A need is met by the record of ``match``."""

    need: Need
    match: Match


@dataclass(frozen=True, slots=True)
class Wait:
    """A need stays open: the reason, the questions so far, and when it is looked at again (process time, ms)."""

    kind: str
    reason: str
    attempt: int
    next_ask_ms: int


class Ask(NamedTuple):
    """A source that can be asked: its name, the type of identifier and the value."""

    source: str
    by: str
    value: str


class Asker(NamedTuple):
    """What every question of a case must say: on whose behalf, for which purpose and on which legal basis."""

    case_id: bytes
    business_number: str
    service_item: str
    purpose: str
    legal_basis: str


def settle(
    waiting: Sequence[tuple[Need, Answered | None]], found: Mapping[str, Found], moment: Moment
) -> list[Met | Wait]:
    """Records arrived or a source answered: match each need, or note why there is no match. ``found`` is by kind; a
    need whose reason did not change gives nothing."""
    settled: list[Met | Wait] = []
    for need, answer in waiting:
        match = found[need.kind]
        if isinstance(match, Match):
            settled.append(Met(need, match))
        elif answer is not None:
            settled.append(_note(need, match, answer, moment))
        elif match != need.reason:
            settled.append(Wait(need.kind, match, need.attempt, need.next_ask_ms))
    return settled


def look(
    due: Sequence[Need], found: Mapping[str, Found], asks: Mapping[str, Ask | str], asker: Asker | None, moment: Moment
) -> list[Met | Wait | Question]:
    """Needs are due: match each, or ask a source and wait. ``asks`` says by kind how to ask, or why the hub cannot ask;
    a need without an entry waits for the feed. ``asker`` may be ``None`` only where ``asks`` has no ``Ask``."""
    decided: list[Met | Wait | Question] = []
    for need in due:
        match, ask = found[need.kind], asks.get(need.kind)
        if isinstance(match, Match):
            decided.append(Met(need, match))
        elif not isinstance(ask, Ask) or asker is None:
            reason = ask if isinstance(ask, str) else (reasons.NO_LOOKUP if match == reasons.NEW else match)
            decided.append(Wait(need.kind, reason, need.attempt, _later(moment, ASK_AGAIN_MAX_S)))
        elif match == reasons.FOUND_CHECKING:
            later_ms = _later(moment, ask_again_s(need.attempt))
            decided.append(Wait(need.kind, reasons.NOT_VERIFIED, need.attempt, later_ms))
        else:
            decided += _asked(need, match, ask, asker, moment)
    return decided


def put_off(due: Sequence[Need], seconds: float, moment: Moment) -> list[Wait]:
    """Look at these needs again after ``seconds``."""
    return [Wait(need.kind, need.reason, need.attempt, _later(moment, seconds)) for need in due]


def _note(need: Need, found: str, answer: Answered, moment: Moment) -> Wait:
    """A source answered: the new reason, and when to look again."""
    reason = found if found in _STAYS else _OUTCOMES[answer.outcome]
    wait_s: float = ANSWER_WITHIN_S if answer.outcome == "FOUND" else ask_again_s(need.attempt)
    if answer.outcome == "UNAVAILABLE":
        asked_s = answer.retry_after_s or 0
        # Not a number is not above 0.
        wait_s = max(min(asked_s, ASK_AGAIN_MAX_S) if asked_s > 0 else 0, ask_again_s(need.attempt) / 12)
    return Wait(need.kind, reason, need.attempt, _later(moment, wait_s))


def _asked(need: Need, found: str, ask: Ask, asker: Asker, moment: Moment) -> list[Wait | Question]:
    attempt = need.attempt + 1
    question = Question(
        request_id(asker.case_id, need.kind, attempt),
        ask.source,
        ask.by,
        ask.value,
        asker.business_number,
        asker.service_item,
        asker.purpose,
        asker.legal_basis,
        attempt,
    )
    reason = reasons.ASKED if found == reasons.NEW else found
    return [question, Wait(need.kind, reason, attempt, _later(moment, ANSWER_WITHIN_S + ask_again_s(attempt)))]


def _later(moment: Moment, seconds: float) -> int:
    return moment.process_ms + int(seconds * 1000)


def ask_again_s(attempt: int) -> float:
    """Seconds until a source is asked again after ``attempt`` questions: 60, doubled each time, at most six hours.

    >>> ask_again_s(1), ask_again_s(3), ask_again_s(40)
    (60, 240, 21600)
    """
    doublings = min(max(attempt - 1, 0), 20)
    return min(ASK_AGAIN_MAX_S, ASK_AGAIN_FIRST_S << doublings)


def request_id(case_id: bytes, kind: str, attempt: int) -> bytes:
    """The id of a question, 16 bytes: a digest of case, kind and attempt, so that it is the same in every process
    (P2)."""
    return hashlib.sha256(case_id + f"{kind}\0{attempt}".encode()).digest()[:16]
