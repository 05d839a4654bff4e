"""Messages of what was received: sealed rows with CloudEvents headers (binary mode), for ingest and look-ups alike."""

import json
from collections.abc import Sequence
from datetime import datetime

from hub.ports import Cursor, Outgoing
from hub.privacy.sealing import SealedRow
from hub.topics.declared import partition_of

CURSOR_HEADER = "hub_cursor"
REQUEST_HEADER = "hub_request"

Header = tuple[str, bytes]


class Envelopes:
    """Makes the messages of one page: same source, same moment."""

    def __init__(self, source: str, partitions: int, now: datetime) -> None:
        self._partitions = partitions
        self._timestamp = int(now.timestamp() * 1000)
        self._tail: tuple[Header, ...] = (
            ("ce_source", f"/sources/{source}".encode()),
            ("ce_time", rfc3339(now)),
            ("ce_specversion", b"1.0"),
        )

    def message(self, row: SealedRow, topic: str | None = None, more: Sequence[Header] = ()) -> Outgoing:
        """One received record; ``topic`` is its kind's own unless named. The partition is the entity's: its versions
        stay in order."""
        headers = (
            ("ce_id", row.record_id.hex().encode()),
            ("ce_type", f"cn.onecert.{row.kind}.received".encode()),
            *self._tail,
            *more,
        )
        partition = partition_of(row.entity_id, self._partitions)
        return Outgoing(topic or f"{row.kind}.received", partition, row.entity_id, row.value, headers, self._timestamp)

    def page(self, rows: Sequence[SealedRow], cursor: Cursor | None) -> list[Outgoing]:
        """A page of a feed; its last record carries the cursor after it."""
        last = len(rows) - 1
        marked = [(CURSOR_HEADER, json.dumps(cursor, separators=(",", ":")).encode())]
        return [self.message(row, more=marked if place == last else ()) for place, row in enumerate(rows)]


def rfc3339(now: datetime) -> bytes:
    """UTC with milliseconds and a Z."""
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()
