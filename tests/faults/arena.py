"""Where a schedule is lived through: a broker of one's own behind a proxy, workers, a feeder, and the verdict."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import uuid4

from kafka import KafkaConsumer, TopicPartition

from hub.clock import SystemClock
from hub.errors import HubError, Unavailable
from hub.logs import open_log
from hub.ports import RecordLog, TopicSpec
from sandbox.servers import kafka
from sandbox.servers.ports import free_port
from tests.faults.history import Event, Finding, Topic, check, read
from tests.faults.proxy import Proxy, Rule
from tests.faults.schedule import Fault, Schedule
from tests.faults.stage import Post

PATIENCE_S = 45.0
"""How long nothing may move once the last fault is over. A slow machine moves; a stage that is stuck does not."""
STOP_S = 10.0
HIDDEN_S = 15.0
"""Longer than the broker lets a transaction of a process that was killed stay open (``stage.py`` sets the time)."""


class Broker:
    """Nodes that this test run may freeze and kill. Workers reach a single one by its proxy, three directly."""

    def __init__(self, home: Path, count: int = 1) -> None:
        behind, told = free_port(), free_port()
        self.cluster = kafka.start(home, count, proxied=(behind, told))
        self.node = self.cluster.nodes[0]
        self.proxy = Proxy(told, behind)
        self.url = self.cluster.log_url
        query = self.url.partition("?")[2]
        self.proxied_url = f"kafka://127.0.0.1:{told}?{query}" if count == 1 else self.url
        self.log: RecordLog = open_log(self.url, SystemClock())

    def restart(self, after_s: float) -> None:
        self.node.kill()
        self.proxy.cut_all()
        time.sleep(after_s)
        self.node.start()
        self.node.wait_ready()

    def stop(self) -> None:
        self.log.close()
        self.proxy.close()
        self.cluster.stop()


class Arena:
    """One schedule's processes. ``run`` does it all; ``findings`` judges."""

    def __init__(self, broker: Broker, schedule: Schedule, home: Path, guard: str = "") -> None:
        """``guard``: the one that is taken out of workers and feeder (``broken.py``)."""
        self._broker = broker
        self._schedule = schedule
        self._home = home
        unique = uuid4().hex[:8]
        self.source, self.target, self.group = (f"{base}.{unique}" for base in ("received", "verified", "stage"))
        self._running: dict[str, tuple[Post, BaseProcess]] = {}
        self._guard = guard
        self.slow: list[Finding] = []

    def run(self) -> list[Finding]:
        """Live through the schedule and return what went wrong."""
        with self.open():
            for who in self._schedule.workers:
                self.start(who, crash=dict(self._schedule.crashes).get(who, ""))
            feeder = self.feed()
            self._faults()
            self.wait(feeder)
        return self.findings()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Topics that are there; at the end nobody runs any more, and the proxy does nothing but pass on."""
        self._create()
        try:
            yield
            self._stop_all()
        finally:
            self._broker.proxy.forget()
            for _, process in self._running.values():
                process.kill()

    def _create(self) -> None:
        """Create the topics. A node that has just started again may not be known to the others yet."""
        specs = [TopicSpec(name, self._schedule.partitions) for name in (self.source, self.target)]
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._broker.log.create(specs)
                return
            except Unavailable:
                if time.monotonic() > deadline_s:
                    raise
            time.sleep(0.2)

    def findings(self) -> list[Finding]:
        for topic in (self.source, self.target):
            self._wait_visible(topic)
        return [*self.slow, *check(self.events(), self.read(self.source), self.read(self.target))]

    def _wait_visible(self, topic: str) -> None:
        """Until no open transaction hides what is committed behind it: who left one may be dead, with no heir."""
        deadline_s = time.monotonic() + HIDDEN_S
        while self._ends(topic, "read_committed") != self._ends(topic, "read_uncommitted"):
            if time.monotonic() > deadline_s:
                self.slow.append(Finding("hidden", f"a transaction on {topic} is open after {HIDDEN_S:.0f} s"))
                return
            time.sleep(0.5)

    def _ends(self, topic: str, isolation: str) -> dict[TopicPartition, int]:
        places = [TopicPartition(topic, partition) for partition in range(self._schedule.partitions)]
        reader = KafkaConsumer(bootstrap_servers=self._broker.cluster.bootstrap, isolation_level=isolation)
        try:
            return dict(reader.end_offsets(places))
        finally:
            reader.close()

    def events(self) -> list[Event]:
        return read(sorted(self._home.glob("*.history")))

    def read(self, topic: str) -> Topic:
        """What is committed. Asked again while the broker comes back."""
        log = self._broker.log
        for left in range(20, -1, -1):
            try:
                return Topic({p: _rows(log, topic, p) for p in log.bounds(topic)})
            except Unavailable:
                if not left:
                    raise
                time.sleep(0.5)
        raise AssertionError

    def start(self, who: str, crash: str = "", member: str = "", pause_s: float = 0.005) -> None:
        post = Post(
            self._home, who, self._broker.proxied_url, self.source, self.target, self.group, member or who,
            self._schedule.batch_records, self._schedule.joins_again, crash, self._guard, pause_s=pause_s,
        )  # fmt: skip
        post.stop.unlink(missing_ok=True)
        self._running[who] = (post, post.start())

    def feed(self) -> BaseProcess:
        post = Post(self._home, "feeder", self._broker.proxied_url, self.source, group=self.group, guard=self._guard)
        partitions, records = self._schedule.partitions, self._schedule.records
        return replace(post, direct_url=self._broker.url, partitions=partitions, records=records).start("feed")

    def _faults(self) -> None:
        begun_s = time.monotonic()
        for fault in self._schedule.faults:
            time.sleep(max(0.0, fault.at_s - (time.monotonic() - begun_s)))
            self._raise_dead()
            self._apply(fault)

    def _apply(self, fault: Fault) -> None:
        on_wire = {"drop", "cut", "reset", "delay", "blackhole"}
        if fault.what in on_wire:
            self._broker.proxy.expect(Rule(fault.detail, fault.what, delay_s=fault.lasts_s))
            return
        deeds: dict[str, Callable[[Fault], None]] = {
            "kill": self._kill, "stop": self._zombie, "twin": self._twin, "add": self._add, "remove": self._remove,
            "freeze": self._freeze, "broker": lambda one: self._broker.restart(one.lasts_s),
            "cut all": lambda _: self._broker.proxy.cut_all(),
        }  # fmt: skip
        deeds[fault.what](fault)

    def _kill(self, fault: Fault) -> None:
        self._end(fault.who)
        time.sleep(fault.lasts_s)
        self.start(fault.who)

    def _end(self, who: str) -> None:
        if who in self._running:
            _, process = self._running.pop(who)
            process.kill()
            process.join()

    def _zombie(self, fault: Fault) -> None:
        self.signal(fault.who, signal.SIGSTOP)
        time.sleep(fault.lasts_s)
        self.signal(fault.who, signal.SIGCONT)

    def signal(self, who: str, number: int) -> None:
        _, process = self._running[who]
        os.kill(process.pid or 0, number)

    def _twin(self, fault: Fault) -> None:
        twin = f"{fault.who}-twin"
        self.start(twin, member=fault.who)
        time.sleep(fault.lasts_s)
        self._end(twin)

    def _add(self, _: Fault) -> None:
        self.start(f"x{len(self._running)}")

    def _remove(self, _: Fault) -> None:
        if len(self._running) > 1:
            who = next(iter(self._running))
            self.leave(who)

    def leave(self, who: str) -> None:
        """Ask a worker to end, and see that it does in time."""
        post, process = self._running.pop(who)
        post.stop.touch()
        process.join(STOP_S)
        if process.is_alive():
            self.slow.append(Finding("slow stop", f"{who} did not end within {STOP_S:.0f} s"))
            process.kill()

    def _freeze(self, fault: Fault) -> None:
        with frozen(self._broker.node):
            time.sleep(fault.lasts_s)

    def _raise_dead(self) -> None:
        """Whoever died at a crash point comes back, once."""
        for who, (_, process) in list(self._running.items()):
            if not process.is_alive():
                self.start(who)

    def wait_for(self, who: str, what: str, count: int = 1) -> None:
        """Until a worker has written that line so often."""
        deadline_s = time.monotonic() + PATIENCE_S
        while sum(event.who == who and event.what == what for event in self.events()) < count:
            assert time.monotonic() < deadline_s, f"{who}: no {what}"
            time.sleep(0.05)

    def wait(self, feeder: BaseProcess | None = None) -> None:
        """Until everything that was fed is behind the group, as long as anything moves."""
        deadline_s, before = time.monotonic() + PATIENCE_S, (0, 0)
        while time.monotonic() < deadline_s:
            self._raise_dead()
            time.sleep(0.2)
            done, moved = self._moved()
            if not (feeder and feeder.is_alive()) and done:
                return
            if moved != before:
                deadline_s, before = time.monotonic() + PATIENCE_S, moved
        if feeder:
            feeder.kill()
        self.slow.append(Finding("stuck", f"nothing has moved for {PATIENCE_S:.0f} s"))

    def _moved(self) -> tuple[bool, tuple[int, int]]:
        """Whether the group is behind all that was fed, and (rows that were fed, sum of the group's positions)."""
        try:
            at = self._broker.log.committed(self.group)
            rows = self.read(self.source).partitions
        except HubError:
            return False, (0, 0)
        done = all(at.get((self.source, p), 0) > rows[p][-1][0] for p in rows if rows[p])
        return done, (sum(map(len, rows.values())), sum(at.values()))

    def _stop_all(self) -> None:
        for post, _ in self._running.values():
            post.stop.touch()
        for who in list(self._running):
            self.leave(who)


@contextmanager
def frozen(node: kafka.Node) -> Iterator[None]:
    node.freeze()
    try:
        yield
    finally:
        node.thaw()


def _rows(log: RecordLog, topic: str, partition: int) -> list[tuple[int, str]]:
    return [(one.offset, (one.value or b"").decode()) for b in log.scan(topic, partition) for one in b.records]
