"""Questions to what is outside, as pages for machines ask them: one at a time, each in a thread of its own, and the
answer kept for a few seconds, so that nobody who asks often puts a load on it or hangs with it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from hub.ports import Clock

T = TypeVar("T")


class Kept(Generic[T]):
    """One question. While it has no answer it is not asked again, however many want to know."""

    def __init__(self, question: Callable[[], T], clock: Clock, keep_s: float) -> None:
        self._question = question
        self._clock = clock
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._future: Future[T] | None = None
        self._asked_s = 0.0

    def ask(self) -> Future[T]:
        """The answer, or the error, that is there or on its way; never older than ``keep_s`` unless it still hangs."""
        with self._lock:
            future, now_s = self._future, self._clock.monotonic_s()
            if future is None or (future.done() and now_s - self._asked_s >= self._keep_s):
                self._future, self._asked_s = Future(), now_s
                future = self._future
                threading.Thread(target=self._answer, args=(future,), name="web.ask", daemon=True).start()
            return future

    def _answer(self, future: Future[T]) -> None:
        try:
            future.set_result(self._question())
        except Exception as error:
            future.set_exception(error)


def got(future: Future[T]) -> T | None:
    """The answer; ``None`` while there is none, or when it was an error."""
    return future.result() if future.done() and future.exception() is None else None
