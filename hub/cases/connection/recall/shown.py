"""Recalls as they are written into the table, sent to sinks, and shown."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from hub.cases import reasons
from hub.cases.connection.recall.events import Recalled, Retracted
from hub.cases.connection.recall.tables import recall
from hub.cases.connection.tables import application
from hub.cases.events import Entry
from hub.cases.evidence import changes, over
from hub.cases.evidence.told import change, reason
from hub.cases.procedure import Body, Given, Moment, Sending
from hub.cases.times import china_time, iso
from hub.records.tables import record

_COPIED = ("kind", "record_id", "reading", "reason", "later_id", "changed_ms", "learned_ms")


def project(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write recalls into the table; those of a former version of the hub, which did not say both times, are left out.
    The running hub and ``hub rebuild`` both call it."""
    if rows := [_row(entry) for entry in entries if _event(entry).learned_ms is not None]:
        connection.execute(insert(recall), rows)


def _event(entry: Entry) -> Retracted | Recalled:
    assert isinstance(entry.event, Retracted | Recalled)
    return entry.event


def _row(entry: Entry) -> dict[str, Any]:
    event = _event(entry)
    return {name: getattr(event, name) for name in _COPIED} | {
        "case_id": entry.case_id,
        "number": entry.number,
        "nth": getattr(event, "nth", None),
        "decided_ms": entry.occurred_at_ms,
    }


def told(connection: Connection, case_ids: Collection[bytes]) -> dict[bytes, list[Row[Any]]]:
    """The notices of these cases, in their order: case → rows."""
    found: dict[bytes, list[Row[Any]]] = {one: [] for one in case_ids}
    query = select(recall).where(recall.c.case_id.in_(case_ids), recall.c.nth.is_not(None)).order_by(recall.c.nth)
    for row in connection.execute(query):
        found[bytes(row.case_id)].append(row)
    return found


def of_words(connection: Connection, record_ids: Sequence[bytes]) -> list[tuple[bytes, str]]:
    """(Case's id, kind) of the notices that something is not in force, of whose thing one of these records of another
    row speaks."""
    ended = recall.c.nth.is_not(None), recall.c.reason == reasons.NOT_CURRENT
    told = select(recall.c.case_id, recall.c.kind).where(*ended)
    if connection.execute(told.limit(1)).first() is None:
        return []
    found = over.of_things(connection, record_ids)
    query = told.where(recall.c.case_id.in_({case_id for case_id, _ in found}))
    return sorted({(bytes(row.case_id), row.kind) for row in connection.execute(query)} & {*found}) if found else []


def all_of_words(connection: Connection) -> list[tuple[bytes, str]]:
    """As ``of_words``, of every record."""
    query = select(recall.c.case_id, recall.c.kind).where(recall.c.reason == reasons.NOT_CURRENT)
    return [(bytes(row.case_id), row.kind) for row in connection.execute(query.distinct())]


def shown(connection: Connection, case_id: bytes) -> list[Body]:
    """The recalls of a case as JSON values, in their order."""
    later = recall.join(record, record.c.record_id == recall.c.later_id)
    query = select(recall, record.c.status, record.c.operation).select_from(later).where(recall.c.case_id == case_id)
    return [_shown(row) for row in connection.execute(query.order_by(recall.c.number))]


def _shown(row: Row[Any]) -> Body:
    denied = row.reason == reasons.NOT_OF_SITE
    words = reasons.words(row.reason) if denied else changes.of(row.status, row.operation).words
    return {
        "kind": row.kind,
        "record_id": bytes(row.record_id).hex(),
        "later_record_id": bytes(row.later_id).hex(),
        "reason": reason(row.reason),
        "reason_zh": words.zh,
        "reason_en": words.en,
        "after_the_end": row.nth is not None,
        "changed_at": iso(row.changed_ms),
        "learned_at": iso(row.learned_ms),
    }


def body(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:  # noqa: ARG001
    """One notice for a sink, as it was decided: which evidence, why, when it changed at its source and when the hub
    learned it, and when the case ended. It holds no personal value."""
    about = recall.c.case_id == sending.case.case_id
    row = connection.execute(select(recall).where(about, recall.c.nth == sending.piece.reading)).one()
    ended = select(application.c.ended, application.c.ended_ms).where(application.c.case_id == sending.case.case_id)
    case = connection.execute(ended).one()
    return {
        "noticeNo": row.nth,
        "kind": row.kind,
        **change(sending, bytes(row.record_id), row.reading, row),
        "ended": case.ended,
        "endedAt": china_time(case.ended_ms),
    }
