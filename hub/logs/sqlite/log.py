"""The embedded log: one SQLite file, one writing process with any number of threads, readers in any process. It is
not a broker.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hub.errors import Misconfigured
from hub.logs.missing import missing_topics
from hub.logs.sqlite import packing
from hub.logs.sqlite import rows as statements
from hub.logs.sqlite.engine import Engine
from hub.logs.sqlite.groups import Slot
from hub.logs.sqlite.member import SqliteMember, SqliteWriter
from hub.logs.sqlite.packing import RECORDS_MAX, Row
from hub.ports import Batch, Clock, LogRecord, Member, Positions, TopicSpec, Writer


class SqliteLog:
    """``RecordLog`` on one SQLite file. Reading takes no lock. The first call that writes takes the write lock, and
    raises ``Misconfigured`` if another process holds it.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._engine = Engine(path, clock)
        self._file = self._engine.file

    def create(self, topics: Sequence[TopicSpec]) -> list[str]:
        missing = missing_topics(self.topics(), topics)
        if missing:
            self._engine.add_topics(missing)
        return [spec.name for spec in missing]

    def topics(self) -> dict[str, int]:
        with self._file.reading() as connection:
            found = statements.topics(connection) if connection else {}
        return {name: spec.partitions for name, (_, spec) in found.items()}

    def bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        partitions = range(self.topics().get(topic, 0))
        return {partition: self._bounds(topic, partition) for partition in partitions or [0]}

    def scan(self, topic: str, partition: int, start: int = 0, stop: int | None = None) -> Iterator[Batch]:
        end = self._bounds(topic, partition)[1]
        return self._scan(topic, partition, start, end if stop is None else min(stop, end))

    def read(self, topic: str, partition: int, offset: int) -> LogRecord | None:
        return next((one for batch in self.scan(topic, partition, offset, offset + 1) for one in batch.records), None)

    def offset_at(self, topic: str, partition: int, timestamp_ms: int) -> int:
        with self._file.reading() as connection:
            number = statements.number(connection, topic, partition)
            assert connection is not None
            base = statements.base_at(connection, number, partition, timestamp_ms)
        end = self._bounds(topic, partition)[1]
        batches = self._scan(topic, partition, end if base is None else base, end)
        return next((one.offset for batch in batches for one in batch.records if one.timestamp >= timestamp_ms), end)

    def committed(self, group: str) -> dict[Slot, int]:
        with self._file.reading() as connection:
            return statements.positions(connection, group) if connection else {}

    def reset(self, group: str, positions: Positions) -> None:
        with self._file.exclusive():
            if self._engine.group(group):
                raise Misconfigured(f"group {group} has members", "stop its stages before you move it")
            with self._file.writing() as connection:
                for topic, partition in positions:
                    statements.number(connection, topic, partition)
                statements.set_positions(connection, group, positions)

    def writer(self, writer_id: str) -> Writer:
        return SqliteWriter(self._engine, writer_id)

    def join(
        self,
        group: str,
        topics: Sequence[str],
        member: str,
        positions: Callable[[frozenset[Slot]], Positions] | None = None,
    ) -> Member:
        return SqliteMember(self._engine, group, topics, member, positions)

    def close(self) -> None:
        """Close the file and wake the threads that wait in ``poll``; their next call raises ``Unavailable``."""
        self._file.close()
        self._engine.wake()

    def _bounds(self, topic: str, partition: int) -> tuple[int, int]:
        with self._file.reading() as connection:
            number = statements.number(connection, topic, partition)
            assert connection is not None
            return statements.bounds(connection, number, partition)

    def _scan(self, topic: str, partition: int, start: int, stop: int) -> Iterator[Batch]:
        while start < stop:
            for row in self._rows(topic, partition, start):
                records = packing.unpack(row.base, row.payload)
                if row.base < start or row.stop > stop:
                    records = [one for one in records if start <= one.offset < stop]
                if records:
                    yield Batch(topic, partition, records)
                start = row.stop

    def _rows(self, topic: str, partition: int, start: int) -> list[Row]:
        with self._file.reading() as connection:
            number = statements.number(connection, topic, partition)
            assert connection is not None
            return list(statements.rows_from(connection, number, partition, start, RECORDS_MAX))
