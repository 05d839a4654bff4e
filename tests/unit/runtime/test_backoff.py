"""Back-off: jittered, capped, and never under what the other side asked for, up to one hour."""

import pytest

from hub.errors import Misconfigured, Unavailable
from hub.runtime import runner
from hub.runtime.backoff import ASKED_MAX_S, Backoff, attempt, obeyed_s


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


def test_what_the_other_side_asks_is_never_undercut_and_hubs_do_not_come_back_at_one_moment() -> None:
    waits = [Backoff(1, 8).wait_s(2, retry_after_s=7) for _ in range(50)]
    assert all(7 <= wait_s <= 7.5 for wait_s in waits)
    assert len(set(waits)) > 1


@pytest.mark.parametrize("asked_s", [0.0, 0.001, 3.9])
def test_our_own_wait_is_the_least_whatever_the_other_side_asks(asked_s: float) -> None:
    assert all(4 <= Backoff(1, 8).wait_s(9, retry_after_s=asked_s) <= 8 for _ in range(50))


def test_what_the_other_side_asks_is_obeyed_up_to_one_hour_and_told_beyond(capsys: pytest.CaptureFixture[str]) -> None:
    assert ASKED_MAX_S == 3_600
    assert 3_600 <= Backoff(1, 8).wait_s(1, retry_after_s=86_400) <= 3_600.5
    assert obeyed_s("gateway", 3_600.0) == 3_600
    assert "gateway" not in "".join(capsys.readouterr())
    assert obeyed_s("gateway", 86_400.0) == 3_600
    told = "".join(capsys.readouterr())
    assert "asked to wait longer than is obeyed" in told
    assert "gateway" in told
    assert "86400" in told


def test_a_stage_that_fails_waits_at_least_a_twentieth_of_a_second_and_at_most_half_a_minute() -> None:
    assert all(0.05 <= runner.BACKOFF.wait_s(1) <= 0.1 for _ in range(50))
    assert all(15.0 <= runner.BACKOFF.wait_s(99) <= 30.0 for _ in range(50))


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
