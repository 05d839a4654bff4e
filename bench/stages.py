"""One measurement of every stage over ``size`` records on the embedded log; and of the libraries underneath on the
same bytes."""

import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.world import KIND, NAME, Feed
from hub.bootstrap import Hub, Make, open_hub
from hub.codec import wire
from hub.connect.host.registry import find
from hub.ports import Outgoing
from hub.settings import Settings
from hub.topics import cloudevents
from hub.topics.declared import partition_of

Rates = dict[str, float]
"""Row → records a second."""
_BATCH = 2_000


class Watch:
    """Seconds spent per row, over any number of turns."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def on(self, row: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[row] = self.seconds.get(row, 0.0) + time.perf_counter() - begun


def measure(size: int, progress: Callable[[str], None]) -> tuple[Rates, int]:
    """Records a second of every row, and the process's peak memory in bytes afterwards."""
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        hub = open_hub(settings_in(home))
        try:
            feed = Feed(size)
            hub.connectors.__dict__["trusted"] = {NAME: feed.trusted()}
            progress("ingest")
            _ingest(hub, feed, watch, home)
            for row, messages in (("verify", size), ("project", 2 * size)):
                progress(row)
                _run(hub.task(row), row, messages, watch)
            progress("replay")
            _replay(hub, watch)
        finally:
            hub.close()
    whole = sum(watch.seconds[row] for row in ("map", "seal", "append", "verify", "project"))
    rates = {row: size / seconds for row, seconds in watch.seconds.items()} | {"whole": size / whole}
    return rates, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def settings_in(home: Path) -> Settings:
    urls = {f"{name}_url": f"sqlite:///{home / name}.db" for name in ("log", "store", "vault")}
    return Settings.model_validate({**urls, "master_key_file": home / "master.key"})


def _ingest(hub: Hub, feed: Feed, watch: Watch, home: Path) -> None:
    """map: parse, check the page's signature, map; seal; append in one transaction a page; and SQLite alone on the
    same bytes."""
    writer, info = hub.log.writer("bench"), find(NAME).info
    bare = sqlite3.connect(home / "bare.db", isolation_level=None)
    bare.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE r (n INTEGER PRIMARY KEY, k BLOB, v BLOB)"
    )
    for page in feed.pages():
        with watch.on("map"):
            rows = feed.read(page)
        with watch.on("seal"):
            sealed = hub.sealer.seal_page(info, rows, hub.clock.now_ms())
        outgoing = [received(one.entity_id, one.record_id, one.value, hub.clock.now_ms()) for one in sealed]
        with watch.on("append"):
            writer.commit(outgoing)
        with watch.on("SQLite insert alone"):
            bare.execute("BEGIN")
            bare.executemany("INSERT INTO r (k, v) VALUES (?, ?)", [(one.entity_id, one.value) for one in sealed])
            bare.execute("COMMIT")
    bare.close()
    writer.close()


def received(entity_id: bytes, record_id: bytes, value: bytes, now_ms: int) -> Outgoing:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    headers = cloudevents.headers(record_id.hex(), f"{KIND}.received", cloudevents.source_path(NAME), moment)
    return Outgoing(f"{KIND}.received", partition_of(entity_id, 1), entity_id, value, headers, now_ms)


def _run(make: Make, row: str, messages: int, watch: Watch) -> None:
    """Run a stage until it has taken so many messages (project takes what was received, and the verdict on it)."""
    stage, taken = make(), 0
    with watch.on(row):
        while taken < messages:
            taken += stage.step()
    stage.close()


def _replay(hub: Hub, watch: Watch) -> None:
    """replay: read history and decode the open part; fastavro alone on the same values; the log's scan alone."""
    topic = f"{KIND}.received"
    for batch in hub.log.scan(topic, 0):
        with watch.on("fastavro decode alone"):
            for record in batch.records:
                wire.decode(record.value or b"")
    with watch.on("scan"):
        for batch in hub.log.scan(topic, 0):
            len(batch.records)
    with watch.on("replay"):
        for batch in hub.log.scan(topic, 0):
            for record in batch.records:
                wire.decode(record.value or b"")
