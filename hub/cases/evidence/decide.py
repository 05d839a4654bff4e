"""What follows for a need from what was found and heard. No clock, no database.

No need delays a case. A need stays open, with a reason in words, until a record matches it. A source that answers is
asked a few times, with growing pauses, and then only when a new record concerns the site or the applicant; one that is
away is asked again with a capped back-off. A record that a feed brings in the meantime meets the need as well.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hub.cases import reasons
from hub.cases.evidence.matching import Match
from hub.cases.evidence.needs import ANSWERED, NEVER_MS, Need
from hub.cases.procedure import Answered, Moment, Question

ASK_AGAIN_FIRST_S = 60
ASK_AGAIN_MAX_S = 6 * 3600
ASK_PAUSES_S = (60, 600, 3_600, 6 * 3_600, 24 * 3_600)
"""The pauses after the answers of a source, seconds. After one answer more it is not asked any more."""
ANSWER_WITHIN_S = 30
"""How long the hub waits for an answer, or for the verdict on its records, before it looks at the need again."""
AWAITED_WITHIN_S = 2 * ANSWER_WITHIN_S + ASK_AGAIN_FIRST_S
"""A need that waits for its first answer is looked at again within this time."""
_OUTCOMES = {
    "NOT_FOUND": reasons.NOT_FOUND,
    "REFUSED": reasons.REFUSED_BY_SOURCE,
}
_PASSING = (reasons.NEW, reasons.ASKED, reasons.FOUND_CHECKING)
# What the records that were found are: a person should see it also while the hub asks again.
_EXPLAINS = (
    *(reasons.NOT_CURRENT, reasons.EXPIRED, reasons.AMBIGUOUS),
    *(reasons.ASSURANCE_LOW, reasons.PURPOSE_NOT_GRANTED),
)

Found = Match | str | None
"""The record that meets a need; the reason why those that were found do not; ``None`` when none was found."""


@dataclass(frozen=True, slots=True)
class Met:
    """A need is met by the record of ``match``."""

    need: Need
    match: Match


@dataclass(frozen=True, slots=True)
class Wait:
    """A need stays open: the reason, the questions and answers so far, and when it is looked at again (process time,
    ms)."""

    kind: str
    reason: str
    attempt: int
    next_ask_ms: int
    answers: int = 0


class Ask(NamedTuple):
    """A source that can be asked: its name, the type of identifier and the value, and the ticket that the question
    rests on, where the source wants one."""

    source: str
    by: str
    value: str
    ticket: str | None = None


class Asker(NamedTuple):
    """What every question of a case must say: on whose behalf, for which purpose and on which legal basis."""

    case_id: bytes
    business_number: str
    service_item: str
    purpose: str
    legal_basis: str


def settle(
    waiting: Sequence[tuple[Need, Answered | None]],
    found: Mapping[str, Found],
    moment: Moment,
    new: Collection[str] = (),
    others: Collection[str] = (),
) -> list[Met | Wait]:
    """Records arrived or a source answered: match each need, or note why there is no match. ``found`` is by kind;
    ``new``: kinds of new records that concern the case; ``others``: kinds of records of the applicant. A need for which
    nothing changed gives nothing."""
    settled: list[Met | Wait] = []
    for need, answer in waiting:
        match = found[need.kind]
        if isinstance(match, Match):
            settled.append(Met(need, match))
        elif answer is not None:
            settled.append(_note(need, match, answer, moment))
        elif need.given_up and need.kind in new:
            settled.append(Wait(need.kind, match or need.reason, need.attempt, moment.process_ms, need.answers))
        elif match is None and need.kind in others and need.of_site and need.reason in ANSWERED:
            later_ms = _after(moment, need.answers) if need.reason == reasons.FOUND_CHECKING else need.next_ask_ms
            settled.append(Wait(need.kind, reasons.OTHER_SITE, need.attempt, later_ms, need.answers))
        elif match is not None and match != need.reason:
            settled.append(Wait(need.kind, match, need.attempt, need.next_ask_ms, need.answers))
    return settled


def correct(met: Sequence[Need], found: Mapping[str, Found]) -> list[Met]:
    """The needs that a later reading of their own record meets: a sink that has the earlier one gets it."""
    return [
        Met(need, match)
        for need in met
        if isinstance(match := found[need.kind], Match)
        and match.record_id == need.record_id
        and match.reading > (need.reading or 0)
    ]


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
            reason = ask if isinstance(ask, str) else match or _without_source(need)
            decided.append(Wait(need.kind, reason, need.attempt, _later(moment, ASK_AGAIN_MAX_S), need.answers))
        elif need.reason == reasons.FOUND_CHECKING:
            reason = match or reasons.NOT_VERIFIED
            decided.append(Wait(need.kind, reason, need.attempt, _after(moment, need.answers), need.answers))
        else:
            decided += _asked(need, match, ask, asker, moment)
    return decided


def _without_source(need: Need) -> str:
    return reasons.NO_LOOKUP if need.reason == reasons.NEW else need.reason


def put_off(due: Sequence[Need], seconds: float, moment: Moment) -> list[Wait]:
    """Look at these needs again after ``seconds``."""
    return [Wait(need.kind, need.reason, need.attempt, _later(moment, seconds), need.answers) for need in due]


def ask_again(needs: Sequence[Need], moment: Moment) -> list[Wait]:
    """Ask from the beginning for those that are not asked for any more: an operator has corrected the cause."""
    return [Wait(need.kind, need.reason, need.attempt, moment.process_ms, 0) for need in needs if need.given_up]


def _note(need: Need, found: str | None, answer: Answered, moment: Moment) -> Wait:
    """A source answered: the new reason, and when to look again."""
    if answer.outcome == "UNAVAILABLE":
        return _away(need, found, answer, moment)
    answers = need.answers + 1
    if answer.outcome == "FOUND" and found is None and need.reason == reasons.OTHER_SITE:
        return Wait(need.kind, need.reason, need.attempt, _after(moment, answers), answers)
    if answer.outcome == "FOUND" and found not in _EXPLAINS:
        return Wait(need.kind, reasons.FOUND_CHECKING, need.attempt, _later(moment, ANSWER_WITHIN_S), answers)
    reason = found if found in _EXPLAINS else _refusal(answer) or _OUTCOMES[answer.outcome]
    return Wait(need.kind, reason, need.attempt, _after(moment, answers), answers)


def _refusal(answer: Answered) -> str | None:
    """Why a source refuses a ticket, where a person can do something about it."""
    return answer.reason if answer.outcome == "REFUSED" and answer.reason in reasons.OF_TICKETS else None


def _away(need: Need, found: str | None, answer: Answered, moment: Moment) -> Wait:
    asked_s = answer.retry_after_s or 0
    # Not a number is not above 0.
    wait_s = max(min(asked_s, ASK_AGAIN_MAX_S) if asked_s > 0 else 0, ask_again_s(need.attempt) / 12)
    return Wait(need.kind, found or reasons.UNAVAILABLE, need.attempt, _later(moment, wait_s), need.answers)


def _asked(need: Need, found: str | None, ask: Ask, asker: Asker, moment: Moment) -> list[Wait | Question]:
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
        ask.ticket,
    )
    reason = found or (reasons.ASKED if need.reason in _PASSING else need.reason)
    later_ms = _later(moment, ANSWER_WITHIN_S + ask_again_s(attempt))
    return [question, Wait(need.kind, reason, attempt, later_ms, need.answers)]


def _later(moment: Moment, seconds: float) -> int:
    return moment.process_ms + int(seconds * 1000)


def _after(moment: Moment, answers: int) -> int:
    """When a source is asked again that has answered so often."""
    return _later(moment, ASK_PAUSES_S[max(answers, 1) - 1]) if answers <= len(ASK_PAUSES_S) else NEVER_MS


def ask_again_s(attempt: int) -> float:
    """Seconds until a source that does not answer is asked again after ``attempt`` questions: 60, doubled each time, at
    most six hours.

    >>> ask_again_s(1), ask_again_s(3), ask_again_s(40)
    (60, 240, 21600)
    """
    doublings = min(max(attempt - 1, 0), 20)
    return min(ASK_AGAIN_MAX_S, ASK_AGAIN_FIRST_S << doublings)


def request_id(case_id: bytes, kind: str, attempt: int) -> bytes:
    """The id of a question, 16 bytes: a digest of case, kind and attempt, so that it is the same in every process
    (P2)."""
    return hashlib.sha256(case_id + f"{kind}\0{attempt}".encode()).digest()[:16]
