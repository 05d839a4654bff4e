"""A pool of consumers without a group, to read at given offsets: one is made when none is idle, and reused."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer

from hub.logs.kafka.preflight import check_connection

IDLE_MAX = 8
"""The largest number that one stage (``deliver``) uses at a time."""


class Readers:
    """A pool of readers of committed records, all with the same ``options``. Thread-safe; each reader is used by one
    thread at a time."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._idle: list[Any] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def one(self) -> Iterator[Any]:
        """A reader without partitions. It goes back to the pool, or is closed when the caller's block raises.

        Raises as ``check_connection`` does when a new reader is needed.
        """
        with self._lock:
            reader = self._idle.pop() if self._idle else None
        if reader is None:
            check_connection(self._options)
            reader = KafkaConsumer(**self._options, group_id=None, isolation_level="read_committed")
        try:
            yield reader
        except GeneratorExit:
            # The caller stopped a scan early: the reader is sound.
            self._put_back(reader)
            raise
        except BaseException:
            reader.close(autocommit=False)
            raise
        self._put_back(reader)

    def _put_back(self, reader: Any) -> None:
        reader.unsubscribe()
        with self._lock:
            keep = len(self._idle) < IDLE_MAX and not self._closed
            if keep:
                self._idle.append(reader)
        if not keep:
            reader.close(autocommit=False)

    def close(self) -> None:
        """Close the idle readers. Those in use are closed when they are given back."""
        with self._lock:
            readers, self._idle, self._closed = self._idle, [], True
        for reader in readers:
            reader.close(autocommit=False)
