"""The client times out on each call of a transaction: the outcome is unknown, and the recovery protocol is run.

The proxy loses the answer although the broker acted, which is the worst case: committed, and nobody told.
"""

from pathlib import Path

import pytest

from tests.faults.arena import Arena, Broker
from tests.faults.proxy import Rule
from tests.faults.schedule import CALLS, Schedule

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
QUIET = Schedule(0, "time-out", 4, ("w1",), 5, 120, False, (), ())


@pytest.mark.parametrize("call", CALLS)
def test_p1_p2_a_time_out_is_unknown_and_made_definite(call: str, broker: Broker, tmp_path: Path) -> None:
    arena = Arena(broker, QUIET, tmp_path)
    with arena.open():
        arena.feed().join()
        rule = broker.proxy.expect(Rule(call, "drop"))
        arena.start("w1")
        arena.wait()
    assert arena.findings() == []
    assert rule.met == 1
    unknown = [event for event in arena.events() if event.who == "w1" and event.what in ("unknown", "away")]
    if call == "Produce":  # the driver asks again by itself, and the broker knows the batch by its number
        assert unknown == []
        return
    assert len(unknown) == 1
    lines = (tmp_path / "w1.log").read_text("utf-8")
    if call != "InitProducerId":  # before the first transaction there is nothing to make definite
        assert "a transaction's outcome is unknown" in lines
        assert "the outcome of the unknown transaction is definite" in lines
