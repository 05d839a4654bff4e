"""Evidence for applications: found among what is verified, asked for where it is not, and decided in numbered pieces.

Nothing here holds an application up. A need stays open with a reason in plain words until a record answers; it is
looked for again with a capped back-off, and whatever a feed brings in the meantime answers it by itself.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection

from hub.cases import events, matching, needs, reasons
from hub.cases.needs import Case, Due, Need
from hub.cases.worktime import china_day
from hub.ports import Clock
from hub.privacy.purposes import Purposes
from hub.records import wire
from hub.records.topics import LOOKUP_REQUESTS
from hub.stores import outbox

REQUEST_SCHEMA = 51
ASK_AGAIN_FIRST_S = 60
ASK_AGAIN_MAX_S = 6 * 3600
ANSWER_WITHIN_S = 30
"""How long an answer, or the verdict on what it brought, is awaited before the need is looked at again."""
_OUTCOMES = {
    "FOUND": reasons.FOUND_CHECKING,
    "NOT_FOUND": reasons.NOT_FOUND,
    "UNAVAILABLE": reasons.UNAVAILABLE,
    "REFUSED": reasons.REFUSED_BY_SOURCE,
}
# What a person should look at stays in view while the hub asks again.
_KEPT = (reasons.NOT_CURRENT, reasons.EXPIRED, reasons.AMBIGUOUS, reasons.ASSURANCE_LOW, reasons.NOT_VERIFIED)


@dataclass(frozen=True, slots=True)
class LookupSource:
    """A source that can be asked about one holder or thing: its connector's name, kind, and by what."""

    name: str
    kind: str
    by: frozenset[str]


class Question(NamedTuple):
    """What is asked of which source; ``sealed`` is the value, sealed under the applicant's key."""

    source: str
    by: str
    sealed: bytes


class Seals(Protocol):
    """Seals any value about one subject."""

    def seal_value(self, subject_id: bytes, plaintext: bytes) -> bytes: ...


class Opens(Protocol):
    """Opens what ``Seals`` sealed; ``None`` once the subject is erased."""

    def open_value(self, subject_id: bytes, sealed: bytes) -> bytes | None: ...


class Evidence:
    """Decides what answers which application's needs. Every method runs in the caller's transaction."""

    def __init__(self, log: matching.Reads, purposes: Purposes, clock: Clock) -> None:
        self._log = log
        self._purposes = purposes
        self._clock = clock

    def heard(
        self,
        connection: Connection,
        answers: Sequence[Mapping[str, Any]],
        ids: Sequence[bytes],
        at_hand: matching.Reads | None = None,
    ) -> None:
        """Sources answered, and records linked to ``ids`` arrived: look again at every open need that waits for one of
        them. All cases are locked first and in one order, so that transactions cannot lock crosswise. ``at_hand``
        reads the log, and those records without it."""
        waiting = needs.linked(connection, ids)
        cases = needs.lock(connection, {answer["application_id"] for answer in answers} | {one for one, _ in waiting})
        log = at_hand or self._log
        for answer in answers:
            if case := cases.get(answer["application_id"]):
                self._answered(connection, case, answer, log)
        for application_id, kind in waiting:
            case = cases.get(application_id)
            if case is not None and kind in case.needs:
                self._settle(connection, case, case.needs[kind], log)

    def settle(self, connection: Connection, application_id: bytes, kind: str) -> bool:
        """Match one need if a record answers it; otherwise note the reason. False also when it is met already."""
        case = needs.lock(connection, {application_id}).get(application_id)
        if case is None or kind not in case.needs:
            return False
        return self._settle(connection, case, case.needs[kind], self._log)

    def look(self, connection: Connection, due: Due, questions: Mapping[str, Question]) -> bool:
        """An application's needs are due: match each, or ask its question (by kind) and wait. A need without a
        question only the feed can help. False when another has the application in hand or has just looked."""
        case = needs.lock(connection, {due.application_id}, skip_locked=True).get(due.application_id)
        if case is None:
            return False
        now_ms = self._clock.now_ms()
        # Who has looked since it was found to be due has moved the need on.
        wanted = [need for need in case.needs.values() if need.kind in due.wanted and need.next_ask_ms <= now_ms]
        for need in wanted:
            self._look(connection, case, need, questions.get(need.kind))
        return bool(wanted)

    def _look(self, connection: Connection, case: Case, need: Need, question: Question | None) -> None:
        found = self._found(connection, case, need, self._log)
        if isinstance(found, matching.Match):
            self._decide(connection, case, need, found)
        elif question is None:
            reason = reasons.NO_LOOKUP if found == reasons.NEW else found
            self._wait(connection, case, need, reason, self._later(ASK_AGAIN_MAX_S))
        elif found == reasons.FOUND_CHECKING:
            self._wait(connection, case, need, reasons.NOT_VERIFIED, self._later(back_off_s(need.attempt)))
        else:
            self._ask(connection, case, need, found, question)

    def _settle(self, connection: Connection, case: Case, need: Need, log: matching.Reads) -> bool:
        found = self._found(connection, case, need, log)
        if isinstance(found, matching.Match):
            self._decide(connection, case, need, found)
            return True
        if found != need.reason:
            self._wait(connection, case, need, found, need.next_ask_ms)
        return False

    def _answered(self, connection: Connection, case: Case, answer: Mapping[str, Any], log: matching.Reads) -> None:
        """A source answered: note it, and when to look again. An answer to an older question changes nothing."""
        for need in list(case.needs.values()):
            if request_id(case.application_id, need.kind, need.attempt) == answer["request_id"]:
                self._note(connection, case, need, answer, log)

    def _note(
        self, connection: Connection, case: Case, need: Need, answer: Mapping[str, Any], log: matching.Reads
    ) -> None:
        found = self._found(connection, case, need, log)
        if isinstance(found, matching.Match):
            return self._decide(connection, case, need, found)
        outcome = answer["outcome"]
        reason = found if found in _KEPT else _OUTCOMES[outcome]
        wait_s = ANSWER_WITHIN_S if outcome == "FOUND" else back_off_s(need.attempt)
        if outcome == "UNAVAILABLE":
            wait_s = max(answer.get("retry_after_s") or 0, back_off_s(need.attempt) / 12)
        return self._wait(connection, case, need, reason, self._later(wait_s))

    def _found(self, connection: Connection, case: Case, need: Need, log: matching.Reads) -> matching.Match | str:
        """The match, or the reason why there is none: what was found and does not do, else the reason as it was."""
        if need.wanted_id is None:
            return need.reason
        purpose = self._purposes.get(case.purpose)
        year = china_day(self._clock.now()).year
        wanted = matching.Wanted(need.kind, need.wanted_id, case.applicant_id, purpose, year, need.record_id)
        return matching.find(connection, log, wanted) or need.reason

    def _decide(self, connection: Connection, case: Case, need: Need, match: matching.Match) -> None:
        detail = match._asdict() | {
            "kind": need.kind,
            "piece": case.pieces,
            "key": events.piece_key(case.application_id, need.kind, match.record_id),
        }
        self._happen(connection, case, "MATCHED", detail)
        case.pieces += 1
        del case.needs[need.kind]

    def _ask(self, connection: Connection, case: Case, need: Need, reason: str, question: Question) -> None:
        need.attempt += 1
        request = _request(case, need, question, self._clock.now_ms())
        reason = reasons.ASKED if reason == reasons.NEW else reason
        self._wait(connection, case, need, reason, self._later(ANSWER_WITHIN_S + back_off_s(need.attempt)), request)

    def _wait(
        self, connection: Connection, case: Case, need: Need, reason: str, next_ask_ms: int, *more: outbox.Message
    ) -> None:
        need.reason, need.next_ask_ms = reason, next_ask_ms
        detail = {"kind": need.kind, "reason": reason, "attempt": need.attempt, "next_ask_ms": next_ask_ms}
        self._happen(connection, case, "WAITING", detail, *more)

    def _happen(
        self, connection: Connection, case: Case, what: str, detail: Mapping[str, Any], *more: outbox.Message
    ) -> None:
        case.number += 1
        happened = events.Event(case.application_id, case.number, what, self._clock.now_ms(), detail)
        events.happen(connection, happened, *more)

    def _later(self, seconds: float) -> int:
        return self._clock.now_ms() + int(seconds * 1000)


def back_off_s(attempt: int) -> float:
    """Seconds until a source is asked again after ``attempt`` questions: doubling, capped at six hours.

    >>> back_off_s(1), back_off_s(3), back_off_s(40)
    (60, 240, 21600)
    """
    doublings = min(max(attempt - 1, 0), 20)
    return min(ASK_AGAIN_MAX_S, ASK_AGAIN_FIRST_S << doublings)


def request_id(application_id: bytes, kind: str, attempt: int) -> bytes:
    """The id of a question, 16 bytes, from what it is about (P2)."""
    return hashlib.sha256(application_id + f"{kind}\0{attempt}".encode()).digest()[:16]


def awaited(connection: Connection, now_ms: int) -> bool:
    """Whether an application waits for its first question to be put, for the answer to it, or for the verdict on what
    an answer brought."""
    return needs.awaited(connection, now_ms, int(1000 * (ANSWER_WITHIN_S + back_off_s(1))))


def _request(case: Case, need: Need, question: Question, now_ms: int) -> outbox.Message:
    identity = request_id(case.application_id, need.kind, need.attempt)
    value = {
        "request_id": identity,
        "application_id": case.application_id,
        "source": question.source,
        "by": question.by,
        "query": {"subject_id": case.applicant_id, "ciphertext": question.sealed},
        "purpose": case.purpose,
        "legal_basis": case.legal_basis,
        "attempt": need.attempt,
    }
    headers = events.cloud_event(identity.hex(), "lookup.requested", now_ms)
    return outbox.Message(LOOKUP_REQUESTS, case.application_id, wire.encode(REQUEST_SCHEMA, value), headers, now_ms)
