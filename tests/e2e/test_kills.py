"""Killed with -9 at every named point and at random moments: P1 (nothing lost), P2 (nothing doubled)."""

import json
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.harness import world
from tests.e2e.points import ELSEWHERE, POINTS, ROOT

SIZE = 60


def test_every_other_point_is_killed_at_in_its_own_test() -> None:
    for point, file in ELSEWHERE.items():
        assert f'"{point}' in (ROOT / file).read_text("utf-8")


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("count", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_p1_p2_killed_at_a_named_point_it_goes_on_and_balances(tmp_path: Path, point: str, count: int) -> None:
    with world(tmp_path, SIZE) as one:
        one.submit(one.applications()[:2])
        one.start(crash=f"{point}:{count}")
        one.wait_killed()
        one.start()
        one.settle(deliveries=6)
        one.check()


@pytest.mark.parametrize(
    ("records", "kills"), [(1_000, 4), pytest.param(20_000, 20, marks=pytest.mark.slow)], ids=["short", "long"]
)
def test_p1_p2_the_demonstration_killed_at_random_moments_balances(tmp_path: Path, records: int, kills: int) -> None:
    moments = random.Random(20210419)
    command = [sys.executable, "-m", "hub", "demo", "--home", str(tmp_path / "demo"), "--records", str(records)]
    for _ in range(kills):
        process = subprocess.Popen(
            [*command, "--resume", "--json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(moments.uniform(0.8, 3.5))
        process.kill()
        process.wait()
    done = subprocess.run([*command, "--resume", "--json"], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    assert json.loads(done.stdout)["balanced"]
    bars = re.findall(r"(\d+)/(\d+) +\d+:\d+:\d+", done.stderr)
    assert len(bars) == len(json.loads(done.stdout)["sources"]) + 2, done.stderr  # the table's making, the deliveries
    assert all(made == total for made, total in bars), done.stderr


def test_p2_offsets_outside_the_transaction_are_found_out(tmp_path: Path) -> None:
    with world(tmp_path, SIZE) as one:
        one.start(crash="test.between:1", broken="offsets")
        one.wait_killed()
        one.start()
        with pytest.raises(AssertionError):
            one.settle_within(8.0)
            one.check()


def test_p2_posting_again_without_asking_is_found_out(tmp_path: Path) -> None:
    with world(tmp_path, SIZE) as one:
        one.submit(one.applications()[:1])
        one.start(crash="deliver.posted:1", broken="ask")
        one.wait_killed()
        one.start(broken="ask")
        with pytest.raises(AssertionError):
            one.settle_within(12.0)
            one.check()
