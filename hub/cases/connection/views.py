"""What a person may see of an application, as JSON values: opaque ids, the caller's number, reasons in words."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from hub.cases import notices, policy, reasons
from hub.cases.calendar import Calendar, day_of
from hub.cases.case import PieceState
from hub.cases.clocks import KindClock
from hub.cases.connection import states
from hub.cases.connection.agreed import shown as agreed
from hub.cases.connection.command import Application
from hub.cases.connection.handed import shown as handed
from hub.cases.connection.placed import shown as placed
from hub.cases.connection.recall import shown as recalls
from hub.cases.connection.steps import changes, clocks, histories
from hub.cases.connection.tables import application
from hub.cases.evidence.needs import NEVER_MS, NeedState
from hub.cases.evidence.tables import need
from hub.cases.policies.questions import Question, after, questions
from hub.cases.policies.trial import OpenCase, Told
from hub.cases.procedure import Given, Opens
from hub.cases.steps import read
from hub.cases.steps.facts import Fact, Kind
from hub.cases.steps.tables import number_dispute
from hub.cases.steps.words import OF_TWO
from hub.cases.tables import case, piece
from hub.cases.times import iso

Json = dict[str, Any]
OPEN_PAGE: Final = 500
"""Open cases whose steps are read at once."""


def full(connection: Connection, row: Row[Any], given: Given, today: date) -> Json:
    """One application with its time limit, evidence and deliveries, from a row of ``application`` joined with
    ``case``. ``today`` is China's."""
    case_id = bytes(row.case_id)
    needs = connection.execute(select(need).where(need.c.case_id == case_id).order_by(need.c.kind)).all()
    pieces = connection.execute(select(piece).where(piece.c.case_id == case_id).order_by(piece.c.piece)).all()
    sealed = [row.sealed, *(value for one in pieces for value in (one.sealed_reason, one.sealed_receipt))]
    submitted, *said = _opened(given.opener, row.subject_id, sealed)
    deliveries = [_delivery(one, *said[place * 2 : place * 2 + 2]) for place, one in enumerate(pieces)]
    return _summary(row, submitted) | {
        "purpose": row.purpose,
        "legal_basis": row.legal_basis,
        "clock": _clock(connection, row, today, notices.calendar(connection)),
        "questions": [
            *_questions(given, connection, row, submitted),
            *_disputes(connection, case_id),
        ],
        "evidence": [_need(one, pieces) for one in needs],
        "places": [placed.shown(one) for one in placed.rows(connection, case_id)],
        "deliveries": deliveries,
        "agreement": agreed.shown(connection, case_id),
        "recalls": recalls.shown(connection, case_id),
        "handovers": handed.shown(connection, case_id),
    }


def _questions(given: Given, connection: Connection, row: Row[Any], submitted: str | None) -> list[Json]:
    """What a person should ask, of what was submitted and of what it became; nothing where the application does not
    open."""
    if submitted is None:
        return []
    table, wanted = policy.by_version(row.policy), Application.model_validate_json(submitted)
    history = histories.history_of(connection, bytes(row.case_id))
    kinds, capacity_kw = [kind for _, kind in history.kinds], changes.capacity_kw(given, connection, history)
    asked = [*questions(wanted, table), *after(kinds, capacity_kw or wanted.capacity_kw, table)]
    return [said(one) for one in dict.fromkeys(asked)]


def _disputes(connection: Connection, case_id: bytes) -> list[Json]:
    """Whether a number of the case is another one's too."""
    query = select(number_dispute.c.number_id).where(number_dispute.c.case_id == case_id).limit(1)
    return [said(OF_TWO)] if connection.execute(query).first() else []


def said(one: Question) -> Json:
    """A question in words, for the API and for a connection system."""
    words = reasons.words(one.code)
    return {"code": one.code, "zh": words.zh, "en": words.en, "clause": one.clause}


def _opened(opener: Opens, subject_id: bytes, sealed: Sequence[bytes | None]) -> list[str | None]:
    """Values that were sealed for one subject, as text. ``None`` for a value that is missing or does not open."""
    there = [bytes(value) for value in sealed if value is not None]
    opened = iter(opener.open_values([(bytes(subject_id), value) for value in there]) if there else ())
    values = [next(opened) if value is not None else None for value in sealed]
    return [value.decode() if isinstance(value, bytes) else None for value in values]


def summaries(connection: Connection, rows: Sequence[Row[Any]], opener: Opens, now_ms: int) -> list[Json]:
    """Short views of applications, each with the number of its pieces in each state, and the states that it is in
    itself (``states.STATES``) at ``now_ms``, business time."""
    ids = [bytes(row.case_id) for row in rows]
    columns = (piece.c.case_id, piece.c.state)
    counted = select(*columns, func.count()).where(piece.c.case_id.in_(ids)).group_by(*columns)
    pieces: dict[bytes, dict[str, int]] = {}
    for case_id, state, count in connection.execute(counted):
        pieces.setdefault(bytes(case_id), {})[state] = count
    found = states.of(connection, ids, now_ms)
    sealed = [(bytes(row.subject_id), bytes(row.sealed)) for row in rows]
    opened = opener.open_values(sealed) if sealed else []
    texts = [value.decode() if isinstance(value, bytes) else None for value in opened]
    return [
        _summary(row, text) | {"pieces": pieces.get(bytes(row.case_id), {}), "states": found[bytes(row.case_id)]}
        for row, text in zip(rows, texts, strict=True)
    ]


def _summary(row: Row[Any], submitted: str | None) -> Json:
    return {
        "application_id": bytes(row.case_id).hex(),
        "external_no": json.loads(submitted)["external_no"] if submitted else None,
        "channel": row.channel,
        "customer_class": row.customer_class,
        "voltage": row.voltage_now or row.voltage,
        "state": "held" if row.held else "open",
        "submitted_at": iso(row.opened_ms),
        "due_on": row.due_on,
        "segment": row.segment or None,
        "segment_due_on": row.segment_due_on,
        "provisional": bool(row.provisional),
        "ended": row.ended,
        "ended_at": iso(row.ended_ms),
        "first_application_id": bytes(row.first_id).hex() if row.first_id else None,
    }


def open_cases(connection: Connection) -> Iterator[OpenCase]:
    """Every application that has not ended, as the kind that it is now, with what the utility reported of it."""
    columns = case.c.opened_ms, *(application.c[name] for name in ("case_id", *OpenCase._fields[:4]))
    query = select(*columns).join(case, case.c.case_id == application.c.case_id).where(application.c.ended.is_(None))
    with connection.execute(query) as rows:
        for page in rows.partitions(OPEN_PAGE):
            facts = read.facts(connection, [bytes(row.case_id) for row in page])
            yield from (_open(row, facts[bytes(row.case_id)]) for row in page)


def _open(row: Row[Any], facts: Sequence[Fact]) -> OpenCase:
    began, begun_on = Kind(row.case_type, bool(row.starred)), day_of(row.opened_ms)
    works = bool(row.external_works)
    if not facts:
        return OpenCase(row.policy, *began, works, begun_on)
    told = Told(read.to_minute(row.opened_ms), began, tuple(facts))
    now = histories.judged(row, row.opened_ms, facts).kinds[-1][1]
    return OpenCase(row.policy, *now, works, begun_on, told)


def _clock(connection: Connection, row: Row[Any], today: date, calendar: Calendar) -> Json:
    """The time limit in short, of the kind that the case is now."""
    now = clocks.of(connection, row, calendar, today)[1].now
    table, case, starred = policy.by_version(row.policy), now.row, now.kind.starred
    timed = [one for one in case.timed(starred) if one.days is not None]
    segments = [{"name": one.name, "zh": one.zh, "working_days": one.days} for one in timed]
    return {
        "policy": table.version,
        "source": table.source,
        "case_type": case.name,
        "case_type_zh": case.zh,
        "steps": [step.zh for step in case.seen(starred)],
        "segments": segments,
        "working_days": case.total(starred),
        "working_days_left": now.limited.left,
        "external_works": row.external_works,
        "starting_day_counts": table.starting_day_counts,
        "counted_days": _counted(row, now, table.starting_day_counts, calendar),
        "calendar": row.calendar,
        "whole_process": case.whole_process is not None,
    }


def _counted(row: Row[Any], now: KindClock, starting_day_counts: bool, calendar: Calendar) -> list[str]:
    """The working days of the date that is promised, one by one, so that a person can check the counting."""
    running = now.whole if now.row.whole_process else next((one.span for one in now.lines if one is now.running), None)
    if row.counted_to is None or running is None:
        return []
    begun_on = running.opened_on
    days = calendar.working_days(begun_on, date.fromisoformat(row.counted_to), starting_day_counts)
    return [day.isoformat() for day in days]


def _need(row: Row[Any], pieces: Sequence[Row[Any]]) -> Json:
    words = reasons.words(row.reason)
    return {
        "kind": row.kind,
        "state": row.state,
        "wanted_by": row.wanted_by,
        "pieces": [one.piece for one in pieces if one.kind == row.kind and one.state != PieceState.WITHDRAWN],
        "record_id": bytes(row.record_id).hex() if row.record_id else None,
        "reason": row.reason,
        "reason_zh": words.zh,
        "reason_en": words.en,
        "asked": row.attempt,
        "next_look_at": iso(row.next_ask_ms) if _looks(row) else None,
    }


def _looks(row: Row[Any]) -> bool:
    return bool(row.state == NeedState.OPEN and 0 < row.next_ask_ms < NEVER_MS)


def _delivery(one: Row[Any], said: str | None, receipt: str | None) -> Json:
    words = reasons.words(one.reason) if one.reason else None
    received = json.loads(receipt) if receipt else {}
    return {
        "piece": one.piece,
        "sink": one.sink,
        "kind": one.kind,
        "state": one.state,
        "record_id": bytes(one.record_id).hex() if one.record_id else None,
        "holder_relation": one.holder_relation,
        "decided_at": iso(one.decided_ms),
        "ended_at": iso(one.ended_ms),
        "receipt": received.get("number"),
        "receipt_at": received.get("received_at") or None,
        "found_by_asking": bool(one.found),
        "reason": one.reason,
        "reason_zh": words.zh if words else None,
        "reason_en": words.en if words else None,
        "said": said,
    }
