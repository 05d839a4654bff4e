"""Three brokers, two copies needed: one may be away; with two away everything is refused, and nothing is forgotten."""

import time
from pathlib import Path

import pytest

from sandbox.servers.kafka import Node
from tests.faults.arena import Arena, Broker
from tests.faults.schedule import Schedule

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
LONG = Schedule(0, "three brokers", 4, ("w1", "w2"), 5, 400, True, (), ())


def start_again(*nodes: Node) -> None:
    for node in nodes:
        node.start()
    for node in nodes:
        node.wait_ready()


@pytest.mark.parametrize("number", [0, 2])
def test_p1_p2_one_of_three_down_goes_on(number: int, three_brokers: Broker, tmp_path: Path) -> None:
    arena, node = Arena(three_brokers, LONG, tmp_path), three_brokers.cluster.nodes[number]
    with arena.open():
        for who in LONG.workers:
            arena.start(who)
        feeder = arena.feed()
        arena.wait_for("feeder", "acknowledged", 5)
        node.kill()
        killed_s = time.monotonic()
        arena.wait(feeder)
        start_again(node)
    assert arena.findings() == []
    assert any(event.what == "acknowledged" and event.at_s > killed_s + 1 for event in arena.events())


def test_p1_p2_two_of_three_down_refuse_and_never_acknowledge_falsely(three_brokers: Broker, tmp_path: Path) -> None:
    arena, nodes = Arena(three_brokers, LONG, tmp_path), three_brokers.cluster.nodes[1:]
    with arena.open():
        for who in LONG.workers:
            arena.start(who)
        feeder = arena.feed()
        arena.wait_for("feeder", "acknowledged", 5)
        for node in nodes:
            node.kill()
        killed_s = time.monotonic()
        arena.wait_for("feeder", "unacknowledged")
        back_s = time.monotonic()
        start_again(*nodes)
        arena.wait(feeder)
    between = [event.what for event in arena.events() if killed_s + 0.5 < event.at_s < back_s]
    assert "acknowledged" not in between
    assert "committed" not in between
    assert arena.findings() == []
