"""Circuit breaker: after some failures in a row, stop calling a system for a time, then try it with one call.

CLOSED ──(failures_max failures, or the peer named a time)──► OPEN ──(time over)───► HALF_OPEN
   ▲                                                            ▲                       │
   └──────────────────(the trial works)─────────────────────────┼───────────────────────┤
                                                                └──(the trial fails)────┘
"""

import threading
from typing import Final

from hub.errors import Unavailable
from hub.ports import Clock
from hub.runtime.backoff import Backoff

CLOSED: Final = "CLOSED"
OPEN: Final = "OPEN"
HALF_OPEN: Final = "HALF_OPEN"
_TRIAL_MAX_S = 120.0


class Circuit:
    """The circuit breaker of one system. Thread-safe.

    It opens after ``failures_max`` failures in a row, for ``open_s`` seconds at first. The time doubles with each
    failed trial, up to ``longest_s``.
    """

    def __init__(
        self, name: str, clock: Clock, failures_max: int = 5, open_s: float = 5.0, longest_s: float = 60.0
    ) -> None:
        self._name = name
        self._clock = clock
        self._failures_max = failures_max
        self._backoff = Backoff(open_s, longest_s)
        self._lock = threading.Lock()
        self._failures = 0
        self._opened = 0
        self._until_s = 0.0
        self._trial_s: float | None = None

    @property
    def state(self) -> str:
        """CLOSED, OPEN or HALF_OPEN."""
        with self._lock:
            return self._state()

    def _state(self) -> str:
        if not self._until_s:
            return CLOSED
        return OPEN if self._clock.monotonic_s() < self._until_s else HALF_OPEN

    def enter(self) -> None:
        """Call it before a call to the system. Raises ``Unavailable`` with the remaining time while the circuit is
        open, and while the trial of another thread runs."""
        with self._lock:
            state, now_s = self._state(), self._clock.monotonic_s()
            if state == OPEN:
                raise Unavailable(f"{self._name}: not called after several failures", self._until_s - now_s)
            if state == HALF_OPEN:
                # A trial whose thread died must not keep the circuit open without end.
                if self._trial_s is not None and now_s - self._trial_s < _TRIAL_MAX_S:
                    raise Unavailable(f"{self._name}: another call is the trial", 0.5)
                self._trial_s = now_s

    def left(self) -> None:
        """Undo an ``enter`` after which no call was made."""
        with self._lock:
            self._trial_s = None

    def succeeded(self) -> None:
        """Note that a call worked: the circuit is closed."""
        with self._lock:
            self._failures = self._opened = 0
            self._until_s = 0.0
            self._trial_s = None

    def failed(self, retry_after_s: float | None = None) -> None:
        """Count a failed call. ``retry_after_s``, the time that the peer named, opens the circuit immediately: it
        holds for all our callers. After as many failures as open it by themselves, it is open at least as long as
        without that time."""
        with self._lock:
            self._failures += 1
            tried, self._trial_s = self._trial_s is not None, None
            asked_s = retry_after_s or 0.0
            own_s = 0.0
            if tried or self._failures >= self._failures_max:
                self._opened += 1
                own_s = self._backoff.wait_s(self._opened)
            if rest_s := max(asked_s, own_s):
                self._until_s = self._clock.monotonic_s() + rest_s
