"""The SQL of the embedded log: each statement is a function of an open connection.

``topic`` is a topic's number in the file, unless the parameter is a name. All raise ``sqlite3.Error``, which
``LogFile`` translates.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing

from hub.errors import Misconfigured
from hub.logs.sqlite.groups import Slot
from hub.logs.sqlite.packing import Row
from hub.ports import TopicSpec

_READ_BYTES = 4 << 20
_READ_ROWS = 256


def topics(connection: sqlite3.Connection) -> dict[str, tuple[int, TopicSpec]]:
    """Topic name → (its number in the file, its declaration), ordered by name."""
    found = connection.execute("SELECT id, name, partitions, compacted FROM topic ORDER BY name").fetchall()
    return {
        name: (number, TopicSpec(name, partitions, bool(compacted))) for number, name, partitions, compacted in found
    }


def add_topics(connection: sqlite3.Connection, specs: Iterable[TopicSpec]) -> None:
    """Add topics. One that exists stays as it is."""
    connection.executemany(
        "INSERT INTO topic (name, partitions, compacted) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(spec.name, spec.partitions, spec.compacted) for spec in specs],
    )


def number(connection: sqlite3.Connection | None, topic: str, partition: int = 0) -> int:
    """The number in the file of the topic with the name ``topic``. Raises ``Misconfigured`` when there is no such
    topic or partition, or no log (``None``).
    """
    found = connection and connection.execute("SELECT id, partitions FROM topic WHERE name = ?", (topic,)).fetchone()
    if not found or not 0 <= partition < found[1]:
        raise unknown(topic, partition)
    return int(found[0])


def unknown(topic: str, partition: int) -> Misconfigured:
    """The error for a topic (by name) or partition that does not exist."""
    return Misconfigured(
        f"the log has no partition {partition} of a topic {topic!r}",
        "see `hub topics`; `hub run` creates those that are missing",
    )


def bounds(connection: sqlite3.Connection, topic: int, partition: int) -> tuple[int, int]:
    """(First offset that is still there, offset after the last record); (0, 0) for an empty partition."""
    where = "FROM batch WHERE topic = ? AND part = ?"
    first = connection.execute(f"SELECT base {where} ORDER BY base LIMIT 1", (topic, partition)).fetchone()
    last = connection.execute(f"SELECT stop {where} ORDER BY base DESC LIMIT 1", (topic, partition)).fetchone()
    return (first[0], last[0]) if first else (0, 0)


def high(connection: sqlite3.Connection, topic: int, partition: int) -> int | None:
    """The latest timestamp (ms) in a partition, or ``None`` when it is empty."""
    query = "SELECT high FROM batch WHERE topic = ? AND part = ? ORDER BY base DESC LIMIT 1"
    found = connection.execute(query, (topic, partition)).fetchone()
    return int(found[0]) if found else None


def rows_from(
    connection: sqlite3.Connection, topic: int, partition: int, start: int, records_max: int
) -> Iterator[Row]:
    """Rows in order, beginning with the one that holds offset ``start``. Ends after the row that reaches 4 MiB of
    payload, ``records_max`` records from ``start``, or 256 rows.
    """
    query = """SELECT base, stop, high, payload FROM batch WHERE topic = :topic AND part = :part AND base >= coalesce(
                   (SELECT max(base) FROM batch WHERE topic = :topic AND part = :part AND base <= :start), 0)
               ORDER BY base LIMIT :rows"""
    size = 0
    values = {"topic": topic, "part": partition, "start": start, "rows": min(_READ_ROWS, records_max + 1)}
    with closing(connection.execute(query, values)) as cursor:
        for found in cursor:
            row = Row(*found)
            yield row
            size += len(row.payload)
            if size >= _READ_BYTES or row.stop - start >= records_max:
                return


def base_at(connection: sqlite3.Connection, topic: int, partition: int, timestamp_ms: int) -> int | None:
    """The base of the first row whose ``high`` is at least ``timestamp_ms``, or ``None`` when there is none."""
    query = "SELECT base FROM batch WHERE topic = ? AND part = ? AND high >= ? ORDER BY high, base LIMIT 1"
    found = connection.execute(query, (topic, partition, timestamp_ms)).fetchone()
    return int(found[0]) if found else None


def add_row(connection: sqlite3.Connection, topic: int, partition: int, row: Row) -> None:
    """Insert one packed row; its offsets are ``base`` to ``stop`` - 1. Raises ``sqlite3.IntegrityError`` when the base
    is taken.
    """
    values = (topic, partition, row.base, row.stop, row.high, row.payload)
    connection.execute("INSERT INTO batch (topic, part, base, stop, high, payload) VALUES (?, ?, ?, ?, ?, ?)", values)


def positions(connection: sqlite3.Connection, group: str) -> dict[Slot, int]:
    """(Topic name, partition) → the next offset that the group reads. Slots that it never committed are left out."""
    query = "SELECT topic, part, next FROM group_offset WHERE member_group = ?"
    return {(topic, part): after for topic, part, after in connection.execute(query, (group,)).fetchall()}


def set_positions(connection: sqlite3.Connection, group: str, positions: Mapping[Slot, int]) -> None:
    """Set the next offset that the group reads, for each slot in ``positions``. Other slots stay as they are."""
    connection.executemany(
        "INSERT INTO group_offset (member_group, topic, part, next) VALUES (?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET next = excluded.next",
        [(group, topic, part, after) for (topic, part), after in positions.items()],
    )


def next_epoch(connection: sqlite3.Connection, writer: str) -> int:
    """Raise the epoch of a writer id by one and return it; the first is 1. Writers with a lower epoch are fenced."""
    query = "INSERT INTO writer (id, epoch) VALUES (?, 1) ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch"
    return int(connection.execute(query, (writer,)).fetchall()[0][0])


def epoch(connection: sqlite3.Connection, writer: str) -> int:
    """The current epoch of a writer id that was opened before."""
    return int(connection.execute("SELECT epoch FROM writer WHERE id = ?", (writer,)).fetchone()[0])


def replace_rows(
    connection: sqlite3.Connection, topic: int, partition: int, changes: Iterable[tuple[int, bytes | None]]
) -> None:
    """Compaction: for each (base, payload) replace the row's payload, or delete the row when it is ``None``."""
    for base, payload in changes:
        where = (topic, partition, base)
        if payload is None:
            connection.execute("DELETE FROM batch WHERE topic = ? AND part = ? AND base = ?", where)
        else:
            connection.execute(
                "UPDATE batch SET payload = ? WHERE topic = ? AND part = ? AND base = ?", (payload, *where)
            )
