"""One worker after another is killed with -9 while records flow: P1 (nothing lost), P2 (nothing doubled), and every one
is back at work soon."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.bootstrap import Hub
from hub.records.tables import tally
from hub.runtime.runner import Runner
from hub.runtime.status import StageReports
from sandbox.demo.demo import Live
from tests.e2e.harness import PATIENCE_S, World, real_engines, world

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]

FOR_S = float(os.environ.get("HUB_TEST_KILLS_S", "120"))
EVERY_S = 5.0
WORKERS = ("demo.1", "demo.2")
A_SECOND = {"business_licence": 150, "property_title": 40}
"""Rows that each source changes every second, while workers are killed."""
UNREAD_MAX = 1_000
"""A source that is so far ahead waits: the registry overwrites its 2,000 rows one after the other, and a row that is
overwritten twice before it is read was never there for the hub."""


@contextmanager
def feeding(one: World) -> Iterator[None]:
    """The outside world goes on changing."""
    over = threading.Event()

    def feed() -> None:
        with one.hub() as hub:
            live = Live(hub, Runner(hub.clock), one.sandbox)
            while not over.wait(1.0):
                for line in live.lines():
                    unread = line.expected["emitted"] - (line.received - line.looked_up)
                    if unread < UNREAD_MAX:
                        one.sandbox.control(line.source, "advance", {"steps": A_SECOND[line.source]})

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def pid_of(one: World, worker: str) -> int | None:
    """The process of a worker, by the number that its parent gave it."""
    assert one.process is not None
    for file in Path(f"/proc/{one.process.pid}/task").glob("*/children"):
        for pid in file.read_text().split():
            arguments = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            if arguments[-3:-1] == ["--worker", worker.rpartition(".")[2]]:
                return int(pid)
    return None


def at_work(reports: StageReports, worker: str, since_ms: int) -> bool:
    """Whether all of a worker's stages have made steps since then."""
    stages = [one for one in reports.all() if one.worker == worker]
    return bool(stages) and all(one.state == "RUNNING" and one.last_step_ms > since_ms for one in stages)


def verdicts(hub: Hub) -> int:
    """How many verdicts are in the tables."""
    count = func.sum(tally.c.verified + tally.c.rejected + tally.c.duplicate)
    with hub.store.read() as connection:
        return int(connection.execute(select(count)).scalar_one())


def kill_in_turn(one: World) -> dict[str, list[float]]:
    """Kill a worker every ``EVERY_S``: the one that is longest at work; if none is, the one that was killed last, while
    it starts. How long each took until it was at work and records moved, in seconds, counted from its first kill."""
    back: dict[str, list[float]] = {worker: [] for worker in WORKERS}
    down: dict[str, tuple[int, int]] = {}
    turn = list(WORKERS)
    with one.hub() as hub:
        reports = StageReports(hub.store, hub.clock)
        begun_s, kills = time.monotonic(), 0
        while (now_s := time.monotonic() - begun_s) < FOR_S or down:
            if kills * EVERY_S <= now_s < FOR_S:
                kills += 1
                worker = next((one for one in turn if one not in down), turn[-1])
                turn.remove(worker)
                turn.append(worker)
                if pid := pid_of(one, worker):
                    down.setdefault(worker, (hub.clock.now_ms(), verdicts(hub)))
                    os.kill(pid, signal.SIGKILL)
            for worker, (since_ms, before) in list(down.items()):
                took_s = (hub.clock.now_ms() - since_ms) / 1000
                if at_work(reports, worker, since_ms) and verdicts(hub) > before:
                    back[worker].append(took_s)
                    del down[worker]
                assert took_s < PATIENCE_S, f"{worker} is not back: {reports.all()}; {back}\n{one.tail()}"
            time.sleep(0.1)
    return back


def test_p1_p2_a_worker_killed_every_five_seconds_comes_back_and_it_balances(tmp_path: Path) -> None:
    with real_engines(tmp_path) as engines, world(tmp_path, 2_000, engines=engines.settings) as one:
        one.submit(one.applications()[:2])
        one.start(run=["--workers", "2"])
        for worker in WORKERS:
            one.at_work(worker)
        one.settle(deliveries=6)  # the registry's table is read before its rows are overwritten
        with feeding(one):
            back = kill_in_turn(one)
        print("\nback after, s:", {worker: [round(s, 1) for s in times] for worker, times in back.items()})
        one.settle_within(3 * PATIENCE_S, deliveries=6, repeats=True)
        one.check()
