"""Compaction of the embedded log's compacted topics: the newest record of each key stays, at its offset."""

import sqlite3
from collections.abc import Iterator

from hub.logs.sqlite import packing
from hub.logs.sqlite import rows as statements
from hub.logs.sqlite.packing import Row


def compact(connection: sqlite3.Connection, topic: int, partition: int) -> int:
    """Delete all records but the newest of each key, in the caller's transaction. Returns how many were deleted.

    ``topic`` is the topic's number in the file. The last row always stays, because it says where the partition ends.
    Memory: one entry per distinct key.
    """
    newest: dict[bytes | None, int] = {}
    for row in _rows(connection, topic, partition):
        newest.update((one.key, one.offset) for one in packing.unpack(row.base, row.payload))
    dropped = 0
    changes: list[tuple[int, bytes | None]] = []
    for row in _rows(connection, topic, partition):
        records = packing.unpack(row.base, row.payload)
        retained = [one for one in records if newest[one.key] == one.offset]
        if len(retained) < len(records):
            changes.append((row.base, packing.repack(retained, row.base) if retained else None))
            dropped += len(records) - len(retained)
    statements.replace_rows(connection, topic, partition, changes)
    return dropped


def _rows(connection: sqlite3.Connection, topic: int, partition: int) -> Iterator[Row]:
    start, end = statements.bounds(connection, topic, partition)
    while start < end:
        for row in statements.rows_from(connection, topic, partition, start, packing.RECORDS_MAX):
            yield row
            start = row.stop
