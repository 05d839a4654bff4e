"""Evidence for applications: found among what is verified, asked for where it is not, and decided in numbered pieces.

Nothing here holds an application up. A need stays open with a reason in plain words until a record answers; it is
looked for again with a capped back-off, and whatever a feed brings in the meantime answers it by itself.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Row, Select, select

from hub.cases import events, matching, reasons
from hub.cases.worktime import china_day
from hub.ports import Clock, RecordLog
from hub.privacy.purposes import Purposes
from hub.records import wire
from hub.records.topics import LOOKUP_REQUESTS
from hub.stores import outbox
from hub.stores.tables import application, application_need

REQUEST_SCHEMA = 51
ASK_AGAIN_FIRST_S = 60
ASK_AGAIN_MAX_S = 6 * 3600
ANSWER_WITHIN_S = 30
"""How long an answer, or the verdict on what it brought, is awaited before the need is looked at again."""
_CHUNK = 5_000
_OUTCOMES = {
    "FOUND": reasons.FOUND_CHECKING,
    "NOT_FOUND": reasons.NOT_FOUND,
    "UNAVAILABLE": reasons.UNAVAILABLE,
    "REFUSED": reasons.REFUSED_BY_SOURCE,
}
# What a person should look at stays in view while the hub asks again.
_KEPT = (reasons.NOT_CURRENT, reasons.EXPIRED, reasons.AMBIGUOUS, reasons.ASSURANCE_LOW, reasons.NOT_VERIFIED)
_AWAITED = (reasons.NEW, reasons.ASKED, reasons.FOUND_CHECKING)


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

    def __init__(self, log: RecordLog, purposes: Purposes, clock: Clock) -> None:
        self._log = log
        self._purposes = purposes
        self._clock = clock

    def heard(self, connection: Connection, answers: Sequence[Mapping[str, Any]], ids: Sequence[bytes]) -> None:
        """Sources answered, and records linked to ``ids`` arrived: look again at every open need that waits for one of
        them. All cases are locked first and in one order, so that transactions cannot lock crosswise."""
        waiting = _waiting_for(connection, ids)
        events.lock_all(connection, {answer["application_id"] for answer in answers} | {one for one, _ in waiting})
        for answer in answers:
            self.answered(connection, answer)
        for application_id, kind in waiting:
            self.settle(connection, application_id, kind)

    def settle(self, connection: Connection, application_id: bytes, kind: str) -> bool:
        """Match one need if a record answers it; otherwise note the reason. False also when it is met already."""
        case = events.lock(connection, application_id)
        need = _need(connection, application_id, kind)
        if case is None or need is None or need.wanted_id is None:
            return False
        found = matching.find(connection, self._log, self._wanted(case, need))
        if isinstance(found, matching.Match):
            self._decide(connection, case, need, found)
            return True
        if found is not None and found != need.reason:
            self._wait(connection, case, need, found, need.next_ask_ms)
        return False

    def look(self, connection: Connection, application_id: bytes, kind: str, question: Question | None) -> None:
        """A need is due: match it, or ask ``question`` and wait. Without a question the feed is all that can help."""
        if self.settle(connection, application_id, kind):
            return
        case = events.lock(connection, application_id)
        need = _need(connection, application_id, kind)
        if case is None or need is None or need.next_ask_ms > self._clock.now_ms():
            return
        if question is None:
            reason = reasons.NO_LOOKUP if need.reason == reasons.NEW else need.reason
            self._wait(connection, case, need, reason, self._later(ASK_AGAIN_MAX_S))
        elif need.reason == reasons.FOUND_CHECKING:
            later = self._later(back_off_s(need.attempt))
            self._wait(connection, case, need, reasons.NOT_VERIFIED, later)
        else:
            self._ask(connection, case, need, question)

    def answered(self, connection: Connection, answer: Mapping[str, Any]) -> None:
        """A source answered: note it, and when to look again. An answer to an older question changes nothing."""
        case = events.lock(connection, answer["application_id"])
        needs = _open_needs(connection, answer["application_id"]) if case is not None else []
        for need in needs:
            if request_id(answer["application_id"], need.kind, need.attempt) == answer["request_id"]:
                self._note(connection, case, need, answer)

    def _note(self, connection: Connection, case: Any, need: Row[Any], answer: Mapping[str, Any]) -> None:
        if self.settle(connection, need.application_id, need.kind):
            return
        case = events.lock(connection, need.application_id)
        need = _need(connection, need.application_id, need.kind) or need
        outcome = answer["outcome"]
        reason = need.reason if need.reason in _KEPT else _OUTCOMES[outcome]
        wait_s = ANSWER_WITHIN_S if outcome == "FOUND" else back_off_s(need.attempt)
        if outcome == "UNAVAILABLE":
            wait_s = max(answer.get("retry_after_s") or 0, back_off_s(need.attempt) / 12)
        self._wait(connection, case, need, reason, self._later(wait_s))

    def _wanted(self, case: Row[Any], need: Row[Any]) -> matching.Wanted:
        purpose = self._purposes.get(case.purpose)
        year = china_day(self._clock.now()).year
        but_not = bytes(need.record_id) if need.record_id else None
        return matching.Wanted(need.kind, bytes(need.wanted_id), bytes(case.applicant_id), purpose, year, but_not)

    def _decide(self, connection: Connection, case: Row[Any], need: Row[Any], match: matching.Match) -> None:
        application_id = bytes(case.application_id)
        detail = match._asdict() | {
            "kind": need.kind,
            "piece": case.pieces,
            "key": events.piece_key(application_id, need.kind, match.record_id),
        }
        self._happen(connection, case, "MATCHED", detail)

    def _ask(self, connection: Connection, case: Row[Any], need: Row[Any], question: Question) -> None:
        attempt = need.attempt + 1
        outbox.put(connection, [_request(case, need.kind, attempt, question, self._clock.now_ms())])
        reason = reasons.ASKED if need.reason == reasons.NEW else need.reason
        self._wait(connection, case, need, reason, self._later(ANSWER_WITHIN_S + back_off_s(attempt)), asked=1)

    def _wait(
        self, connection: Connection, case: Row[Any], need: Row[Any], reason: str, next_ask_ms: int, *, asked: int = 0
    ) -> None:
        attempt = need.attempt + asked
        detail = {"kind": need.kind, "reason": reason, "attempt": attempt, "next_ask_ms": next_ask_ms}
        self._happen(connection, case, "WAITING", detail)

    def _happen(self, connection: Connection, case: Row[Any], what: str, detail: Mapping[str, Any]) -> None:
        happened = events.Event(bytes(case.application_id), case.number + 1, what, self._clock.now_ms(), detail)
        events.happen(connection, happened)

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
    """Whether an application waits for a question to be put, for its answer, or for the verdict on what it brought."""
    need = application_need.c
    soon_ms = now_ms + int(1000 * (ANSWER_WITHIN_S + back_off_s(1)))
    query = select(need.kind).where(need.state == "open", need.next_ask_ms <= soon_ms, need.reason.in_(_AWAITED))
    return connection.execute(query.limit(1)).first() is not None


def any_due(connection: Connection, now_ms: int) -> bool:
    """Whether any open need's time has come."""
    return connection.execute(_due(select(application_need.c.kind), now_ms).limit(1)).first() is not None


def due(connection: Connection, now_ms: int) -> Row[Any] | None:
    """The open need that is longest overdue, with what is needed to ask. Its case stays locked until the transaction
    ends; those that another transaction has locked are passed over."""
    need, case = application_need.c, application.c
    columns = select(need.application_id, need.kind, need.wanted_by, need.attempt, case.applicant_id, case.sealed)
    joined = columns.join(application, case.application_id == need.application_id)
    first = _due(joined, now_ms).order_by(need.next_ask_ms).limit(1)
    return connection.execute(first.with_for_update(of=application, skip_locked=True)).one_or_none()


def _due(query: Select[Any], now_ms: int) -> Select[Any]:
    need = application_need.c
    return query.where(need.state == "open", need.next_ask_ms <= now_ms, need.wanted_id.is_not(None))


def _waiting_for(connection: Connection, ids: Sequence[bytes]) -> list[tuple[bytes, str]]:
    """(application, kind) of open needs for any of ``ids``."""
    need = application_need.c
    if not ids or connection.execute(select(need.kind).where(need.state == "open").limit(1)).first() is None:
        return []
    found: set[tuple[bytes, str]] = set()
    for start in range(0, len(ids), _CHUNK):
        query = select(need.application_id, need.kind).where(
            need.wanted_id.in_(ids[start : start + _CHUNK]), need.state == "open"
        )
        found.update((bytes(row.application_id), row.kind) for row in connection.execute(query))
    return sorted(found)


def _need(connection: Connection, application_id: bytes, kind: str) -> Row[Any] | None:
    need = application_need.c
    query = select(application_need).where(
        need.application_id == application_id, need.kind == kind, need.state == "open"
    )
    return connection.execute(query).one_or_none()


def _open_needs(connection: Connection, application_id: bytes) -> Sequence[Row[Any]]:
    need = application_need.c
    query = select(application_need).where(need.application_id == application_id, need.state == "open")
    return connection.execute(query).all()


def _request(case: Row[Any], kind: str, attempt: int, question: Question, now_ms: int) -> outbox.Message:
    application_id = bytes(case.application_id)
    identity = request_id(application_id, kind, attempt)
    value = {
        "request_id": identity,
        "application_id": application_id,
        "source": question.source,
        "by": question.by,
        "query": {"subject_id": bytes(case.applicant_id), "ciphertext": question.sealed},
        "purpose": case.purpose,
        "legal_basis": case.legal_basis,
        "attempt": attempt,
    }
    headers = events.cloud_event(identity.hex(), "lookup.requested", now_ms)
    return outbox.Message(LOOKUP_REQUESTS, application_id, wire.encode(REQUEST_SCHEMA, value), headers, now_ms)
