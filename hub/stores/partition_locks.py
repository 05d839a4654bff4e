"""Lanes: what several processes must not do at the same time, though they own different partitions."""

from collections.abc import Iterable

from sqlalchemy import Connection, text


def take(connection: Connection, lanes: Iterable[int]) -> None:
    """Wait for these lanes and keep them until the transaction ends; in ascending order, so that nobody waits
    crosswise. SQLite has one writer as it is."""
    if connection.dialect.name != "postgresql":
        return
    for lane in sorted(set(lanes)):
        connection.execute(text("SELECT pg_advisory_xact_lock(7041178, :lane)"), {"lane": lane})
