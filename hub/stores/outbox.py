"""The outbox: messages that a database transaction has decided, until ``relay`` has published them in commit order.

Numbers are assigned before transactions commit, so a lower number may become visible after a higher one. So a reader
first reads a horizon, ``allocated`` then ``started``, each in a transaction of its own, and waits until ``finished``
has reached ``started``. From then on each number up to the horizon is visible, or will never be.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, func, insert, select, text

from hub.stores.tables import outbox, outbox_published


class Message(NamedTuple):
    """One message to publish. ``timestamp_ms``: when it happened, business time."""

    topic: str
    key: bytes
    value: bytes
    headers: Mapping[str, str]
    timestamp_ms: int


class Numbered(NamedTuple):
    """A message of the outbox with its number."""

    seq: int
    message: Message


class Published(NamedTuple):
    """How far the outbox is published: the highest number, and how many messages in all. ``total`` is ``None`` where a
    hub wrote it that did not count."""

    seq: int
    total: int | None


def put(connection: Connection, messages: Sequence[Message]) -> None:
    """Append messages in the caller's transaction, numbered in this order."""
    if not messages:
        return
    if connection.dialect.name == "postgresql":
        # The horizon needs this: a transaction must have its id before it gets a number.
        connection.execute(text("SELECT pg_current_xact_id()"))
    connection.execute(insert(outbox), [_row(message) for message in messages])


def _row(message: Message) -> dict[str, Any]:
    headers = json.dumps(message.headers, ensure_ascii=False)
    return {
        "topic": message.topic,
        "key": message.key,
        "value": message.value,
        "headers": headers,
        "timestamp_ms": message.timestamp_ms,
    }


def allocated(connection: Connection) -> int:
    """The highest number that was ever assigned, 0 when none was."""
    if connection.dialect.name == "postgresql":
        drawn = connection.execute(text("SELECT last_value, is_called FROM outbox_seq_seq")).one()
        return int(drawn[0]) if drawn[1] else 0
    return connection.execute(text("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")).scalar_one_or_none() or 0


def go_on_after(connection: Connection, seq: int) -> None:
    """Make the next number larger than ``seq``: for a database that was created again while the log was not."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT setval('outbox_seq_seq', :seq)"), {"seq": max(seq, 1)})
        return
    connection.execute(text("DELETE FROM sqlite_sequence WHERE name = 'outbox'"))
    connection.execute(text("INSERT INTO sqlite_sequence(name, seq) VALUES ('outbox', :seq)"), {"seq": seq})


def started(connection: Connection) -> int:
    """An id that is larger than that of each transaction which has one now; 0 on SQLite. It uses up an id: the upper
    bound of a snapshot is not enough, because the newest running transaction may be above it."""
    return _number(connection, "pg_current_xact_id()")


def finished(connection: Connection) -> int:
    """All transactions with an id below this have ended, and what they committed is visible; 0 on SQLite."""
    return _number(connection, "pg_snapshot_xmin(pg_current_snapshot())")


def _number(connection: Connection, expression: str) -> int:
    if connection.dialect.name != "postgresql":
        return 0
    return int(connection.execute(text(f"SELECT {expression}::text")).scalar_one())


def after(connection: Connection, seq: int, until: int, limit: int) -> list[Numbered]:
    """At most ``limit`` messages with a number above ``seq`` and at most ``until``, in order."""
    query = select(outbox).where(outbox.c.seq > seq, outbox.c.seq <= until).order_by(outbox.c.seq).limit(limit)
    return [_numbered(row) for row in connection.execute(query)]


def _numbered(row: Row[Any]) -> Numbered:
    headers = json.loads(row.headers)
    return Numbered(row.seq, Message(row.topic, bytes(row.key), bytes(row.value), headers, row.timestamp_ms))


def of_key(connection: Connection, key: bytes) -> list[Numbered]:
    """The messages with this key that are not deleted yet, in order. The relay may have published some of them."""
    query = select(outbox).where(outbox.c.key == key).order_by(outbox.c.seq)
    return [_numbered(row) for row in connection.execute(query)]


def forget(connection: Connection, until: Published) -> int:
    """Delete published messages up to ``until``, except the newest row, which holds the highest number, and remember
    ``until``. Returns how many were deleted.
    """
    newest = select(func.max(outbox.c.seq)).scalar_subquery()
    deleted = connection.execute(delete(outbox).where(outbox.c.seq <= until.seq, outbox.c.seq < newest)).rowcount
    remember(connection, until)
    return deleted


def remember(connection: Connection, until: Published) -> None:
    """Store how far the outbox is published. No row above ``until`` was deleted."""
    connection.execute(delete(outbox_published))
    connection.execute(insert(outbox_published), [{"one": 1, "seq": until.seq, "total": until.total or 0}])


def remembered(connection: Connection) -> Published | None:
    """What ``forget`` stored last; ``None`` when it never did."""
    found = connection.execute(select(outbox_published.c.seq, outbox_published.c.total)).one_or_none()
    return found and Published(found.seq, found.total)


def holds(connection: Connection, place: Published) -> bool:
    """Whether the database has every message that the log has, which ends at ``place``: those that were published
    since ``remembered`` are still rows.

    A database that lost its last commits lacks some of them, although its numbers may be ahead: PostgreSQL writes a
    sequence ahead by 32."""
    since = remembered(connection)
    if since is None or place.total is None:
        newest = connection.execute(select(func.max(outbox.c.seq))).scalar_one()
        return place.seq <= (newest or 0)
    if allocated(connection) < place.seq or since.seq >= place.seq:
        return allocated(connection) >= place.seq
    rows = select(func.count()).where(outbox.c.seq > since.seq, outbox.c.seq <= place.seq)
    return connection.execute(rows).scalar_one() == place.total - (since.total or 0)
