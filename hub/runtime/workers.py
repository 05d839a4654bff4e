"""Worker processes of one hub: Python runs one thread at a time, so more cores need more processes.

Each worker is a task of the runner, which restarts a dead one with its back-off. A worker ends with its parent, also
when that was killed: it reads its standard input and stops when that closes.
"""

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Sequence

from hub.errors import Unavailable
from hub.logging import get_logger

_LOOK_S = 0.2
END_WITHIN_S = 9.0
"""Longer than a worker takes to stop its stages, and less than the ten seconds in which the whole hub stops."""

log = get_logger("workers")


class Worker:
    """One worker process, as a task. A step waits a moment and checks that the process runs. Creating it starts the
    process."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE)
        log.info("worker started", pid=self._process.pid)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def step(self) -> int:
        """Raises ``Unavailable`` when the process has ended: the runner starts another."""
        try:
            code = self._process.wait(_LOOK_S)
        except subprocess.TimeoutExpired:
            return 0
        raise Unavailable(f"the worker process ended with {code}")

    def close(self) -> None:
        """Ask the process to stop, and kill it after ``END_WITHIN_S``. Uncommitted work is done again."""
        self._process.terminate()
        try:
            self._process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            log.warning("a worker did not end in time", pid=self._process.pid)
            self._process.kill()
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()


def when_parent_ends(stop: Callable[[], None]) -> None:
    """Call ``stop``, in another thread, when the parent has closed this process's standard input or has ended."""

    def watch() -> None:
        # Not through sys.stdin, whose lock would be held while the interpreter ends.
        with contextlib.suppress(OSError):
            while os.read(0, 1):
                pass
        stop()

    threading.Thread(target=watch, name="parent", daemon=True).start()
