"""The breaker's states, and that a time that the peer named binds every caller."""

import pytest

from hub.connect.host.circuit import CLOSED, HALF_OPEN, OPEN, Circuit
from hub.errors import Unavailable
from tests.clocks import HandClock


@pytest.fixture
def circuit(clock: HandClock) -> Circuit:
    return Circuit("sample", clock, failures_max=3, open_s=5, longest_s=20)


def fail(circuit: Circuit, times: int, retry_after_s: float | None = None) -> None:
    for _ in range(times):
        circuit.enter()
        circuit.failed(retry_after_s)


def test_it_opens_after_failures_in_a_row_only(circuit: Circuit) -> None:
    fail(circuit, 2)
    circuit.succeeded()
    fail(circuit, 2)
    assert circuit.state == CLOSED
    fail(circuit, 1)
    assert circuit.state == OPEN
    with pytest.raises(Unavailable) as told:
        circuit.enter()
    assert told.value.retry_after_s is not None
    assert 2.5 <= told.value.retry_after_s <= 5


def test_one_trial_decides(circuit: Circuit, clock: HandClock) -> None:
    fail(circuit, 3)
    clock.pass_s(6)
    assert circuit.state == HALF_OPEN
    circuit.enter()
    with pytest.raises(Unavailable, match="another call"):
        circuit.enter()
    circuit.succeeded()
    assert circuit.state == CLOSED


def test_a_failed_trial_rests_longer_up_to_a_cap(circuit: Circuit, clock: HandClock) -> None:
    fail(circuit, 3)
    for expected in (10, 20, 20):
        clock.pass_s(21)
        fail(circuit, 1)
        with pytest.raises(Unavailable) as told:
            circuit.enter()
        assert told.value.retry_after_s is not None
        assert expected / 2 <= told.value.retry_after_s <= expected


def test_a_time_that_the_peer_named_opens_it_at_once(circuit: Circuit, clock: HandClock) -> None:
    fail(circuit, 1, retry_after_s=30)
    assert circuit.state == OPEN
    clock.pass_s(31)
    circuit.enter()


@pytest.mark.parametrize("asked_s", [0.0, 0.01])
def test_a_peer_that_asks_for_no_time_is_left_alone_all_the_same(
    circuit: Circuit, clock: HandClock, asked_s: float
) -> None:
    """``Retry-After: 0``, or a date that has passed."""
    calls = 0
    for _ in range(600):
        clock.pass_s(0.1)
        if circuit.state != OPEN:
            fail(circuit, 1, asked_s)
            calls += 1
    assert calls <= 12


def test_a_trial_that_never_reports_does_not_shut_it_for_ever(circuit: Circuit, clock: HandClock) -> None:
    fail(circuit, 3)
    clock.pass_s(6)
    circuit.enter()
    clock.pass_s(121)
    circuit.enter()
