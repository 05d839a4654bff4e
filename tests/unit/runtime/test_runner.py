"""The runner: an outage is back-pressure (P1), status comes from progress."""

import threading

from hub.clock import SystemClock
from hub.errors import Reassigned, Unavailable
from hub.runtime.runner import STALE_S, Progress, Runner


class Flaky:
    """Fails ``failures`` times in all, then works; counts what was closed."""

    closed = 0

    def __init__(self, failures: list[Exception], worked: threading.Event) -> None:
        self._failures = failures
        self._worked = worked

    def step(self) -> int:
        if self._failures:
            raise self._failures.pop()
        self._worked.set()
        threading.Event().wait(0.01)
        return 1

    def close(self) -> None:
        Flaky.closed += 1


def test_p1_a_task_is_made_anew_after_outages_and_defects() -> None:
    worked = threading.Event()
    failures: list[Exception] = [Unavailable("away", retry_after_s=0.01), ValueError("defect"), Unavailable("away")]
    runner = Runner(SystemClock())
    runner.start("flaky", lambda: Flaky(failures, worked))
    assert worked.wait(5)
    assert runner.stop() == []
    assert Flaky.closed == 4
    assert runner.progress[0].records >= 1
    assert runner.progress[0].trouble == ""


def test_p2_a_task_keeps_its_place_when_its_work_was_dealt_out_anew() -> None:
    worked, before = threading.Event(), Flaky.closed
    runner = Runner(SystemClock())
    runner.start("member", lambda: Flaky([Reassigned("lost partitions")] * 3, worked))
    assert worked.wait(5)
    assert runner.progress[0].failures == 0
    assert Flaky.closed == before
    runner.stop()


def test_stopping_does_not_wait_for_a_back_off() -> None:
    runner = Runner(SystemClock())
    runner.start("away", lambda: Flaky([Unavailable("away", retry_after_s=1000.0)] * 9, threading.Event()))
    threading.Event().wait(0.05)
    assert runner.progress[0].state(0.0) == "RESTARTING"
    assert runner.stop() == []


def test_status_comes_from_progress_not_from_a_thread_that_lives() -> None:
    progress = Progress("stuck", last_step_s=100.0)
    assert progress.state(100.0 + STALE_S / 2) == "RUNNING"
    assert progress.state(100.0 + STALE_S + 1) == "STALE"


def test_a_second_signal_within_the_handler_of_the_first_does_not_block_the_stop() -> None:
    """`timeout` and impatient people send two: the second runs while the first holds a lock."""
    runner = Runner(SystemClock())
    with runner._stop._cond:
        second = threading.Thread(target=runner.request_stop, daemon=True)
        second.start()
        second.join(5)
        assert not second.is_alive()
    assert runner.wait()
