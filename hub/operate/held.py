"""What waits: records whose parent is not verified yet (the table ``waiting``)."""

from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from hub.records.tables import waiting


class Held(NamedTuple):
    """How many records of a source wait for records of one kind, and since when the first of them does (ms)."""

    source: str
    kind: str
    waits_for: str
    records: int
    since: datetime


def held(connection: Connection) -> list[Held]:
    """What waits now, by source, in the order of their names."""
    names = (waiting.c.source, waiting.c.kind, waiting.c.waits_for)
    query = select(*names, func.count(), func.min(waiting.c.since_ms)).group_by(*names).order_by(*names)
    return [
        Held(source, kind, waits_for, records, datetime.fromtimestamp(since_ms / 1000, UTC))
        for source, kind, waits_for, records, since_ms in connection.execute(query)
    ]
