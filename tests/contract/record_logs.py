"""What the record log's contract suite stands on: a log of any adapter for one test, and short words for its calls."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.clock import SystemClock
from hub.logs import open_log
from hub.ports import Batch, LogRecord, Member, Outgoing, RecordLog

PROCESS = Path(__file__).with_name("log_process.py")
PATIENCE_S = 30.0
"""How long a test waits for what must come."""


@dataclass(frozen=True)
class Logs:
    """A record log for one test. ``name`` makes names that no other test has, because a broker outlives the test."""

    url: str
    unique: str
    examples: int
    """How many histories the model test can afford."""

    def name(self, base: str) -> str:
        return f"{base}.{self.unique}"

    @contextmanager
    def open(self) -> Iterator[RecordLog]:
        log = open_log(self.url, SystemClock())
        try:
            yield log
        finally:
            log.close()

    def start(self, *arguments: object, crash: str = "") -> subprocess.Popen[str]:
        """Run ``log_process.py`` on this log."""
        command = [sys.executable, str(PROCESS), self.url, *map(str, arguments)]
        environ = {**os.environ, "HUB_CRASH": crash}
        return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)

    def run(self, *arguments: object, crash: str = "") -> int:
        """As ``start``, and wait; the exit code (-9 when it was killed)."""
        process = self.start(*arguments, crash=crash)
        process.communicate(timeout=PATIENCE_S * 4)
        return process.returncode


def out(
    topic: str, value: bytes | str, partition: int = 0, key: bytes | None = b"k", timestamp: int = 1_000
) -> Outgoing:
    return Outgoing(
        topic, partition, key, value.encode() if isinstance(value, str) else value, [("h", b"1")], timestamp
    )


def numbers(topic: str, count: int, partitions: int = 1, first: int = 0) -> list[Outgoing]:
    """Records "0", "1", … dealt over partitions; the key names the partition, the timestamp is 1000 and the number."""
    return [
        out(topic, str(n), n % partitions, b"key%d" % (n % partitions), 1_000 + n) for n in range(first, first + count)
    ]


def records(log: RecordLog, topic: str, partition: int = 0, start: int = 0, stop: int | None = None) -> list[LogRecord]:
    return [one for batch in log.scan(topic, partition, start, stop) for one in batch.records]


def values(log: RecordLog, topic: str, partition: int = 0) -> list[str]:
    return [(one.value or b"").decode() for one in records(log, topic, partition)]


def polled(batches: Sequence[Batch]) -> list[str]:
    return [(one.value or b"").decode() for batch in batches for one in batch.records]


def poll_until(member: Member, count: int, records_max: int = 100) -> list[str]:
    """Poll until ``count`` records have come."""
    got: list[str] = []
    deadline_s = time.monotonic() + PATIENCE_S
    while len(got) < count and time.monotonic() < deadline_s:
        got += polled(member.poll(records_max, 1.0))
    return got


def committed_until(log: RecordLog, group: str, position: tuple[str, int], least: int) -> int:
    """The committed position as soon as it is at least ``least``. A broker answers a commit when its decision is
    durable, and shows the positions of the transaction a moment later."""
    deadline_s = time.monotonic() + PATIENCE_S
    while (found := log.committed(group).get(position, 0)) < least and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return found


def copies(target: str, batches: Sequence[Batch]) -> list[Outgoing]:
    return [
        Outgoing(target, b.partition, r.key, r.value, list(r.headers), r.timestamp) for b in batches for r in b.records
    ]
