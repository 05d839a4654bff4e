"""Records on ``access.events`` of what happened to the file of a licence: fetched, not to be had, given, erased
(P3, P4, P5). They have its size and media type, and no digest: the same file would be known again by it."""

from typing import Any, Final

from sqlalchemy import Row

from hub.cases.by import HUB, By
from hub.ports import Clock
from hub.stores import outbox
from hub.topics import access, cloudevents

SCHEMA: Final = "access.file"
FETCHED, MISSING, GIVEN, REFUSED, ERASED = "FETCHED", "MISSING", "GIVEN", "REFUSED", "ERASED"


def message(clock: Clock, row: Row[Any], action: str, reason: str | None = None, **more: Any) -> outbox.Message:
    """The event about the file of a row of ``licence_file``. ``more``: ``by`` and ``sink`` of who asked for it;
    ``media_type`` and ``size`` where the row does not have them yet."""
    by: By = more.pop("by", HUB)
    said = {
        "by": by._asdict(),
        "case_id": bytes(row.case_id),
        "record_id": bytes(row.record_id),
        "source": row.source,
        "kind": row.kind,
        "action": action,
        "reason": reason,
        "sink": None,
        "media_type": row.media_type,
        "size": row.size,
        **more,
    }
    return access.message(clock, SCHEMA, cloudevents.source_path(row.source), said, bytes(row.case_id))
