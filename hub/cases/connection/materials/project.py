"""Writes the events about materials into their tables."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert

from hub.cases.connection.materials.events import Documented, Noticed, Overasked
from hub.cases.connection.materials.tables import document, request
from hub.cases.events import Entry


def documented(connection: Connection, entries: Sequence[Entry]) -> None:
    """Documents that were handed in."""
    connection.execute(insert(document), [_document(entry) for entry in entries])


def _document(entry: Entry) -> dict[str, Any]:
    event = entry.event
    assert isinstance(event, Documented)
    place = {"case_id": entry.case_id, "number": entry.number, "handed_ms": entry.occurred_at_ms}
    return {**place, "material": event.material, "sealed": event.sealed}


def requested(connection: Connection, entries: Sequence[Entry]) -> None:
    """Requests for materials: one-time notices, and those that were refused."""
    connection.execute(insert(request), [_request(entry) for entry in entries])


def _request(entry: Entry) -> dict[str, Any]:
    event = entry.event
    assert isinstance(event, Noticed | Overasked)
    row = {
        "case_id": entry.case_id,
        "number": entry.number,
        "segment": event.segment,
        "asked_ms": entry.occurred_at_ms,
        "client": event.source or entry.by.client,
        "channel": entry.by.channel,
        "request_id": event.request,
        "content_id": event.content,
        "answers": json.dumps(event.answers) if event.answers else None,
    }
    if isinstance(event, Noticed):
        return {**row, "code": "", "items": json.dumps(event.items), "sealed": None}
    return {**row, "code": event.code, "items": json.dumps(event.nevers), "sealed": event.sealed}
