"""The runner: owns the threads of all tasks, and their back-off, restart, shutdown and progress.

A task knows only how to do its next step. Its state, as operators see it, is computed from progress and not from a
running thread: a task that has not finished a step for ``STALE_S`` seconds is STALE.
"""

import gc
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hub.errors import Misconfigured, Reassigned, Unavailable
from hub.logging import get_logger
from hub.ports import Clock
from hub.runtime.backoff import Backoff
from hub.runtime.stage import Task

BACKOFF = Backoff(0.1, 30.0)
STALE_S = 60.0
STOP_TIMEOUT_S = 10.0
_TURN_S = 0.001
_LOOK_UP_S = 0.5
_GARBAGE_EVERY = 50_000
"""New objects between two runs of the garbage collector. A batch makes tens of thousands that live until its commit."""

log = get_logger("runner")


@dataclass(slots=True)
class Progress:
    """The progress of one task since the process began."""

    name: str
    records: int = 0
    failures: int = 0
    """Failures in a row; 0 after a step that worked."""
    last_step_s: float = 0.0
    """Monotonic seconds of the last step that worked."""
    trouble: str = ""

    def state(self, now_s: float) -> str:
        """RUNNING, RESTARTING (backing off after a failure) or STALE (no step finished for a minute)."""
        if self.failures:
            return "RESTARTING"
        return "STALE" if now_s - self.last_step_s > STALE_S else "RUNNING"


class Runner:
    """Runs tasks, each in a thread of its own, until ``stop``."""

    def __init__(self, clock: Clock) -> None:
        # Stages share one interpreter, and SQLite and sockets release it at each call. Short intervals share it better.
        sys.setswitchinterval(_TURN_S)
        # Objects that exist now stay: the garbage collector need not check them again.
        gc.freeze()
        gc.set_threshold(_GARBAGE_EVERY)
        self._clock = clock
        self._stop = threading.Event()
        self._asked = False
        self._threads: list[threading.Thread] = []
        self.progress: list[Progress] = []

    def start(self, name: str, make: Callable[[], Task]) -> None:
        """Run the task that ``make`` makes, in a thread of its own. ``make`` is called again after each failure."""
        progress = Progress(name, last_step_s=self._clock.monotonic_s())
        self.progress.append(progress)
        thread = threading.Thread(target=self._keep_running, args=(progress, make), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def stopping(self) -> bool:
        """Whether a stop was requested."""
        return self._asked or self._stop.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until a stop is requested, or ``timeout_s`` seconds. Returns whether a stop was requested."""
        until_s = None if timeout_s is None else self._clock.monotonic_s() + timeout_s
        # A signal does not wake the waiting thread, so wake regularly.
        while not self.stopping():
            left_s = _LOOK_UP_S if until_s is None else min(_LOOK_UP_S, until_s - self._clock.monotonic_s())
            if left_s <= 0:
                return False
            self._stop.wait(left_s)
        self._stop.set()
        return True

    def request_stop(self) -> None:
        """Ask ``wait`` to end, and all tasks after their current step. Safe in a signal handler: an event has a lock,
        and a second signal within the handler of the first would wait for it without end."""
        self._asked = True

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> list[str]:
        """Request a stop and wait up to ``timeout_s`` seconds. Returns the names of the tasks that did not end. They
        lose nothing: uncommitted work is done again."""
        self._stop.set()
        deadline = self._clock.monotonic_s() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock.monotonic_s()))
        return [thread.name for thread in self._threads if thread.is_alive()]

    def _keep_running(self, progress: Progress, make: Callable[[], Task]) -> None:
        while not self._stop.is_set():
            try:
                self._run(progress, make)
            except Unavailable as away:
                self._back_off(progress, str(away), away.retry_after_s)
            except Misconfigured as wrong:
                log.error("task cannot run", task=progress.name, reason=str(wrong))
                self._back_off(progress, str(wrong), None)
            except Exception as failure:  # one defect must never end a task permanently
                log.exception("task failed", task=progress.name, error=type(failure).__name__)
                self._back_off(progress, type(failure).__name__, None)

    def _run(self, progress: Progress, make: Callable[[], Task]) -> None:
        task = make()
        try:
            while not self._stop.is_set():
                progress.records += self._step(progress, task)
                progress.failures = 0
                progress.trouble = ""
                progress.last_step_s = self._clock.monotonic_s()
        finally:
            task.close()

    def _step(self, progress: Progress, task: Task) -> int:
        """One step. After ``Reassigned`` the task continues: another member has the partitions that were taken away."""
        try:
            return task.step()
        except Reassigned as reassigned:
            log.info("partitions were assigned again", task=progress.name, reason=str(reassigned))
            return 0

    def _back_off(self, progress: Progress, trouble: str, retry_after_s: float | None) -> None:
        progress.failures += 1
        progress.trouble = trouble
        wait_s = BACKOFF.wait_s(progress.failures, retry_after_s)
        log.warning(
            "task backs off", task=progress.name, failures=progress.failures, wait_s=round(wait_s, 1), reason=trouble
        )
        self._stop.wait(wait_s)


def first_trouble(progress: Sequence[Progress]) -> str:
    """ "TASK: REASON" of the first task with an error, or ``""``."""
    return next((f"{one.name}: {one.trouble}" for one in progress if one.trouble), "")
