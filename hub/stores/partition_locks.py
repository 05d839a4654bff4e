"""Locks by partition number: for work that several processes must not do at the same time, although they own different
partitions."""

from collections.abc import Iterable

from sqlalchemy import Connection, text


def take(connection: Connection, partitions: Iterable[int]) -> None:
    """Wait for the locks of these partition numbers and hold them until the transaction ends. They are taken in
    ascending order, so that two transactions cannot wait for each other. On SQLite nothing is done: it has one writer.
    """
    if connection.dialect.name != "postgresql":
        return
    for partition in sorted(set(partitions)):
        connection.execute(text("SELECT pg_advisory_xact_lock(7041178, :partition)"), {"partition": partition})
