"""Messages of received records: sealed rows with CloudEvents headers. Ingest and look-ups use them."""

import json
from collections.abc import Sequence
from datetime import datetime

from hub.ports import Cursor, Outgoing
from hub.privacy.sealing import SealedRow
from hub.topics import cloudevents
from hub.topics.cloudevents import Header
from hub.topics.declared import partition_of


class Envelopes:
    """Makes the messages of one page. All have the same source and time."""

    def __init__(self, source: str, partitions: int, now: datetime) -> None:
        self._partitions = partitions
        self._timestamp = int(now.timestamp() * 1000)
        self._tail = cloudevents.tail(cloudevents.source_path(source), now)

    def message(self, row: SealedRow, topic: str | None = None, more: Sequence[Header] = ()) -> Outgoing:
        """The message of one received record, for ``topic``, or for its kind's topic. The partition depends on the
        entity's id only, so that all its versions stay in order."""
        name = f"{row.kind}.received"
        headers = (
            cloudevents.id_header(row.record_id.hex()),
            cloudevents.type_header(name),
            *self._tail,
            *([(cloudevents.READING, str(row.reading).encode())] if row.reading else ()),
            *more,
        )
        partition = partition_of(row.entity_id, self._partitions)
        return Outgoing(topic or name, partition, row.entity_id, row.value, headers, self._timestamp)

    def page(self, rows: Sequence[SealedRow], cursor: Cursor | None) -> list[Outgoing]:
        """The messages of one page of a feed, in its order. The last one carries the cursor after the page."""
        last = len(rows) - 1
        marked = [(cloudevents.CURSOR, json.dumps(cursor, separators=(",", ":")).encode())]
        return [self.message(row, more=marked if place == last else ()) for place, row in enumerate(rows)]
