"""What a person may see of an application, as JSON values: opaque ids, the caller's number, reasons in plain words."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from hub.cases import policy as limits
from hub.cases import reasons
from hub.cases.calendar import china_day
from hub.cases.connection.tables import application_need, delivery
from hub.errors import Misconfigured
from hub.topics import cloudevents

Json = dict[str, Any]
OpenText = Callable[[bytes], str | None]


def full(connection: Connection, row: Row[Any], external_no: str | None, open_text: OpenText) -> Json:
    """One application with its clock, evidence and deliveries. ``open_text`` opens what is sealed for the applicant."""
    application_id = bytes(row.application_id)
    needs = connection.execute(
        select(application_need)
        .where(application_need.c.application_id == application_id)
        .order_by(application_need.c.kind)
    )
    sent = connection.execute(
        select(delivery).where(delivery.c.application_id == application_id).order_by(delivery.c.piece)
    )
    return _summary(row, external_no) | {
        "purpose": row.purpose,
        "legal_basis": row.legal_basis,
        "clock": _clock(row),
        "evidence": [_need(need) for need in needs],
        "deliveries": [_delivery(one, open_text) for one in sent],
    }


def summaries(connection: Connection, rows: Sequence[tuple[Row[Any], str | None]]) -> list[Json]:
    """Applications in short, each with how many pieces are in which state."""
    ids = [bytes(row.application_id) for row, _ in rows]
    columns = (delivery.c.application_id, delivery.c.state)
    counted = select(*columns, func.count()).where(delivery.c.application_id.in_(ids)).group_by(*columns)
    pieces: dict[bytes, dict[str, int]] = {}
    for application_id, state, count in connection.execute(counted):
        pieces.setdefault(bytes(application_id), {})[state] = count
    return [_summary(row, number) | {"pieces": pieces.get(bytes(row.application_id), {})} for row, number in rows]


def _summary(row: Row[Any], external_no: str | None) -> Json:
    return {
        "application_id": bytes(row.application_id).hex(),
        "external_no": external_no,
        "channel": row.channel,
        "customer_class": row.customer_class,
        "voltage": row.voltage,
        "state": "held" if row.held else "open",
        "submitted_at": iso(row.submitted_ms),
        "due_on": row.due_on or _due_on(row),
    }


def _clock(row: Row[Any]) -> Json:
    policy = limits.by_version(row.policy)
    case = policy.cases[row.case_type]
    segments = [{"name": one.name, "zh": one.zh, "working_days": one.days} for one in case.timed(row.starred)]
    return {
        "policy": policy.version,
        "source": policy.source,
        "case_type": case.name,
        "case_type_zh": case.zh,
        "steps": list(case.steps),
        "segments": segments,
        "working_days": case.total(row.starred),
        "whole_process": case.whole_process is not None,
    }


def _due_on(row: Row[Any]) -> str | None:
    """Worked out once the calendar knows the year that it did not know at submission."""
    day = china_day(datetime.fromtimestamp(row.submitted_ms / 1000, UTC))
    try:
        return limits.by_version(row.policy).due_on(row.case_type, row.starred, day).isoformat()
    except Misconfigured:
        return None


def _need(need: Row[Any]) -> Json:
    words = reasons.words(need.reason)
    return {
        "kind": need.kind,
        "state": need.state,
        "wanted_by": need.wanted_by,
        "piece": need.piece,
        "record_id": bytes(need.record_id).hex() if need.record_id else None,
        "reason": need.reason,
        "reason_zh": words.zh,
        "reason_en": words.en,
        "asked": need.attempt,
        "next_look_at": iso(need.next_ask_ms) if need.state == "open" else None,
    }


def _delivery(one: Row[Any], open_text: OpenText) -> Json:
    words = reasons.words(one.reason) if one.reason else None
    return {
        "piece": one.piece,
        "kind": one.kind,
        "state": one.state,
        "record_id": bytes(one.record_id).hex() if one.record_id else None,
        "holder_relation": one.holder_relation,
        "decided_at": iso(one.decided_ms),
        "ended_at": iso(one.ended_ms),
        "receipt": one.receipt,
        "receipt_at": one.receipt_at,
        "attempts": one.attempts,
        "reason": one.reason,
        "reason_zh": words.zh if words else None,
        "reason_en": words.en if words else None,
        "said": open_text(bytes(one.sealed_reason)) if one.sealed_reason else None,
    }


def iso(at_ms: int | None) -> str | None:
    """RFC 3339 in UTC with milliseconds.

    >>> iso(1_600_000_000_123)
    '2020-09-13T12:26:40.123Z'
    """
    if at_ms is None:
        return None
    return cloudevents.rfc3339(datetime.fromtimestamp(at_ms / 1000, UTC))
