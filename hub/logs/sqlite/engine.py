"""The shared part of the embedded log inside the writing process: the file, the end of each partition, and the
threads that wait for records.

Crash points of a commit, in order (``hub.crash``): ``log.appended``: the rows are written. ``log.positioned``: the
group's offsets are written too. ``log.committed``: all of it is durable, and the caller does not know yet. A crash at
the first two leaves nothing, a crash at the last leaves everything.
"""

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hub.crash import crash_point
from hub.logs.sqlite import packing
from hub.logs.sqlite import rows as statements
from hub.logs.sqlite.compaction import compact
from hub.logs.sqlite.file import LogFile
from hub.logs.sqlite.groups import Group, Slot
from hub.logs.sqlite.packing import Row, StoredRecord
from hub.ports import Clock, Outgoing, TopicSpec

_EARLIEST = -(2**62)
Guard = Callable[[sqlite3.Connection], None]


class Engine:
    """Appends, reads and waits. Thread-safe.

    ``numbers``: topic → its number in the file. ``partitions``: topic → number of partitions. ``ends``: slot → offset
    after its last committed record.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.clock = clock
        self.file = LogFile(path, self._take_over)
        self.numbers: dict[str, int] = {}
        self.partitions: dict[str, int] = {}
        self.ends: dict[Slot, int] = {}
        self._highs: dict[Slot, int] = {}
        self._groups: dict[str, Group] = {}
        self._changed = threading.Condition()

    def group(self, name: str) -> Group:
        """The group with this name in this process, created at its first use. Call it under ``file.exclusive()``."""
        return self._groups.setdefault(name, Group(self.partitions))

    def add_topics(self, specs: Sequence[TopicSpec]) -> None:
        """Create the topics that do not exist, in one transaction. Raises as ``LogFile.exclusive`` does."""
        with self.file.exclusive():
            with self.file.writing() as connection:
                statements.add_topics(connection, specs)
            with self.file.reading() as reader:
                assert reader is not None, "just written"
                self._learn(reader)

    def append(
        self, outgoing: Sequence[Outgoing], guard: Guard, group: str = "", moved: Mapping[Slot, int] | None = None
    ) -> None:
        """Append ``outgoing`` and set the offsets of ``group`` to ``moved``, in one transaction. Durable on return.

        ``guard`` runs inside the transaction; when it raises, nothing is written. Raises ``Misconfigured`` for a
        partition that does not exist, and as ``LogFile.writing`` does.
        """
        packed = {slot: list(packing.pack(records)) for slot, records in _by_slot(outgoing).items()}
        with self.file.exclusive():
            placed = {slot: self._place(slot, rows) for slot, rows in packed.items()}
            with self.file.writing() as connection:
                guard(connection)
                for (topic, partition), rows in placed.items():
                    for row in rows:
                        statements.add_row(connection, self.numbers[topic], partition, row)
                crash_point("log.appended")
                statements.set_positions(connection, group, moved or {})
                crash_point("log.positioned")
            crash_point("log.committed")
            self._highs.update((slot, rows[-1].high) for slot, rows in placed.items())
            self.ends.update((slot, rows[-1].stop) for slot, rows in placed.items())
        self.wake()

    def read(self, slot: Slot, start: int, records_max: int) -> list[StoredRecord]:
        """Committed records of ``slot`` from offset ``start`` on, in order; empty at the end of the partition.

        Rows are read whole, so the result may exceed ``records_max`` by one row (``packing.RECORDS_MAX`` records).
        """
        topic, partition = slot
        while start < self.ends[slot]:
            with self.file.reading() as connection:
                assert connection is not None, "only the writing process reads by slot"
                rows = list(statements.rows_from(connection, self.numbers[topic], partition, start, records_max))
            records = [one for row in rows for one in packing.unpack(row.base, row.payload) if one.offset >= start]
            if records:
                return records
            start = rows[-1].stop  # compaction left nothing here
        return []

    def wait(self, ready: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until ``ready()`` is true. It is asked after each commit and each change of a group.

        Returns False when ``timeout_s`` seconds have passed.
        """
        with self._changed:
            return self._changed.wait_for(ready, timeout_s)

    def wake(self) -> None:
        """Wake all waiting threads, so that they ask ``ready()`` again."""
        with self._changed:
            self._changed.notify_all()

    def _place(self, slot: Slot, rows: Sequence[Row]) -> list[Row]:
        """``rows`` with the offsets they get at the partition's end. Raises ``Misconfigured`` for an unknown one."""
        if slot not in self.ends:
            raise statements.unknown(*slot)
        end = self.ends[slot]
        high = self._highs[slot]
        placed = []
        for row in rows:
            high = max(high, row.high)
            placed.append(Row(end + row.base, end + row.stop, high, row.payload))
        return placed

    def _take_over(self, connection: sqlite3.Connection) -> None:
        """Prepare the writing process: compact the compacted topics, read where each partition ends."""
        connection.execute("BEGIN IMMEDIATE")
        for number, spec in statements.topics(connection).values():
            for partition in range(spec.partitions if spec.compacted else 0):
                compact(connection, number, partition)
        connection.execute("COMMIT")
        self._learn(connection)

    def _learn(self, connection: sqlite3.Connection) -> None:
        for name, (number, spec) in statements.topics(connection).items():
            self.numbers[name] = number
            self.partitions[name] = spec.partitions
            for partition in range(spec.partitions):
                high = statements.high(connection, number, partition)
                self._highs[name, partition] = _EARLIEST if high is None else high
                self.ends[name, partition] = statements.bounds(connection, number, partition)[1]


def _by_slot(outgoing: Sequence[Outgoing]) -> dict[Slot, list[Outgoing]]:
    by_slot: dict[Slot, list[Outgoing]] = {}
    for one in outgoing:
        by_slot.setdefault((one.topic, one.partition), []).append(one)
    return by_slot
