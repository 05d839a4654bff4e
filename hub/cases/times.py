"""Times as text."""

from datetime import UTC, datetime

from hub.clock import CHINA
from hub.topics import cloudevents


def iso(at_ms: int | None) -> str | None:
    """Milliseconds since the epoch as RFC 3339 in UTC, with milliseconds and Z. ``None`` gives ``None``.

    >>> iso(1_600_000_000_123)
    '2020-09-13T12:26:40.123Z'
    """
    return None if at_ms is None else cloudevents.rfc3339(datetime.fromtimestamp(at_ms / 1000, UTC))


def china_time(at_ms: int | None) -> str | None:
    """ISO 8601 in China's time, cut to the minute: a time in milliseconds would identify the event on a topic (P5).
    ``None`` gives ``None``.

    >>> china_time(1_600_000_000_000)
    '2020-09-13T20:26+08:00'
    """
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(CHINA).isoformat(timespec="minutes")
