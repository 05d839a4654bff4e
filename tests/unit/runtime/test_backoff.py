"""Back-off: jittered, capped, and never under what the other side asked for."""

import pytest

from hub.errors import Misconfigured, Unavailable
from hub.runtime.backoff import Backoff, attempt


def failing(errors: list[Exception]) -> object:
    def call() -> str:
        if errors:
            raise errors.pop(0)
        return "done"

    return call


def test_waits_grow_to_a_cap_and_differ() -> None:
    backoff = Backoff(1, 8)
    assert 0.5 <= backoff.wait_s(1) <= 1
    assert all(4 <= backoff.wait_s(failures) <= 8 for failures in (4, 50, 10_000))
    assert len({backoff.wait_s(10) for _ in range(20)}) > 1


def test_only_what_time_may_mend_is_tried_again() -> None:
    waited: list[float] = []
    call = failing([Unavailable("a"), Unavailable("b", retry_after_s=0.7)])
    assert attempt(call, 3, waited.append, Backoff(0.1, 1), 1.0) == "done"  # type: ignore[arg-type]
    assert len(waited) == 2 and waited[1] >= 0.7
    with pytest.raises(Misconfigured):
        attempt(failing([Misconfigured("x", "y")]), 3, waited.append, Backoff(), 1.0)  # type: ignore[arg-type]


def test_a_long_wait_is_the_callers_to_make() -> None:
    with pytest.raises(Unavailable) as told:
        attempt(failing([Unavailable("x", retry_after_s=60)]), 3, pytest.fail, Backoff(), 1.0)  # type: ignore[arg-type]
    assert told.value.retry_after_s == 60
