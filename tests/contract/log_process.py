"""A process of its own on a record log, for tests that kill it. Knows the port only.

``log_process.py URL append WRITER TOPIC COUNT``: one transaction of COUNT records "0", "1", … over both partitions.
``log_process.py URL append WRITER TOPIC COUNT``: one transaction of COUNT records "0", "1", … over two partitions.
at SOURCE's end.
"""

import sys
import time

from hub.clock import SystemClock
from hub.errors import Unavailable
from hub.logs import open_log
from hub.ports import Batch, Outgoing, RecordLog


def append(log: RecordLog, writer_id: str, topic: str, count: str) -> None:
    writer = log.writer(writer_id)
    writer.commit([Outgoing(topic, n % 2, b"key%d" % (n % 2), b"%d" % n, [], 1_000 + n) for n in range(int(count))])


def stage(log: RecordLog, group: str, name: str, source: str, target: str, batch_records: str) -> None:
    while not _at_end(log, group, source):
        member = log.join(group, [source], name)
        try:
            while not _at_end(log, group, source):
                batches = member.poll(int(batch_records), 0.5)
                if batches:
                    member.commit([one for batch in batches for one in transform(target, batch)])
        except Unavailable:
            time.sleep(0.1)
        finally:
            member.close()


def transform(target: str, batch: Batch) -> list[Outgoing]:
    """What the stage makes of a batch: one record for each, in the same partition."""
    return [
        Outgoing(target, batch.partition, one.key, (one.value or b"") * 2, list(one.headers), one.timestamp)
        for one in batch.records
    ]


def _at_end(log: RecordLog, group: str, source: str) -> bool:
    """No committed record is left for the group."""
    at = log.committed(group)
    return not any(
        _has_more(log, source, partition, at.get((source, partition), 0)) for partition in log.bounds(source)
    )


def _has_more(log: RecordLog, topic: str, partition: int, start: int) -> bool:
    return next(log.scan(topic, partition, start), None) is not None


if __name__ == "__main__":
    url, verb, *rest = sys.argv[1:]
    opened = open_log(url, SystemClock())
    {"append": append, "stage": stage}[verb](opened, *rest)
    opened.close()
