"""What was submitted beyond the policy's list and refused before there was a case: events on ``access.events``."""

from collections.abc import Iterator
from typing import Any, Final

from hub.audit.codes import Finding, Shown
from hub.codec import wire
from hub.errors import RecordRejected
from hub.ports import LogRecord, RecordLog
from hub.topics.declared import ACCESS_EVENTS

NOT_ASKED: Final = "NOT_ASKED"


def refused(log: RecordLog, since_ms: int, until_ms: int) -> Iterator[Finding]:
    """One finding for each submission of this time that had more than the list. Raises ``Unavailable``."""
    for partition in range(log.topics().get(ACCESS_EVENTS, 0)):
        start = log.offset_at(ACCESS_EVENTS, partition, since_ms)
        for batch in log.scan(ACCESS_EVENTS, partition, start):
            yield from (_finding(value) for one in batch.records if (value := _asked(one, since_ms, until_ms)))


def _asked(one: LogRecord, since_ms: int, until_ms: int) -> dict[str, Any] | None:
    try:
        value: dict[str, Any] = wire.decode(one.value or b"")[1]
    except RecordRejected:
        return None
    in_time = since_ms <= value.get("occurred_at_ms", 0) <= until_ms
    return value if in_time and value.get("code") == NOT_ASKED else None


def _finding(value: dict[str, Any]) -> Finding:
    by = value["by"]
    named = (NOT_ASKED, by["client"], by["channel"], *value.get("materials", ()))
    event = Shown("request", value["event_id"].hex(), value["occurred_at_ms"], " ".join(filter(None, named)))
    return Finding("REQUEST_REFUSED", None, (event,))
