"""Locks by number, of a partition or of a part of all accounts or holders: for work that several processes must not do
at the same time, although they own different partitions."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, text

ACCOUNTS: Final = 7041179
"""The parts of all electricity accounts have locks of their own."""
HOLDERS: Final = 7041180
"""The parts of all holders of applications too."""
_PARTITIONS: Final = 7041178


def take(connection: Connection, numbers: Iterable[int], of: int = _PARTITIONS) -> None:
    """Wait for the locks of these numbers and hold them until the transaction ends. They are taken in ascending order,
    so that two transactions cannot wait for each other. On SQLite nothing is done: it has one writer.
    """
    if connection.dialect.name != "postgresql":
        return
    for number in sorted(set(numbers)):
        connection.execute(text("SELECT pg_advisory_xact_lock(:of, :number)"), {"of": of, "number": number})
