"""A whole hub as its own process beside an outside world that outlives it, and the account that must balance
afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap import Hub
from hub.cases.by import By
from hub.clock import SystemClock
from hub.pipeline.rebuild import Difference, compare, rebuild
from hub.pipeline.redrive import read_rejections
from hub.records.kinds import KINDS
from hub.runtime.runner import Runner
from hub.runtime.status import StageReports
from hub.stores.database import Database
from hub.stores.migrate import STORE
from sandbox import launch
from sandbox.demo.balance import SourceLine
from sandbox.demo.demo import EMBEDDED, Demo, Live
from sandbox.servers import kafka, postgres
from sandbox.servers.missing import Missing
from sandbox.systems import FIRST

KINDS_OF = {"business_licence": "licence.business", "property_title": "licence.property-title"}
SOURCES = tuple(KINDS_OF)
PATIENCE_S = 90.0
STILL_S = 15.0
Names = tuple[tuple[str, int], str | None]
Truth = dict[Names, tuple[str, str]]
"""(key and version, digest or none) → (verdict, code)."""
Message = tuple[tuple[str, int], str, str]
BROKEN = Path(__file__).with_name("broken.py")


@dataclass
class World:
    """A sandbox, a hub's home, and the hub's process."""

    home: Path
    sandbox: launch.Running
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    """The hub that was started last."""
    hubs: list[subprocess.Popen[bytes]] = field(default_factory=list, repr=False)

    @property
    def config(self) -> Path:
        return self.home / "hub.toml"

    @property
    def stderr(self) -> Path:
        return self.home / "hub.stderr"

    def start(
        self,
        crash: str = "",
        broken: str = "",
        web: bool = False,
        run: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start ``hub run``, armed to die at a crash point, or with one of its guards taken out (``broken.py``);
        with ``web`` also its API, on a free port that its log names. ``run`` are more of its arguments; ``environ``
        more settings, as ``HUB_INSTANCE`` for a second hub beside the first."""
        entry = [str(BROKEN), broken] if broken else ["-m", "hub"]
        variables = {**os.environ, "HUB_CRASH": crash, "HUB_LOG_LEVEL": "DEBUG", "HUB_LOG_JSON": "true"}
        variables |= {"HUB_WEB__PORT": "0"} if web else {}
        command = [sys.executable, *entry, "--config", str(self.config), "run", *([] if web else ["--no-web"]), *run]
        with self.stderr.open("ab") as stream:
            self.process = subprocess.Popen(
                command, env=variables | dict(environ or {}), stdin=subprocess.PIPE, stdout=stream, stderr=stream
            )
        self.hubs.append(self.process)
        return self.process

    def wait_killed(self) -> None:
        """Until the armed process has died of SIGKILL."""
        assert self.process is not None
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the crash point was never passed\n{self.tail()}") from None
        assert code == -signal.SIGKILL, f"exit {code}\n{self.tail()}"

    def kill(self) -> None:
        """End every hub that was started, as ``kill -9`` does."""
        for process in self.hubs:
            process.kill()
            process.wait()

    def stop(self) -> int:
        """As an operator stops it; the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(20)

    def tail(self) -> str:
        return self.stderr.read_text("utf-8", "replace")[-3_000:] if self.stderr.exists() else ""

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        """The hub's parts, to look at and to submit with; the log is only read."""
        hub = Hub(Demo(self.home, 0, 0).settings(), SystemClock())
        try:
            yield hub
        finally:
            hub.close()

    def prepare(self) -> None:
        with self.hub() as hub:
            hub.prepare()

    def submit(self, entries: list[dict[str, Any]]) -> list[bytes]:
        with self.hub() as hub:
            return [hub.applications().submit(entry["body"], By("cli:test")).case_id for entry in entries]

    def applications(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = json.loads(self.sandbox.applications.read_text("utf-8"))
        return entries

    def registered(self, count: int) -> None:
        """Wait until the utility has so many applications."""
        deadline_s = time.monotonic() + PATIENCE_S
        while len(self.sandbox.control("utility_crm", "effects")["applications"]) < count:
            assert time.monotonic() < deadline_s, f"not registered\n{self.tail()}"
            time.sleep(0.2)

    def at_work(self, worker: str, since_ms: int = 0) -> int:
        """Wait until every stage of ``worker`` reports a step made after ``since_ms``; when that was, ms since the
        epoch."""
        deadline_s = time.monotonic() + PATIENCE_S
        with self.hub() as hub:
            reports = StageReports(hub.store, hub.clock)
            while time.monotonic() < deadline_s:
                stages = [one for one in reports.all() if one.worker == worker]
                if stages and all(one.state == "RUNNING" and one.last_step_ms > since_ms for one in stages):
                    return max(one.reported_ms for one in stages)
                time.sleep(0.1)
        raise AssertionError(f"{worker} is not at work\n{self.tail()}")

    def settle(self, deliveries: int = 0, sources: Sequence[str] = SOURCES) -> None:
        """Wait until every source's line balances and so many pieces are acknowledged."""
        self.settle_within(PATIENCE_S, deliveries, sources)

    def settle_within(
        self, patience_s: float, deliveries: int = 0, sources: Sequence[str] = SOURCES, repeats: bool = False
    ) -> None:
        """As ``settle``, with another patience: how long nothing may move. With ``repeats`` a row may have been
        received again under its record's id, as after a kill between a page's commit and what was seen of it."""
        deadline_s, before = time.monotonic() + patience_s, ""
        with self.hub() as hub:
            live = Live(hub, Runner(hub.clock), self.sandbox)
            while time.monotonic() < deadline_s:
                delivered, lines = live.delivered(), live.lines()
                done = delivered.balanced and delivered.acknowledged >= deliveries
                if done and all(_settled(line, repeats) for line in lines if line.source in sources):
                    return
                if (moved := f"{lines} {delivered}") != before:
                    deadline_s, before = time.monotonic() + patience_s, moved
                if self.process is not None and self.process.poll() is not None:
                    raise AssertionError(f"the hub ended by itself\n{self.tail()}")
                time.sleep(0.2)
            raise AssertionError(f"does not balance: {live.lines()} {live.delivered()}\n{self.tail()}")

    def check(self) -> None:
        """Row by row: every row of the truth has exactly its verdict, and nothing is there twice that was not sent
        twice."""
        with self.hub() as hub:
            live = Live(hub, Runner(hub.clock), self.sandbox)
            delivered = live.delivered()
            assert delivered.doubled == 0, f"doubled in the utility: {delivered.effects}"
            for source in SOURCES:
                assert wrong(self.truth(source), self.counted(live, source)) == []
            assert rebuilt_otherwise(hub, self.home) == []

    def counted(self, live: Live, source: str) -> Counter[Message]:
        """A source's messages, as soon as the tables have counted each: they follow the topics. ``STILL_S`` without a
        change, and they do not."""
        deadline_s, before = time.monotonic() + STILL_S, (0, 0)
        while True:
            messages = Counter(verdicts(live.hub, source))
            extra = sum(messages.values()) - len(messages)
            line = next(line for line in live.lines() if line.source == source)
            if extra == line.duplicate:
                return messages
            if (moved := (extra, line.duplicate)) != before:
                deadline_s, before = time.monotonic() + STILL_S, moved
            told = f"{source}: {extra} verdicts too many, {line.duplicate} duplicates"
            assert time.monotonic() < deadline_s, told
            time.sleep(0.5)

    def truth(self, source: str) -> Truth:
        rows = (json.loads(line) for line in self.sandbox.truth.read_text("utf-8").splitlines())
        return {
            names(row): (row["expect"], row["code"] or "")
            for row in rows
            if row["source"] == source and "duplicate_of" not in row
        }


def _settled(line: SourceLine, repeats: bool) -> bool:
    truth = line.expected
    judged = line.pending == 0 and (line.verified, line.rejected) == (truth["verified"], truth["rejected"])
    return line.balanced or (repeats and judged and line.duplicate >= truth["duplicates"])


def rebuilt_otherwise(hub: Hub, home: Path) -> list[Difference]:
    """What ``hub rebuild --check`` finds: rows that are not as their topics say."""
    file = home / "rebuilt.db"
    file.unlink(missing_ok=True)
    STORE.upgrade(f"sqlite:///{file}")
    fresh = Database(f"sqlite:///{file}")
    try:
        with hub.store.read() as live:
            rebuild(hub.log, live, fresh, hub.procedures, lambda topic, count: None)
            with fresh.read() as rebuilt:
                return [row for one in compare(live, rebuilt, hub.procedures) for row in one.differences]
    finally:
        fresh.close()


def names(row: dict[str, Any]) -> Names:
    """What a row of the truth may go by: its key and version; its bytes' digest where a reader may find none in it."""
    digest = row.get("raw_sha256")
    return (row["key"], row["version"]), f"sha256:{digest}" if digest else None


def verdicts(hub: Hub, source: str) -> Iterator[Message]:
    """((key or digest, version), verdict, first code) of every message on the verdict topics that came from
    ``source``."""
    for suffix in ("verified", "rejected"):
        topic = KINDS[KINDS_OF[source]].topic(suffix)
        for partition in range(hub.log.topics()[topic]):
            for batch in hub.log.scan(topic, partition):
                codes = [one.reasons[0]["code"] if one.reasons else "" for one, _ in read_rejections(batch)]
                opened = hub.opener.open([record.value for record in batch.records])
                for one, code in zip(opened, codes, strict=True):
                    original = one.original() if one.record else hub.opener.open_unreadable(one.envelope)
                    assert original is not None
                    yield (original.key, one.envelope["source"]["version"]), suffix, code


def wrong(truth: Truth, messages: Counter[Message]) -> list[str]:
    """What the verdicts say otherwise than the truth."""
    said = {where: (verdict, code) for where, verdict, code in messages}
    digests = {key: (verdict, code) for (key, _), verdict, code in messages if key.startswith("sha256:")}
    found = []
    for (where, digest), expected in truth.items():
        got = digests.get(digest or "") or said.get(where)
        if got != expected:
            found.append(f"{where}: expected {expected}, got {got}")
    return found


@contextmanager
def world(
    home: Path,
    size: int,
    applications: int = 0,
    seed: int = 11,
    engines: Mapping[str, Any] = EMBEDDED,
    systems: Sequence[str] = FIRST,
) -> Iterator[World]:
    """A sandbox that plays ``systems``, and a prepared hub's home; the hub is not running yet. ``engines`` are its log,
    tables and vault."""
    with launch.start(seed, size, home / "sandbox", systems=systems, applications_count=applications) as sandbox:
        Demo(home, size, seed).write_settings(sandbox, engines)
        one = World(home, sandbox)
        one.prepare()
        try:
            yield one
        finally:
            one.kill()


@dataclass
class Engines:
    """A real broker and a real PostgreSQL of one test's own, and the settings that name them."""

    broker: kafka.Cluster
    database: postgres.Server
    settings: Mapping[str, Any]


@contextmanager
def real_engines(home: Path, nodes: int = 1, partitions: int = 6) -> Iterator[Engines]:
    """Start them; skipped where this machine has not what they need."""
    copies = {"kafka.replication": min(nodes, 3), "kafka.min_insync_replicas": min(nodes, 2)}
    try:
        broker = kafka.start(home / "kafka", nodes)
    except Missing as missing:
        pytest.skip(str(missing))
    try:
        database = postgres.start()
        try:
            urls = {f"{name}_url": database.create(name) for name in ("store", "vault")}
            log = {"partitions": partitions, "log_url": f"kafka://{broker.bootstrap}"}
            yield Engines(broker, database, log | copies | urls)
        finally:
            database.stop()
    finally:
        broker.stop()
