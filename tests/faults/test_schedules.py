"""Schedules of faults on the log: each loses nothing (P1) and doubles nothing (P2), in order, committed records only.

``HUB_FAULT_SEED=17 pytest tests/faults/test_schedules.py`` lives through one again.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.arena import Arena, Broker
from tests.faults.history import Finding
from tests.faults.schedule import Schedule, made_from

SCHEDULES = 104
SEEDS = [int(one) for one in os.environ.get("HUB_FAULT_SEED", "").split(",") if one] or list(range(SCHEDULES))
ALL = [made_from(seed) for seed in SEEDS]
BESIDE = 4
"""So many schedules share a broker at a time, if none of them strikes it. Each has topics and workers of its own."""
pytestmark = [pytest.mark.kafka, pytest.mark.slow]
Lived = tuple[Arena, list[Finding]]


def name(schedule: Schedule) -> str:
    return f"{schedule.seed}-{schedule.family.replace(' ', '-')}"


def together(schedule: Schedule) -> list[Schedule]:
    """The schedules that are lived through at the same time as this one, and itself."""
    if schedule.strikes_all:
        return [schedule]
    gentle = [one for one in ALL if not one.strikes_all]
    first = gentle.index(schedule) // BESIDE * BESIDE
    return gentle[first : first + BESIDE]


@pytest.fixture(scope="module")
def live(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Schedule], Lived]:
    """Lives through a schedule, once."""
    lived: dict[Schedule, Lived] = {}

    def begin(schedule: Schedule) -> Lived:
        arena = Arena(broker, schedule, Path(tmp_path_factory.mktemp(f"seed-{schedule.seed}-")))
        return arena, arena.run()

    def live(schedule: Schedule) -> Lived:
        if schedule not in lived:
            group = together(schedule)
            with ThreadPoolExecutor(len(group)) as pool:
                lived.update(zip(group, pool.map(begin, group), strict=True))
        return lived[schedule]

    return live


@pytest.mark.parametrize("schedule", ALL, ids=name)
def test_p1_p2_schedule(schedule: Schedule, live: Callable[[Schedule], Lived]) -> None:
    arena, findings = live(schedule)
    if findings:
        print(f"HUB_FAULT_SEED={schedule.seed}", schedule, *arena.events(), sep="\n")
    assert findings == []
