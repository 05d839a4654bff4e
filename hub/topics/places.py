"""Reading single records by their place on a topic."""

from typing import Protocol

from hub.errors import TamperDetected
from hub.ports import LogRecord


class Reads(Protocol):
    """Reads one committed record by its place. ``RecordLog`` does."""

    def read(self, topic: str, partition: int, offset: int) -> LogRecord | None:
        """The record at this place; ``None`` when there is none. Raises ``Unavailable``."""


def read_value(log: Reads, topic: str, partition: int, offset: int) -> bytes:
    """The value of the record at one place. Raises ``TamperDetected`` when it is missing, since records are never
    removed from a topic (P4), and ``Unavailable`` when the log is."""
    message = log.read(topic, partition, offset)
    if message is None or message.value is None:
        raise TamperDetected(f"{topic}/{partition}/{offset} is missing from the log")
    return message.value
