"""Schedules of faults on the log: each loses nothing (P1) and doubles nothing (P2), in order, committed records only.

``HUB_FAULT_SEED=17 pytest tests/faults/test_schedules.py`` lives through one again.
"""

import os
from pathlib import Path

import pytest

from tests.faults.arena import Arena, Broker
from tests.faults.schedule import Schedule, made_from

SCHEDULES = 104
SEEDS = [int(one) for one in os.environ.get("HUB_FAULT_SEED", "").split(",") if one] or list(range(SCHEDULES))
pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def name(schedule: Schedule) -> str:
    return f"{schedule.seed}-{schedule.family.replace(' ', '-')}"


@pytest.mark.parametrize("schedule", [made_from(seed) for seed in SEEDS], ids=name)
def test_p1_p2_schedule(schedule: Schedule, broker: Broker, tmp_path: Path) -> None:
    arena = Arena(broker, schedule, tmp_path)
    findings = arena.run()
    if findings:
        print(f"HUB_FAULT_SEED={schedule.seed}", schedule, *arena.events(), sep="\n")
    assert findings == []
