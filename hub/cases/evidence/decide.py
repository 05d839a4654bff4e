"""Evidence for applications: found among what is verified, asked for where it is not, and decided in numbered pieces.

Nothing here holds an application up. A need stays open with a reason in plain words until a record answers; it is
looked for again with a capped back-off, and whatever a feed brings in the meantime answers it by itself.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection

from hub.cases import reasons
from hub.cases.calendar import china_day
from hub.cases.connection import events
from hub.cases.evidence import matching, needs
from hub.cases.evidence.needs import Case, Need
from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.ports import Clock, Fault
from hub.privacy.purposes import Purposes
from hub.stores import outbox
from hub.topics.declared import LOOKUP_REQUESTS

REQUEST_SCHEMA = schema_id("lookup.request")
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


Questions = Mapping[tuple[bytes, str], Question | str]
"""By application and kind; instead of a question, the reason why there can be none."""


class Seals(Protocol):
    """Seals any values about subjects: (subject's id, value) → what may be stored."""

    def seal_values(self, values: Sequence[tuple[bytes, bytes]]) -> list[bytes | Fault]: ...
    def seal_value(self, subject_id: bytes, plaintext: bytes) -> bytes: ...


class Opens(Protocol):
    """Opens what ``Seals`` sealed; ``None`` once the subject is erased, and of many a ``Fault`` for one that does not
    open."""

    def open_values(self, sealed: Sequence[tuple[bytes, bytes]]) -> list[bytes | Fault]: ...
    def open_value(self, subject_id: bytes, sealed: bytes) -> bytes | None: ...


@dataclass(slots=True)
class _Decided:
    """What a transaction has decided, written down at its end."""

    happened: list[events.Event] = field(default_factory=list)
    requests: list[outbox.Message] = field(default_factory=list)


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
        linked = needs.linked(connection, ids)
        cases = needs.lock(connection, {answer["application_id"] for answer in answers} | {one for one, _ in linked})
        heard: dict[tuple[bytes, str], Mapping[str, Any] | None] = {
            (one, kind): None for one, kind in linked if one in cases and kind in cases[one].needs
        }
        for answer in answers:
            heard.update((key, answer) for key in _answered(cases, answer))
        waiting = [(cases[one], cases[one].needs[kind], answer) for (one, kind), answer in heard.items()]
        self._settle(connection, waiting, at_hand or self._log)

    def settle(self, connection: Connection, application_id: bytes, kind: str) -> bool:
        """Match one need if a record answers it. False also when it is met already."""
        case = needs.lock(connection, {application_id}).get(application_id)
        if case is None or kind not in case.needs:
            return False
        self._settle(connection, [(case, case.needs[kind], None)], self._log)
        return kind not in case.needs

    def _settle(
        self,
        connection: Connection,
        waiting: Sequence[tuple[Case, Need, Mapping[str, Any] | None]],
        log: matching.Reads,
    ) -> None:
        """Match needs, each with the answer that came if one did; otherwise note why there is no match."""
        decided = _Decided()
        found = self._found(connection, [(case, need) for case, need, _ in waiting], log)
        for (case, need, answer), match in zip(waiting, found, strict=True):
            if isinstance(match, matching.Match):
                self._match(decided, case, need, match)
            elif answer is not None:
                self._note(decided, case, need, match, answer)
            elif match != need.reason:
                self._wait(decided, case, need, match, need.next_ask_ms)
        events.happen(connection, decided.happened)

    def look(self, connection: Connection, cases: Sequence[Case], questions: Questions, now_ms: int) -> None:
        """Needs of locked cases are due at ``now_ms``: match each, or ask its question and wait. A need without a
        question only the feed can help."""
        due = [(case, need) for case in cases for need in case.due(now_ms)]
        decided = _Decided()
        for (case, need), found in zip(due, self._found(connection, due, self._log), strict=True):
            question = questions.get((case.application_id, need.kind))
            if isinstance(found, matching.Match):
                self._match(decided, case, need, found)
            elif not isinstance(question, Question):
                reason = question or (reasons.NO_LOOKUP if found == reasons.NEW else found)
                self._wait(decided, case, need, reason, self._later(ASK_AGAIN_MAX_S))
            elif found == reasons.FOUND_CHECKING:
                self._wait(decided, case, need, reasons.NOT_VERIFIED, self._later(back_off_s(need.attempt)))
            else:
                self._ask(decided, case, need, found, question)
        events.happen(connection, decided.happened, decided.requests)

    def put_off(self, connection: Connection, application_id: bytes, seconds: float) -> None:
        """Look at none of an application's needs that are due for so long."""
        decided = _Decided()
        for case in needs.lock(connection, {application_id}).values():
            for need in case.due(self._clock.now_ms()):
                self._wait(decided, case, need, need.reason, self._later(seconds))
        events.happen(connection, decided.happened)

    def _found(
        self, connection: Connection, waiting: Sequence[tuple[Case, Need]], log: matching.Reads
    ) -> list[matching.Match | str]:
        """The match of each, or the reason why there is none: what was found and does not do, else as it was."""
        year = china_day(self._clock.now()).year
        wanted = [
            matching.Wanted(
                need.kind,
                need.wanted_id,
                case.applicant_id,
                self._purposes.get(case.purpose),
                year,
                need.record_id,
            )
            for case, need in waiting
        ]
        found = matching.find(connection, log, wanted)
        return [match or need.reason for match, (_, need) in zip(found, waiting, strict=True)]

    def _note(self, decided: _Decided, case: Case, need: Need, found: str, answer: Mapping[str, Any]) -> None:
        """A source answered: say so, and when to look again."""
        outcome = answer["outcome"]
        reason = found if found in _KEPT else _OUTCOMES[outcome]
        wait_s = ANSWER_WITHIN_S if outcome == "FOUND" else back_off_s(need.attempt)
        if outcome == "UNAVAILABLE":
            wait_s = max(answer.get("retry_after_s") or 0, back_off_s(need.attempt) / 12)
        self._wait(decided, case, need, reason, self._later(wait_s))

    def _match(self, decided: _Decided, case: Case, need: Need, match: matching.Match) -> None:
        detail = match._asdict() | {
            "kind": need.kind,
            "piece": case.pieces,
            "key": events.piece_key(case.application_id, need.kind, match.record_id),
        }
        self._happen(decided, case, "MATCHED", detail)
        case.pieces += 1
        del case.needs[need.kind]

    def _ask(self, decided: _Decided, case: Case, need: Need, reason: str, question: Question) -> None:
        need.attempt += 1
        decided.requests.append(_request(case, need, question, self._clock.now_ms()))
        reason = reasons.ASKED if reason == reasons.NEW else reason
        self._wait(decided, case, need, reason, self._later(ANSWER_WITHIN_S + back_off_s(need.attempt)))

    def _wait(self, decided: _Decided, case: Case, need: Need, reason: str, next_ask_ms: int) -> None:
        need.reason, need.next_ask_ms = reason, next_ask_ms
        detail = {"kind": need.kind, "reason": reason, "attempt": need.attempt, "next_ask_ms": next_ask_ms}
        self._happen(decided, case, "WAITING", detail)

    def _happen(self, decided: _Decided, case: Case, what: str, detail: Mapping[str, Any]) -> None:
        case.number += 1
        event = events.Event(case.application_id, case.number, what, self._clock.now_ms(), detail)
        decided.happened.append(event)

    def _later(self, seconds: float) -> int:
        return self._clock.now_ms() + int(seconds * 1000)


def _answered(cases: Mapping[bytes, Case], answer: Mapping[str, Any]) -> Iterator[tuple[bytes, str]]:
    """The open need that an answer is about. One to an older question is about none."""
    application_id = answer["application_id"]
    if case := cases.get(application_id):
        for need in case.needs.values():
            if request_id(application_id, need.kind, need.attempt) == answer["request_id"]:
                yield application_id, need.kind


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
