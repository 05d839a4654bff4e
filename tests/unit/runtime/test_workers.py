"""Worker processes: started again when they die, and ended with their parent."""

import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from hub.errors import Unavailable
from hub.runtime.workers import Worker

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
WATCHES = """
import threading
from hub.runtime.workers import when_parent_ends
stop = threading.Event()
when_parent_ends(stop.set)
print("ready", flush=True)
stop.wait(60)
"""


def within(seconds: float, true: Callable[[], bool]) -> bool:
    deadline_s = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return true()


def test_a_step_is_a_moment_in_which_the_process_lived() -> None:
    worker = Worker(SLEEPS)
    assert worker.step() == 0
    os.kill(worker.pid, 9)
    assert within(5, lambda: _ended(worker))
    worker.close()


def _ended(worker: Worker) -> bool:
    try:
        worker.step()
    except Unavailable as ended:
        return "-9" in str(ended)
    return False


def test_closing_ends_the_process() -> None:
    worker = Worker(SLEEPS)
    worker.close()
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)


def test_a_worker_stops_when_its_parent_is_no_more() -> None:
    child = subprocess.Popen([sys.executable, "-c", WATCHES], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    child.stdin.close()
    assert child.wait(5) == 0
    child.stdout.close()
