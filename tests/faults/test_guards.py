"""Each guard of the broker's adapter taken out once: the checker finds what then goes wrong."""

from pathlib import Path

import pytest

from tests.faults.arena import Arena, Broker
from tests.faults.history import Finding
from tests.faults.proxy import Rule
from tests.faults.test_timeouts import QUIET
from tests.faults.test_zombies import awake_again

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def kinds(findings: list[Finding]) -> set[str]:
    return {finding.kind for finding in findings}


def test_p2_offsets_outside_the_transaction_are_found_out(broker: Broker, tmp_path: Path) -> None:
    arena = Arena(broker, QUIET, tmp_path, guard="offsets")
    with arena.open():
        arena.feed().join()
        arena.start("w1", crash="test.between:3")
        arena.wait()
    assert "doubled" in kinds(arena.findings())


def test_p2_no_fencing_is_found_out(broker: Broker, tmp_path: Path) -> None:
    arena = Arena(broker, QUIET, tmp_path, guard="fencing")
    assert "doubled" in kinds(awake_again(arena, heir_leaves=False))


def test_p2_a_zombie_without_a_generation_is_found_out(broker: Broker, tmp_path: Path) -> None:
    arena = Arena(broker, QUIET, tmp_path, guard="generation")
    assert "doubled" in kinds(awake_again(arena, heir_leaves=True))


def test_p2_reading_what_is_not_committed_is_found_out(broker: Broker, tmp_path: Path) -> None:
    arena = Arena(broker, QUIET, tmp_path, guard="uncommitted")
    with arena.open():
        arena.feed().join()
        arena.start("w1")
        arena.wait()
    assert "aborted read" in kinds(arena.findings())


def test_p2_a_time_out_taken_for_not_written_is_found_out(broker: Broker, tmp_path: Path) -> None:
    arena = Arena(broker, QUIET, tmp_path, guard="unknown")
    with arena.open():
        broker.proxy.expect(Rule("EndTxn", "drop"))
        arena.feed().join()
    assert "doubled" in kinds(arena.findings())
