"""The runner: owns the threads of any number of tasks, and their back-off, restart, shutdown and progress.

A task knows only how to do its next piece of work. Its state, as shown to operators, comes from progress made, never
from a thread being alive: a task that has not finished a step for ``STALE_S`` is STALE, whatever its thread does.
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
"""Objects between two looks for cycles. A batch makes tens of thousands that all live until it is committed."""

log = get_logger("runner")


@dataclass(slots=True)
class Progress:
    """What one task has done since the process began."""

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
        # Stages take turns on one interpreter, and SQLite and sockets give theirs away at every call: shorter turns.
        sys.setswitchinterval(_TURN_S)
        # What is here by now stays: it need not be looked through for cycles again and again.
        gc.freeze()
        gc.set_threshold(_GARBAGE_EVERY)
        self._clock = clock
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.progress: list[Progress] = []

    def start(self, name: str, make: Callable[[], Task]) -> None:
        """Run the task that ``make`` makes; it is called again after every failure."""
        progress = Progress(name, last_step_s=self._clock.monotonic_s())
        self.progress.append(progress)
        thread = threading.Thread(target=self._keep_running, args=(progress, make), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def stopping(self) -> bool:
        return self._stop.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until someone calls ``request_stop``; True if so."""
        if timeout_s is not None:
            return self._stop.wait(timeout_s)
        # A signal that the system hands to another thread does not wake the main one: look up now and then.
        while not self._stop.wait(_LOOK_UP_S):
            pass
        return True

    def request_stop(self) -> None:
        """Ask every task to end after its present step. Safe in a signal handler."""
        self._stop.set()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> list[str]:
        """Ask, and wait up to ``timeout_s`` for all; the names of those that did not end. They lose nothing:
        what is not committed is done again."""
        self.request_stop()
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
            except Exception as failure:  # a task must never end for good because of one defect
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
        """One step. What a rebalance took from it is another's to do: the task keeps its place and goes on."""
        try:
            return task.step()
        except Reassigned as dealt_out:
            log.info("work was dealt out anew", task=progress.name, reason=str(dealt_out))
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
    """The first trouble in words, or ``""``."""
    return next((f"{one.name}: {one.trouble}" for one in progress if one.trouble), "")
