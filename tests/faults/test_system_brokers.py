"""One, then two of three brokers are down while a whole hub runs: P1 (nothing that was acknowledged is lost), P2
(nothing is doubled), and the hub says what it waits for."""

import time
from pathlib import Path

import pytest

from hub.runtime.status import StageReports
from sandbox.servers.kafka import Node
from tests.e2e.harness import PATIENCE_S, World, real_engines, world

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]


def start_again(*nodes: Node) -> None:
    for node in nodes:
        node.start()
    for node in nodes:
        node.wait_ready()


def waits_for_broker(one: World) -> None:
    """Wait until the stages that need the log say so in their reports."""
    deadline_s = time.monotonic() + PATIENCE_S
    with one.hub() as hub:
        while time.monotonic() < deadline_s:
            said = {stage.stage: stage.trouble for stage in StageReports(hub.store, hub.clock).all()}
            if "broker" in said["verify"] or "broker" in said["relay"]:
                return
            time.sleep(0.2)
    raise AssertionError(f"{said}\n{one.tail()}")


def test_p1_p2_with_one_of_three_brokers_down_it_goes_on_and_with_two_it_waits_and_says_so(tmp_path: Path) -> None:
    with real_engines(tmp_path, 3, 2) as engines, world(tmp_path, 600, 4, engines=engines.settings) as one:
        nodes = engines.broker.nodes
        one.submit(one.applications()[:2])
        one.start()
        one.at_work("demo")
        nodes[0].kill()
        one.sandbox.control("business_licence", "advance", {"steps": 200})
        one.settle_within(2 * PATIENCE_S, deliveries=6)

        nodes[1].kill()
        one.sandbox.control("business_licence", "advance", {"steps": 200})
        (application_id,) = one.submit(one.applications()[3:4])
        waits_for_broker(one)
        with one.hub() as hub:
            shown = hub.applications().show(application_id)
            assert shown["due_on"] or shown["segment_due_on"]
        start_again(*nodes[:2])
        one.settle_within(2 * PATIENCE_S, deliveries=7)
        one.check()
