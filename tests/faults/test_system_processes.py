"""Several processes share one hub on a real broker and PostgreSQL: P1 (nothing lost), P2 (nothing doubled)."""

import time
from pathlib import Path

import pytest

from tests.e2e.harness import real_engines, world

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]


def test_p1_p2_a_rolling_restart_of_two_hubs_balances_and_each_stops_within_ten_seconds(tmp_path: Path) -> None:
    with real_engines(tmp_path) as engines, world(tmp_path, 3_000, engines=engines.settings) as one:
        one.submit(one.applications()[:2])
        hubs = {name: one.start(environ={"HUB_INSTANCE": name}) for name in ("first", "second")}
        started_ms = 0
        for name in ("first", "second", "first"):
            started_ms = one.at_work(name, started_ms)
            begun_s = time.monotonic()
            hubs[name].terminate()
            assert hubs[name].wait(20) == 0, one.tail()
            assert time.monotonic() - begun_s < 10
            hubs[name] = one.start(environ={"HUB_INSTANCE": name})
        one.settle(deliveries=6)
        one.check()
