"""Consumers without a group, for whoever reads places of the log: made when none is idle, kept when done with."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer

from hub.logs.kafka.preflight import knock

IDLE_MAX = 8
"""As many as one stage reads places with at a time (``deliver``)."""


class Readers:
    """Readers of committed records, all with the same options. Thread-safe; each reader belongs to one user at a
    time."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._idle: list[Any] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def one(self) -> Iterator[Any]:
        """A reader without partitions; closed afterwards if something went wrong with it."""
        with self._lock:
            reader = self._idle.pop() if self._idle else None
        if reader is None:
            knock(self._options)
            reader = KafkaConsumer(**self._options, group_id=None, isolation_level="read_committed")
        try:
            yield reader
        except GeneratorExit:
            # Whoever scanned has seen enough: that is no fault of the reader.
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
        with self._lock:
            readers, self._idle, self._closed = self._idle, [], True
        for reader in readers:
            reader.close(autocommit=False)
