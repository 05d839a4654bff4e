"""What a person may see of joint transfers, as JSON values: opaque ids, the caller's number, states in words, and what
the utility said."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.cases import policy
from hub.cases.evidence import changes
from hub.cases.evidence.told import reason
from hub.cases.procedure import Opens
from hub.cases.reasons import Words
from hub.cases.tables import piece
from hub.cases.times import iso
from hub.cases.transfer.deciding import limits
from hub.cases.transfer.states import RANK, Ask, State
from hub.cases.transfer.tables import transfer_conflict, transfer_recall, transfer_report, transfer_title
from hub.cases.transfer.words import (
    ACCOUNT_HOLDERS,
    CAUSES,
    DONE_WITHOUT_ENTRY,
    FOUND,
    LIMIT,
    NO_ANSWER,
    NO_LIMIT,
    RESULTS,
    STATES,
    delivery,
    happened,
)
from hub.clock import CHINA
from hub.errors import Unavailable
from hub.records.tables import record
from hub.topics import cloudevents
from hub.topics.places import Reads, read_value

Json = dict[str, Any]


def summaries(rows: Sequence[Row[Any]], opener: Opens, today: date) -> list[Json]:
    """Short views, from rows of ``transfer`` joined with ``case``. ``today`` in China."""
    sealed = [(bytes(row.subject_id), bytes(row.sealed)) for row in rows]
    opened = opener.open_values(sealed) if sealed else []
    return [
        _summary(row, json.loads(one) if isinstance(one, bytes) else None, today)
        for row, one in zip(rows, opened, strict=True)
    ]


def full(connection: Connection, row: Row[Any], opener: Opens, log: Reads, today: date) -> Json:
    """One transfer with what the utility reported, the titles that were heard, and its deliveries."""
    case_id = bytes(row.case_id)
    reports = select(transfer_report).where(transfer_report.c.case_id == case_id)
    titles = select(transfer_title).where(transfer_title.c.case_id == case_id)
    pieces = select(piece).where(piece.c.case_id == case_id).order_by(piece.c.piece)
    told = sorted(connection.execute(reports), key=lambda one: (one.reported_at_ms, RANK[one.result], one.event))
    conflicts = select(transfer_conflict).where(transfer_conflict.c.case_id == case_id)
    others = connection.execute(conflicts.order_by(transfer_conflict.c.heard_ms, transfer_conflict.c.record_id)).all()
    doubted = {bytes(one.event) for one in others}
    (shown,) = summaries([row], opener, today)
    return shown | {
        "purpose": row.purpose,
        "legal_basis": row.legal_basis,
        "policy": row.policy,
        "mandate": bool(row.mandate),
        "clock": _clock(row, today),
        "reports": [
            _report(one, opinion, bytes(one.event) in doubted)
            for one, opinion in zip([*told, *others], _opinions([*told, *others], opener, log), strict=True)
        ],
        "titles": [
            _title(one)
            for one in connection.execute(titles.order_by(transfer_title.c.heard_ms, transfer_title.c.record_id))
        ],
        "recalls": _recalls(connection, case_id),
        "deliveries": [_delivery(one) for one in connection.execute(pieces)],
    }


def story(shown: Json) -> list[Json]:
    """What happened to one transfer (``full``), in the order in which the hub learned or decided it."""
    found = [_line(shown["submitted_at"], "submitted", happened_at=shown["submitted_at"])]
    for one in shown["reports"]:
        what = f"report.{one['result']}" if one["counted"] or not one["conflict"] else f"conflict.{one['result']}"
        told = {"happened_at": one["at"], "said": one["opinion"], "counted": one["counted"]}
        found.append(_line(one["heard_at"], what, **told))
    for one in shown["titles"]:
        what, words = f"title.{one['what']}", Words(one["what_zh"], one["what_en"])
        told = {"happened_at": one["registered_on"], "said": " ".join(words), "counted": one["what"] == "ENTERED"}
        found.append(_line(one["heard_at"], what, words, **told))
    for one in shown["recalls"]:
        what, words = f"recall.{one['reason']}", Words(one["reason_zh"], one["reason_en"])
        told = {"happened_at": one["changed_at"], "said": " ".join(words)}
        found.append(_line(one["learned_at"], what, words, **told))
    for one in shown["deliveries"]:
        found.append(_line(one["decided_at"], f"{one['kind']}.decided", happened_at=one["decided_at"]))
        if one["ended_at"]:
            told = {"happened_at": one["ended_at"], "said": one["reason"]}
            found.append(_line(one["ended_at"], f"{one['kind']}.{one['state']}", **told))
    return sorted((*found, *_limits(shown)), key=lambda line: line["at"])


def _limits(shown: Json) -> list[Json]:
    """The last day of the question that is open, from when it was asked; and that it is over."""
    clock = shown["clock"]
    if clock["due_on"] is None:
        return []
    asked = [one["decided_at"] for one in shown["deliveries"] if one["kind"] == clock["awaits"]]
    since, day = max(asked, default=shown["submitted_at"]), date.fromisoformat(clock["due_on"]) + timedelta(days=1)
    over = cloudevents.rfc3339(datetime.combine(day, time(), CHINA).astimezone(UTC))
    provisional = " 暂定 provisional" if clock["provisional"] else ""
    lines = [_line(since, "limit", happened_at=since, said=clock["due_on"] + provisional)]
    if clock["overdue"]:
        lines.append(_line(over, "limit.overdue", happened_at=over, said=clock["due_on"]))
    return lines


def _clock(row: Row[Any], today: date) -> Json:
    """The limit of the answer that is awaited, in working days, by the table that the transfer began with."""
    table, running = policy.by_version(row.policy).transfer, limits.awaits(State(row.state))
    days = {Ask.CHECK: table.check_days, Ask.TRANSFER: table.transfer_days}
    words = NO_ANSWER if running is None else NO_LIMIT if days[running] is None else LIMIT
    return {
        "awaits": running,
        "check_days": table.check_days,
        "transfer_days": table.transfer_days,
        "asked_on": row.asked_on,
        **_last_day(row, today),
        "zh": words.zh,
        "en": words.en,
        "clause": table.clause,
    }


def _line(
    at: str,
    what: str,
    words: Words | None = None,
    *,
    happened_at: str | None,
    said: str | None = None,
    counted: bool = True,
) -> Json:
    zh, en = words or happened(what)
    return {"at": at, "happened_at": happened_at, "what": what, "zh": zh, "en": en, "said": said, "counted": counted}


def _worded(name: str, words: Words) -> Json:
    return {f"{name}_zh": words.zh, f"{name}_en": words.en}


def _last_day(row: Row[Any], today: date) -> Json:
    """``overdue``: it is over and the answer is not there; ``provisional``: a notice of its days is still to come."""
    overdue = row.due_on is not None and row.due_on < today.isoformat()
    return {"due_on": row.due_on, "provisional": bool(row.provisional), "overdue": overdue}


def _summary(row: Row[Any], matter: Json | None, today: date) -> Json:
    without_entry = row.state == State.DONE and row.registered_on is None
    words = DONE_WITHOUT_ENTRY if without_entry else STATES[State(row.state)]
    return {
        "transfer_id": bytes(row.case_id).hex(),
        "external_no": matter["external_no"] if matter else None,
        "place": row.place,
        "channel": row.channel,
        "reason": row.cause,
        **_worded("reason", CAUSES[row.cause]),
        "state": row.state,
        **_worded("state", words),
        "held": bool(row.held),
        "submitted_at": iso(row.opened_ms),
        "account_tail": matter["account"][-4:] if matter else None,
        "account_holder": row.account_holder,
        **_worded("account_holder", ACCOUNT_HOLDERS[row.account_holder]),
        "unit_known": row.unit_id is not None,
        "registered_on": row.registered_on,
        "done_without_entry": without_entry,
        "keep_tariff": bool(row.keep_tariff),
        "checks": row.checks,
        "transfers": row.transfers,
        **_last_day(row, today),
    }


def _opinions(rows: Sequence[Row[Any]], opener: Opens, log: Reads) -> list[str | None]:
    """What the utility wrote, from the records; ``None`` for one without words, or that does not open."""
    try:
        values = [read_value(log, row.topic, row.partition, row.offset) for row in rows]
    except Unavailable:
        return [None] * len(rows)
    opened = opener.open(values) if values else []
    return [one.record["report"]["opinion"] if one.record else None for one in opened]


def _report(row: Row[Any], opinion: str | None, conflict: bool) -> Json:
    return {
        "result": row.result,
        **_worded("result", RESULTS[row.result]),
        "question": row.question or None,
        "at": iso(row.reported_at_ms),
        "heard_at": iso(row.heard_ms),
        "counted": bool(getattr(row, "counted", False)),
        "conflict": conflict,
        "opinion": opinion,
    }


def _title(row: Row[Any]) -> Json:
    return {
        "what": row.what,
        **_worded("what", FOUND[row.what]),
        "registered_on": row.registered_on,
        "record_id": bytes(row.record_id).hex(),
        "heard_at": iso(row.heard_ms),
        "notice_on": row.notice_on,
        "other_transfer_id": bytes(row.declared_by).hex() if row.declared_by else None,
    }


def _recalls(connection: Connection, case_id: bytes) -> list[Json]:
    later = transfer_recall.join(record, record.c.record_id == transfer_recall.c.later_id)
    query = select(transfer_recall, record.c.status, record.c.operation).select_from(later)
    mine = query.where(transfer_recall.c.case_id == case_id)
    return [
        _recall(row)
        for row in connection.execute(mine.order_by(transfer_recall.c.decided_ms, transfer_recall.c.later_id))
    ]


def _recall(row: Row[Any]) -> Json:
    words = changes.of(row.status, row.operation).words
    return {
        "record_id": bytes(row.record_id).hex(),
        "later_record_id": bytes(row.later_id).hex(),
        "registered_on": row.registered_on,
        "reason": reason(row.reason),
        "reason_zh": words.zh,
        "reason_en": words.en,
        "changed_at": iso(row.changed_ms),
        "learned_at": iso(row.learned_ms),
    }


def _delivery(row: Row[Any]) -> Json:
    return {
        "piece": row.piece,
        "sink": row.sink,
        "kind": row.kind,
        "nth": row.reading,
        "state": row.state,
        **_worded("state", delivery(row.kind, row.state)),
        "decided_at": iso(row.decided_ms),
        "ended_at": iso(row.ended_ms),
        "reason": row.reason,
    }
