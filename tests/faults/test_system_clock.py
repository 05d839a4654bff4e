"""The clocks of two machines are two hours off, one ahead, one behind: what one hub puts off or claims is not out of
the others' reach for two hours, nothing is doubled (P2), and what is written down tells the right time (P4)."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.harness import BROKEN, PATIENCE_S, World, real_engines, world

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]

NEAR_MS = 600_000
AWAY_S = 8.0


def times_ms(one: World) -> list[int]:
    """When every record of the log says that it was written."""
    with one.hub() as hub:
        return [
            record.timestamp
            for topic, partitions in hub.log.topics().items()
            for partition in range(partitions)
            for batch in hub.log.scan(topic, partition)
            for record in batch.records
        ]


def doctor(one: World, machine: str) -> str:
    """What ``hub doctor`` says on a machine whose clock is off."""
    command = [sys.executable, str(BROKEN), machine, "--config", str(one.config), "doctor"]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False).stdout


def test_p1_p2_p4_hubs_whose_clocks_are_two_hours_off_hold_nothing_up_and_double_nothing(tmp_path: Path) -> None:
    with real_engines(tmp_path, partitions=2) as engines, world(tmp_path, 300, engines=engines.settings) as one:
        one.sandbox.fault("utility_crm", "down")
        one.sandbox.kill("business_licence")
        one.submit(one.applications()[:2])
        hubs = [one.start(broken=name, environ={"HUB_INSTANCE": name}) for name in ("fast", "slow")]
        for name in ("fast", "slow"):
            one.at_work(name)
        time.sleep(AWAY_S)  # both put off what they cannot deliver, and ask the source in vain
        one.sandbox.clear("utility_crm")
        one.sandbox.restart("business_licence")
        for hub in hubs:
            hub.terminate()
            assert hub.wait(20) == 0, one.tail()
        one.start(environ={"HUB_INSTANCE": "fair"})
        one.settle(deliveries=6)
        one.check()
        assert "is 7200 s ahead of the database's" in doctor(one, "fast")
        now_ms = time.time_ns() // 1_000_000
        assert max(abs(at_ms - now_ms) for at_ms in times_ms(one)) < NEAR_MS
