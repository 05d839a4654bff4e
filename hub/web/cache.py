"""Caches answers of the log and the store for pages that machines ask often. Each question runs in its own thread, one
at a time, and its answer is used for some seconds. So a caller adds no load, and does not hang when the log or the
store hangs."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from hub.ports import Clock

T = TypeVar("T")


class Cached(Generic[T]):
    """The cached answer of one ``question``. The question is not asked again while it has no answer yet. Thread-safe.

    An answer is used for ``max_age_s`` seconds of process time.
    """

    def __init__(self, question: Callable[[], T], clock: Clock, max_age_s: float) -> None:
        self._question = question
        self._clock = clock
        self._max_age_s = max_age_s
        self._lock = threading.Lock()
        self._future: Future[T] | None = None
        self._asked_s = 0.0

    def ask(self) -> Future[T]:
        """A future with the answer or the error of the question. It may not be done yet.

        It was asked at most ``max_age_s`` seconds ago, or it is still without an answer.
        """
        with self._lock:
            future, now_s = self._future, self._clock.monotonic_s()
            if future is None or (future.done() and now_s - self._asked_s >= self._max_age_s):
                self._future, self._asked_s = Future(), now_s
                future = self._future
                threading.Thread(target=self._answer, args=(future,), name="web.ask", daemon=True).start()
            return future

    def _answer(self, future: Future[T]) -> None:
        try:
            future.set_result(self._question())
        except Exception as error:
            future.set_exception(error)


def answer_of(future: Future[T]) -> T | None:
    """The answer of a future; ``None`` while there is none, or when it is an error. Does not wait."""
    return future.result() if future.done() and future.exception() is None else None
