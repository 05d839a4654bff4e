"""Writers and group members of the embedded log."""

import sqlite3
from collections.abc import Callable, Sequence

from hub.errors import Fenced, HubError, Misconfigured, Reassigned
from hub.logs.sqlite import rows as statements
from hub.logs.sqlite.engine import Engine
from hub.logs.sqlite.groups import Slot
from hub.logs.sqlite.packing import StoredRecord
from hub.ports import Batch, Outgoing, Positions

Starts = Callable[[frozenset[Slot]], Positions]


class SqliteWriter:
    """``Writer``: the holder of the newest epoch of its id."""

    def __init__(self, engine: Engine, writer_id: str) -> None:
        self._engine = engine
        self._id = writer_id
        with engine.file.writing() as connection:
            self._epoch = statements.next_epoch(connection, writer_id)

    def commit(self, outgoing: Sequence[Outgoing]) -> None:
        self._engine.append(outgoing, self._guard)

    def close(self) -> None:
        """Does nothing: a writer holds no resource. Its epoch stays in the file."""

    def _guard(self, connection: sqlite3.Connection) -> None:
        if statements.epoch(connection, self._id) != self._epoch:
            raise Fenced(f"writer {self._id} was opened by another")


class SqliteMember:
    """``Member`` of a group in this process."""

    def __init__(self, engine: Engine, group: str, topics: Sequence[str], name: str, starts: Starts | None) -> None:
        self._engine = engine
        self._group_name = group
        self._starts = starts
        self._next: dict[Slot, int] = {}
        self._polled: dict[Slot, int] = {}
        self._ahead: dict[Slot, list[StoredRecord]] = {}
        self._mine: frozenset[Slot] = frozenset()
        self._turn = 0
        with engine.file.exclusive():
            for topic in topics:
                if topic not in engine.partitions:
                    raise statements.unknown(topic, 0)
            self._group = engine.group(group)
            self._place = self._group.join(name, topics, engine.clock.monotonic_s())
        engine.wake()

    def assigned(self) -> frozenset[Slot]:
        return self._mine

    def poll(self, records_max: int, timeout_s: float) -> list[Batch]:
        clock = self._engine.clock
        deadline_s = clock.monotonic_s() + timeout_s
        while True:
            self._settle()
            self._start()
            batches = self._take(records_max)
            left_s = deadline_s - clock.monotonic_s()
            if batches or left_s <= 0 or not self._engine.wait(self._wakes, left_s):
                return batches

    def commit(self, outgoing: Sequence[Outgoing], positions: Positions | None = None) -> None:
        if self._starts:
            raise Misconfigured(f"member {self._place.name} keeps its own positions", "commit them in its own database")
        done = self._polled if positions is None else positions
        try:
            self._engine.append(outgoing, self._guard, self._group_name, done)
        except HubError:
            self.rewind()
            raise
        self._polled = {slot: after for slot, after in self._polled.items() if done.get(slot, 0) < after}

    def rewind(self) -> None:
        # The next poll asks again where each partition starts.
        self._polled.clear()
        self._ahead.clear()
        self._next.clear()

    def close(self) -> None:
        """Leave the group. The partitions are free for the other members immediately."""
        with self._engine.file.exclusive():
            self._group.leave(self._place)
        self._mine = frozenset()
        self._engine.wake()

    def _guard(self, _: sqlite3.Connection) -> None:
        if not self._group.holds(self._place):
            raise Reassigned(f"member {self._place.name} of {self._group_name} lost its partitions")

    def _settle(self) -> None:
        """Take part in a rebalance, if there is one."""
        place = self._place
        place.polled_at_s = self._engine.clock.monotonic_s()
        if place.seen == self._group.generation and not place.waiting:
            return
        with self._engine.file.exclusive():
            before = self._group.generation
            self._check_place()
            self._group.settle(place, self._polled.keys(), place.polled_at_s)
            self._mine = frozenset(place.owned)
        for lost in self._next.keys() - self._mine:
            del self._next[lost]
            self._ahead.pop(lost, None)
        if self._group.generation != before:
            self._engine.wake()

    def _check_place(self) -> None:
        """Raises ``Fenced`` if this member was replaced, ``Reassigned`` if it was expelled with uncommitted records."""
        if self._place.replaced:
            raise Fenced(f"member {self._place.name} of {self._group_name} was replaced by another of this name")
        if self._place.expelled:
            lost = bool(self._polled)
            self.rewind()
            if lost:
                raise Reassigned(f"member {self._place.name} of {self._group_name} did not poll for too long")

    def _start(self) -> None:
        """Find where the newly assigned partitions start."""
        fresh = self._mine - self._next.keys()
        if not fresh:
            return
        known = self._starts(frozenset(fresh)) if self._starts else self._committed()
        self._next.update((slot, known.get(slot, 0)) for slot in fresh)

    def _committed(self) -> dict[Slot, int]:
        with self._engine.file.reading() as connection:
            return statements.positions(connection, self._group_name) if connection else {}

    def _wakes(self) -> bool:
        return self._place.seen != self._group.generation or any(map(self._behind, self._next))

    def _behind(self, slot: Slot) -> bool:
        return self._engine.ends[slot] > self._next[slot]

    def _take(self, records_max: int) -> list[Batch]:
        """Records of the partitions that have some. Each call begins with another partition, so that none starves."""
        slots = sorted(self._next)
        self._turn += 1
        batches = []
        for at in range(len(slots)):
            slot = slots[(at + self._turn) % len(slots)]
            if records_max > 0 and self._behind(slot):
                records = self._records(slot, records_max)
                records_max -= len(records)
                batches.append(Batch(*slot, records))
        return batches

    def _records(self, slot: Slot, records_max: int) -> list[StoredRecord]:
        ahead = self._ahead.pop(slot, None) or self._engine.read(slot, self._next[slot], records_max)
        records = ahead[:records_max]
        if len(ahead) > records_max:
            self._ahead[slot] = ahead[records_max:]
        self._next[slot] = records[-1].offset + 1
        if not self._starts:
            self._polled[slot] = self._next[slot]
        return records
