"""Killed with -9 at every named point and at random moments: nothing lost, nothing doubled (P1, P2)."""

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.sandbox import launch
from tests.e2e import balance
from tests.e2e.scene import BROKEN_HUB, Scene, scene

HUB_CODE = Path(__file__).parents[2] / "hub"
CRASH_POINT = re.compile(r'crash_point\("([a-z_.]+)"\)')
# What a hub passes while rows still come in goes first: later ones need only applications.
_ORDER = ("ingest", "log", "project", "relay", "deliver")
_IN_PROSE = {"crash.py"}


def crash_points() -> list[str]:
    """Every crash point of the hub, wherever it is written."""
    files = [file for file in HUB_CODE.rglob("*.py") if file.name not in _IN_PROSE]
    found = {name for file in files for name in CRASH_POINT.findall(file.read_text("utf-8"))}
    stages = {stage: place for place, stage in enumerate(_ORDER)}
    return sorted(found, key=lambda name: (stages.get(name.partition(".")[0], len(stages)), name))


POINTS = crash_points()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launch.Running]:
    """One world for all of these: each test's hub has a home of its own."""
    with launch.start(31, 600, tmp_path_factory.mktemp("kills"), applications_count=40) as running:
        running.control("property_title", "release", {})
        yield running


@pytest.fixture
def house(sandbox: launch.Running, tmp_path: Path) -> Iterator[Scene]:
    with scene(sandbox, tmp_path) as one:
        yield one


def finish(house: Scene, patience_s: float = 60.0) -> None:
    process = house.start()
    house.settle(process, patience_s)
    process.stop()
    balance.check(house)


def test_there_are_crash_points_in_every_stage() -> None:
    """P2: a stage without one would go untested."""
    assert {name.partition(".")[0] for name in POINTS} >= set(_ORDER)


def test_killed_at_every_point_in_turn(house: Scene) -> None:
    """P1, P2: one home dies at all of them, and balances in the end."""
    entries = house.entries()
    for number, name in enumerate(POINTS):
        house.submit(entries[2 * number : 2 * number + 2])
        house.start(f"{name}:2").dies()
    finish(house)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("name", POINTS)
def test_killed_at_one_point(house: Scene, name: str, count: int) -> None:
    """P1, P2: each on its own, early and late."""
    house.submit(house.entries()[:12])
    house.start(f"{name}:{count}").dies()
    finish(house)


@pytest.mark.parametrize(
    ("records", "kills"),
    [pytest.param(2_000, 4, id="short"), pytest.param(20_000, 20, id="long", marks=pytest.mark.slow)],
)
def test_killed_at_random_moments(tmp_path: Path, records: int, kills: int) -> None:
    """P1, P2: wherever it happens to be, while applications come in."""
    moments = random.Random(20_210_419)
    with (
        launch.start(37, records, tmp_path / "world", applications_count=2 * kills) as sandbox,
        scene(sandbox, tmp_path / "hub", connectors=_by_size(records)) as house,
    ):
        entries = house.entries()
        for number in range(kills):
            process = house.start()
            time.sleep(moments.uniform(0.5, 1.5))
            house.submit(entries[2 * number : 2 * number + 2])
            time.sleep(moments.uniform(0.1, 1.5))
            process.kill()
        sandbox.control("property_title", "release", {})
        finish(house, 240.0)


def _by_size(records: int) -> dict[str, dict[str, int]]:
    """Pages of which a run takes some dozens."""
    return {name: {"page_rows": max(50, records // 80)} for name in ("business_licence", "property_title")}


# ---- would the balance notice? ---------------------------------------------------------------------------------------


def test_offsets_outside_the_transaction_are_found_out(house: Scene) -> None:
    """P2: with the offsets written after the records, a kill in between doubles verdicts, and the balance says so."""
    house.start("broken.between:2", (BROKEN_HUB, "offsets")).dies()
    process = house.start(program=(BROKEN_HUB, "offsets"))
    house.wait(process, lambda: _doubled(house))
    process.kill()
    assert any("doubled" in problem for problem in balance.find_problems(house))


def _doubled(house: Scene) -> str:
    """What is awaited of the broken hub: that some row has more verdicts than receipts."""
    found = balance.found_in(house)
    return "" if any(one.verified + one.rejected > one.received for one in found.values()) else "a doubled verdict"


def test_not_asking_before_posting_again_is_found_out(house: Scene) -> None:
    """P2: killed between post and receipt, a hub that does not ask has the connection system do it twice."""
    house.submit(house.entries()[:3])
    house.start("deliver.posted:1", (BROKEN_HUB, "ask")).dies()
    process = house.start(program=(BROKEN_HUB, "ask"))
    house.settle(process)
    process.stop()
    assert any("took effect 2 times" in problem for problem in balance.find_problems(house))
