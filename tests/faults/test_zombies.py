"""A worker that is thought dead and comes back with a batch in its hands: its commit must not count."""

import signal
from pathlib import Path

import pytest

from tests.faults.arena import Arena, Broker
from tests.faults.history import Finding
from tests.faults.test_timeouts import QUIET

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def awake_again(arena: Arena, heir_leaves: bool) -> list[Finding]:
    """w1 is stopped between poll and commit; w2 takes over and does everything; w1 wakes, and commits."""
    with arena.open():
        arena.feed().join()
        arena.start("w1", pause_s=4.0)
        arena.wait_for("w1", "polled")
        arena.signal("w1", signal.SIGSTOP)
        arena.start("w2")
        arena.wait()
        if heir_leaves:
            arena.leave("w2")
        arena.signal("w1", signal.SIGCONT)
        arena.wait_for("w1", "committing")
    return arena.findings()


@pytest.mark.parametrize("heir_leaves", [False, True], ids=["beside its heir", "alone in its group"])
def test_p2_a_zombie_cannot_commit(heir_leaves: bool, broker: Broker, tmp_path: Path) -> None:
    arena = Arena(broker, QUIET, tmp_path)
    assert awake_again(arena, heir_leaves) == []
    assert [event.what for event in arena.events() if event.who == "w1"][:4] == [
        "joined",
        "polled",
        "committing",
        "fenced",
    ]
