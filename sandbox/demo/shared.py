"""The demonstration on a real broker and a real PostgreSQL, with two worker processes. In the middle of the records,
and again among the steps, one worker is killed with -9, and a third one joins and leaves.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from hub.bootstrap import Hub, Make
from hub.errors import Unavailable
from hub.runtime.status import StageReports
from hub.runtime.workers import Worker
from sandbox import launch
from sandbox.demo.demo import Demo, Live
from sandbox.servers import kafka, postgres

PARTITIONS = 6
WORKERS = 2
MIDDLE = 0.2
"""Share of the records that are judged before the first disturbance."""
STEPS = 3
"""Steps that are reported before the second disturbance."""
BACK_WITHIN_S = 60.0
_LOOK_S = 0.2


class SharedDemo(Demo):
    """One run on Kafka and PostgreSQL. Both end with it, and their data are deleted."""

    workers: dict[int, Worker]

    @contextmanager
    def engines(self) -> Iterator[Mapping[str, Any]]:
        """Raises ``Missing`` when this machine cannot run them."""
        broker = kafka.start(self.home / "kafka")
        try:
            database = postgres.start()
            try:
                urls = {f"{name}_url": database.create(name) for name in ("store", "vault")}
                copies = {"kafka.replication": 1, "kafka.min_insync_replicas": 1}
                yield {"partitions": PARTITIONS, "log_url": f"kafka://{broker.bootstrap}"} | copies | urls
            finally:
                database.stop()
        finally:
            broker.stop()

    @contextmanager
    def running(self, progress: launch.Progress) -> Iterator[Live]:
        """As in ``Demo``. Both workers are running when the block begins."""
        with super().running(progress) as live:
            for number in range(1, WORKERS + 1):
                self._wait_for(live, number)
            yield live

    def tasks(self, hub: Hub) -> list[tuple[str, Make]]:  # noqa: ARG002
        """The tasks of two worker processes, as `hub run --workers` starts them."""
        self.workers = {}
        return [(f"worker.{n}", partial(self.start_worker, n)) for n in range(1, WORKERS + 1)]

    def start_worker(self, number: int) -> Worker:
        """Start the worker process with this number."""
        config = ["--config", str(self.home / "hub.toml")]
        self.workers[number] = Worker(
            [sys.executable, "-m", "hub", *config, "run", "--no-web", "--worker", str(number)]
        )
        return self.workers[number]

    def disturb(self, live: Live) -> Iterator[str]:
        """Kill a worker, then let a third one join and leave. Raises ``Unavailable`` when a worker does not return."""
        while _judged(live) < MIDDLE * sum(line.expected["emitted"] for line in live.lines()):
            live.runner.wait(_LOOK_S)
            yield ""
        yield from self._killed_and_joined(live, 1, lambda: f"{_judged(live):,} records")

    def disturb_steps(self, live: Live, ids: Sequence[bytes]) -> Iterator[str]:
        """As ``disturb``, while the utility reports steps."""
        with ThreadPoolExecutor(1) as pool:
            playing = pool.submit(live.play, ids)
            while not playing.done() and live.steps().sent < STEPS:
                live.runner.wait(_LOOK_S)
            yield from self._killed_and_joined(live, 2, lambda: f"{live.steps().sent} steps")
            playing.result()

    def _killed_and_joined(self, live: Live, number: int, done: Callable[[], str]) -> Iterator[str]:
        before_ms, pid = live.hub.clock.process_ms(), self.workers[number].pid
        os.kill(pid, signal.SIGKILL)
        yield f"worker {number} killed with -9 after {done()}"
        self._wait_for(live, number, before_ms)
        yield f"worker {number} is back after {(live.hub.clock.process_ms() - before_ms) / 1000:.1f} s"
        third = self.start_worker(3)
        self._wait_for(live, 3, live.hub.clock.process_ms())
        yield f"worker 3 joined: partitions were assigned again, after {done()}"
        third.close()
        yield f"worker 3 left: assigned again, after {done()}"

    def _wait_for(self, live: Live, number: int, since_ms: int = 0) -> None:
        """Wait until a worker's stages report progress after ``since_ms`` (process time)."""
        reports = StageReports(live.hub.store, live.hub.clock)
        deadline_s = live.hub.clock.monotonic_s() + BACK_WITHIN_S
        while live.hub.clock.monotonic_s() < deadline_s:
            stages = [one for one in reports.all() if one.worker == f"demo.{number}"]
            if stages and all(one.state == "RUNNING" and one.last_step_ms > since_ms for one in stages):
                return
            live.runner.wait(_LOOK_S)
        raise Unavailable(f"worker {number} did not start working within {BACK_WITHIN_S:.0f} s")


def _judged(live: Live) -> int:
    return sum(line.verified + line.rejected + line.duplicate for line in live.lines())
