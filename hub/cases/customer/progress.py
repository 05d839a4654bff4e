"""The progress of one application as its customer sees it, as JSON values: where it stands, what is next, whose turn it
is, by when, and what was fetched from where. No personal value is in it: the token says who may see, not who it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.cases import notices, policy, reasons
from hub.cases.calendar import day_of
from hub.cases.clocks import Clock, clock, dates
from hub.cases.connection.materials.shown import told as told_at_once
from hub.cases.connection.steps.histories import history_of
from hub.cases.connection.tables import application
from hub.cases.customer.answers import answers
from hub.cases.customer.steps import stand, steps, to_ask
from hub.cases.evidence.needs import NeedState
from hub.cases.evidence.tables import need
from hub.cases.procedure import Given
from hub.cases.ratings.grades import GRADES
from hub.cases.ratings.tables import rating
from hub.cases.steps.judge import History
from hub.cases.tables import case
from hub.cases.times import iso
from hub.errors import RecordRejected
from hub.records.declarations import DeclaredKind, declarations
from hub.records.tables import record

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Followed:
    """What is known of one application: its row (``application`` joined with ``case``), history and clock."""

    row: Row[Any]
    history: History
    clock: Clock


def follow(connection: Connection, case_id: bytes, today: date) -> Followed:
    """How far an application is on ``today`` (China's). Raises ``RecordRejected`` (NO_SUCH_APPLICATION)."""
    both = case.c.case_id == application.c.case_id
    query = select(application, case.c.opened_ms, case.c.subject_id).join(case, both)
    row = connection.execute(query.where(application.c.case_id == case_id)).one_or_none()
    if row is None:
        raise RecordRejected("NO_SUCH_APPLICATION")
    table = policy.of_case(row)
    history = history_of(connection, case_id)
    return Followed(row, history, clock(history, table, notices.calendar(connection), today))


def public(found: Followed) -> Json:
    """Step and dates only: what a look-up by number shows."""
    told = stand(found.clock)
    return {
        "submitted_on": _day(found.row.opened_ms),
        "where_zh": told.where.zh,
        "where_en": told.where.en,
        "steps": steps(found.clock, found.history),
        "due_on": _iso(told.due_on),
        "provisional": told.provisional,
        "ended_on": _day(found.history.ended_ms),
    }


def full(given: Given, connection: Connection, found: Followed, authorities: Mapping[str, str]) -> Json:
    """Everything that the customer sees. ``authorities``: source → the authority that it belongs to. Raises as
    ``answers``."""
    told, row = stand(found.clock), found.row
    evidence = _evidence(connection, bytes(row.case_id), authorities)
    return public(found) | {
        "application_id": bytes(row.case_id).hex(),
        "channel": row.channel,
        "case_type_zh": found.clock.now.row.zh,
        "case_type_en": found.clock.now.row.en,
        "policy": found.clock.policy.version,
        "source": found.clock.policy.source,
        "turn": told.turn,
        "next_zh": told.next.zh,
        "next_en": told.next.en,
        "asked": _asked(found.clock),
        "may_ask": list(to_ask(found.clock)),
        "bring": [{"name": one.name, "zh": one.zh, "en": one.en, "clause": one.clause} for one in told.bring],
        "answers": answers(given, connection, found.history),
        "notices": told_at_once(connection, bytes(row.case_id), found.clock.policy),
        "ended": found.history.end.value if found.history.end else None,
        "evidence": evidence,
        "rating": _rating(connection, found),
    }


def _asked(clock: Clock) -> Json | None:
    """The segment that runs, where the customer asked the hub for it: when, and by when the utility answers."""
    line = clock.now.running
    if line is None or line.asked_on is None:
        return None
    return {
        "segment": line.segment,
        "zh": line.zh,
        "asked_on": line.asked_on.isoformat(),
        "answer_by": _iso(dates(clock).due_on or dates(clock).segment_due_on),
    }


def _evidence(connection: Connection, case_id: bytes, authorities: Mapping[str, str]) -> list[Json]:
    """What was fetched, from where and when, and why not yet. No record is shown, only that it is there."""
    fetched = need.outerjoin(record, need.c.record_id == record.c.record_id)
    columns: list[Any] = [need.c.kind, need.c.state, need.c.reason, record.c.source, record.c.read_at_ms]
    query = select(*columns).select_from(fetched).where(need.c.case_id == case_id).order_by(need.c.kind)
    return [_fetched(one, authorities) for one in connection.execute(query)]


def _fetched(one: Row[Any], authorities: Mapping[str, str]) -> Json:
    words, declared = reasons.words(one.reason), _kinds()[one.kind]
    met = one.state == NeedState.MET
    return {
        "kind": one.kind,
        "kind_zh": declared.zh,
        "kind_en": declared.about,
        "state": one.state,
        "from": authorities.get(one.source, one.source) if met else None,
        "fetched_on": _day(one.read_at_ms) if met else None,
        "yours": one.reason in reasons.OF_TICKETS,
        "reason_zh": words.zh,
        "reason_en": words.en,
    }


@cache
def _kinds() -> Mapping[str, DeclaredKind]:
    return {kind.name: kind for declaration in declarations() for kind in declaration.kinds}


def _rating(connection: Connection, found: Followed) -> Json:
    """The rating that was given, and whether one can be given now: after the end, once."""
    row = connection.execute(select(rating).where(rating.c.case_id == bytes(found.row.case_id))).one_or_none()
    given = GRADES[row.grade] if row else None
    return {
        "open": row is None and found.history.end is not None,
        "grade": row.grade if row else None,
        "grade_zh": given.zh if given else None,
        "grade_en": given.en if given else None,
        "rated_at": iso(row.rated_ms) if row else None,
        "checked": bool(row.checked) if row else None,
        "follow_up_due_on": row.follow_up_due_on if row else None,
        "follow_up": row.outcome if row else None,
        "followed_up_at": iso(row.followed_up_ms) if row else None,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(at_ms: int | None) -> str | None:
    """China's day."""
    return None if at_ms is None else day_of(at_ms).isoformat()
