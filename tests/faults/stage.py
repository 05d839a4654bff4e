"""The processes of a schedule: a stage over the real log, and the feeder before it. Each writes its book.

They are forked from a server that has everything imported already, because a schedule starts half a dozen of them.
Sessions, transactions and requests time out sooner than in the product, so that a schedule does not take a minute.
"""

import contextlib
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from kafka import KafkaProducer
from kafka.errors import KafkaError

from hub import crash
from hub.clock import SystemClock
from hub.errors import Fenced, HubError, Reassigned, Unavailable
from hub.logs import open_log
from hub.logs.kafka import client as kafka_client
from hub.logs.kafka import member as kafka_member
from hub.logs.kafka import writer as kafka_writer
from hub.ports import Batch, Member, Outgoing, RecordLog, Writer
from tests.faults import broken
from tests.faults.history import Book
from tests.faults.schedule import SESSION_S

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.faults.stage", "hub.logs.kafka.log"])


@dataclass(frozen=True)
class Post:
    """What a process is to do, and under which names."""

    home: Path
    who: str
    url: str
    source: str
    target: str = ""
    group: str = ""
    member: str = ""
    batch_records: int = 5
    joins_again: bool = True
    crash: str = ""
    guard: str = ""
    """The guard that is taken out (``broken.py``)."""
    direct_url: str = ""
    """Past the proxy, for transactions that are aborted on purpose."""
    partitions: int = 0
    records: int = 0
    pause_s: float = 0.005

    @property
    def book(self) -> Path:
        return self.home / f"{self.who}.history"

    @property
    def stop(self) -> Path:
        return self.home / f"{self.who}.stop"

    @property
    def log(self) -> Path:
        return self.home / f"{self.who}.log"

    def start(self, work: str = "work") -> BaseProcess:
        process = _forks.Process(target=_run, args=(self, work), daemon=True)
        process.start()
        return process


def _run(post: Post, work: str) -> None:
    lines = os.open(post.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(lines, stream)
    kafka_member.SESSION_TIMEOUT_MS, kafka_member.HEARTBEAT_MS = int(SESSION_S * 1000), 500
    kafka_writer.TRANSACTION_TIMEOUT_MS = 6_000
    kafka_client.TIMES["request_timeout_ms"] = 2_000
    point, _, count = post.crash.partition(":")
    crash._name, crash._left = point, int(count or 1)
    if post.guard:
        broken.take_out(post.guard)
    log = open_log(post.url, SystemClock())
    {"work": _work, "feed": _feed}[work](log, post, Book(post.book, post.who))
    log.close()
    sys.stderr.flush()
    os._exit(0)


def _work(log: RecordLog, post: Post, book: Book) -> None:
    """Join, and copy batches from source to target until told to stop."""
    while not post.stop.exists():
        try:
            member = log.join(post.group, [post.source], post.member)
        except Unavailable as away:
            book.note("away", why=str(away))
            time.sleep(0.2)
            continue
        book.note("joined")
        try:
            _copy(member, post, book)
        finally:
            member.close()
            book.note("left")


def _copy(member: Member, post: Post, book: Book) -> None:
    while not post.stop.exists():
        doing = "poll"
        try:
            batches = member.poll(post.batch_records, 0.2)
            if batches:
                book.note("polled", *_listed(batches))
                _pause(post.pause_s)
                doing = "commit"
                book.note("committing")
                member.commit([one for batch in batches for one in _made(post.target, batch)])
                book.note("committed")
        except HubError as error:
            book.note("fenced" if isinstance(error, Fenced) else "unknown", why=f"{doing}: {error}")
            if post.joins_again or (
                doing == "poll" and isinstance(error, Fenced) and not isinstance(error, Reassigned)
            ):
                return


def _pause(wait_s: float) -> None:
    """In pieces: a process that is stopped meanwhile still has the rest before it."""
    for _ in range(max(1, round(wait_s / 0.05))):
        time.sleep(min(wait_s, 0.05))


def _listed(batches: Sequence[Batch]) -> tuple[list[tuple[int, int]], list[str]]:
    places = [(batch.partition, one.offset) for batch in batches for one in batch.records]
    return places, [(one.value or b"").decode() for batch in batches for one in batch.records]


def _made(target: str, batch: Batch) -> list[Outgoing]:
    return [Outgoing(target, batch.partition, one.key, one.value, (), one.timestamp) for one in batch.records]


def _feed(log: RecordLog, post: Post, book: Book) -> None:
    """Write all records, each once, whatever happens; and between them transactions that are aborted."""
    dice = random.Random(post.records)
    writer: Writer | None = None
    first = 0
    while first < post.records:
        values = range(first, min(post.records, first + dice.randint(5, 12)))
        if dice.random() < 0.3:
            _abort_some(post)
        writer = _write(log, post, book, [_record(post, n) for n in values], writer)
        first = values.stop
        time.sleep(0.08)


def _record(post: Post, n: int) -> Outgoing:
    partition = n % post.partitions
    return Outgoing(post.source, partition, b"key%d" % partition, b"%d" % n, (), 1_000 + n)


def _write(log: RecordLog, post: Post, book: Book, outgoing: list[Outgoing], writer: Writer | None) -> Writer:
    """Until it is there: whoever is not told looks before writing again."""
    values = [(one.value or b"").decode() for one in outgoing]
    unsure = False
    while True:
        try:
            writer = writer or log.writer(f"{post.group}.feeder")
            if not (unsure and _there(log, outgoing[0])):
                writer.commit(outgoing)
        except Unavailable as away:
            book.note("unacknowledged", values=values, why=str(away))
            unsure = True
            if writer:
                writer.close()
            writer = None
            time.sleep(0.2)
        else:
            book.note("acknowledged", values=values)
            return writer


def _there(log: RecordLog, wanted: Outgoing) -> bool:
    batches = log.scan(wanted.topic, wanted.partition)
    return any(one.value == wanted.value for batch in batches for one in batch.records)


def _abort_some(post: Post) -> None:
    """A transaction of another writer that comes to nothing; over for certain on return."""
    servers = post.direct_url.removeprefix("kafka://").partition("?")[0]
    while True:
        with contextlib.suppress(KafkaError, Unavailable):
            producer = KafkaProducer(
                bootstrap_servers=servers,
                transactional_id=f"{post.group}.aborted",
                bootstrap_timeout_ms=5_000,
                request_timeout_ms=2_000,
            )
            try:
                kafka_client.bounded(lambda made=producer: _abort(made, post), "aborted transaction", 5.0)
                return
            finally:
                producer._sender.force_close()
                producer.close(timeout=1)
        time.sleep(0.2)


def _abort(producer: KafkaProducer, post: Post) -> None:
    producer.init_transactions()
    producer.begin_transaction()
    for partition in range(post.partitions):
        producer.send(post.source, b"aborted", partition=partition)
    producer.flush()
    producer.abort_transaction()
