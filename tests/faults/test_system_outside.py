"""The outside world misbehaves while several hubs share the work: P1 (nothing lost), P2 (nothing doubled)."""

import time
from pathlib import Path

import pytest

from hub.ingest.control import Reports
from tests.e2e.harness import PATIENCE_S, World, real_engines, world

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]

WITHIN_S = 3.0


def test_p2_each_piece_takes_effect_once_when_the_crm_breaks_off_after_its_commit_under_two_hubs(
    tmp_path: Path,
) -> None:
    with real_engines(tmp_path, partitions=2) as engines, world(tmp_path, 60, 12, engines=engines.settings) as one:
        one.sandbox.fault("utility_crm", "drop_after_commit", share=0.7, seconds=20)
        ids = one.submit(one.applications()[:2] + one.applications()[3:])
        for name in ("first", "second"):
            one.start(environ={"HUB_INSTANCE": name})
        one.registered(len(ids))
        one.settle(deliveries=6 + len(ids) - 2)
        one.check()
        calls = one.sandbox.control("utility_crm", "calls")["calls"]
        assert any(name.endswith("drop_after_commit") for name in calls), calls


def troubled(one: World, source: str) -> str:
    """Wait until the source's status names a trouble, and that it has fetched nothing."""
    deadline_s = time.monotonic() + PATIENCE_S
    with one.hub() as hub:
        while time.monotonic() < deadline_s:
            report = Reports(hub.store, hub.clock).get(source)
            if report is not None and report.failures:
                assert (report.rows, report.fetched_ms) == (0, 0)
                return report.trouble
            time.sleep(0.2)
    raise AssertionError(f"its status says nothing\n{one.tail()}")


def test_p1_a_source_of_one_byte_a_second_holds_up_neither_another_nor_look_ups_and_its_status_says_so(
    tmp_path: Path,
) -> None:
    with real_engines(tmp_path, partitions=2) as engines, world(tmp_path, 300, engines=engines.settings) as one:
        one.sandbox.fault("business_licence", "trickle", path="/licences/changes")
        one.submit(one.applications()[:2])
        one.start(environ={"HUB_CONNECTORS__BUSINESS_LICENCE__TOTAL_TIMEOUT_S": str(WITHIN_S)})
        one.settle(deliveries=6, sources=["property_title"])
        assert "Timeout" in troubled(one, "business_licence")
        one.sandbox.clear("business_licence")
        one.settle(deliveries=6)
        one.check()
