"""Times as text."""

from datetime import UTC, datetime

from hub.topics import cloudevents


def iso(at_ms: int | None) -> str | None:
    """Milliseconds since the epoch as RFC 3339 in UTC, with milliseconds and Z. ``None`` gives ``None``.

    >>> iso(1_600_000_000_123)
    '2020-09-13T12:26:40.123Z'
    """
    return None if at_ms is None else cloudevents.rfc3339(datetime.fromtimestamp(at_ms / 1000, UTC))
