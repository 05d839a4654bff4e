"""Steps on a whole hub: over all three ways, from acceptance to electricity on, with kills and with what goes wrong.
Nothing is lost or doubled, and what one side reported the other one has (P1, P2)."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap import Hub
from sandbox import launch
from sandbox.demo import steps
from sandbox.demo.demo import Demo
from sandbox.systems import FIRST
from tests.e2e.harness import PATIENCE_S, World

CASES = 5


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with launch.start(11, 40, tmp_path / "sandbox", systems=(*FIRST, steps.ROLE), applications_count=CASES) as sandbox:
        Demo(tmp_path, 0, 0).write_settings(sandbox)
        found = World(tmp_path, sandbox)
        found.prepare()
        yield found
        found.kill()


@contextmanager
def looking(world: World, what: str) -> Iterator[Any]:
    """(Hub, function that waits until a line of steps is as wanted)."""
    with world.hub() as hub:

        def wait(wanted: Any) -> steps.Steps:
            deadline_s = time.monotonic() + PATIENCE_S
            while not wanted(told := steps.count(hub, world.sandbox)):
                assert time.monotonic() < deadline_s, f"{what}: {told}\n{world.tail()}"
                time.sleep(0.2)
            return told

        yield hub, wait


def play(world: World, hub: Hub, ids: list[bytes], url: str) -> None:
    shown = [hub.applications().show(one) for one in ids]
    steps.play(world.sandbox, url, shown)


def url_of(world: World) -> str:
    """Where the hub's API is, as its log says."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        for line in reversed(world.stderr.read_text("utf-8", "replace").splitlines()):
            if '"listening"' in line:
                return str(json.loads(line)["url"])
        assert time.monotonic() < deadline_s, world.tail()
        time.sleep(0.1)


@pytest.mark.slow
def test_every_step_of_three_ways_is_applied_or_told_while_the_hub_is_killed(world: World) -> None:
    world.start(web=True)
    ids = world.submit(world.applications()[:CASES])
    world.registered(CASES)
    with looking(world, "steps") as (hub, wait):
        deadline_s = time.monotonic() + PATIENCE_S
        while not all(hub.applications().show(one)["deliveries"][0]["receipt"] for one in ids):
            assert time.monotonic() < deadline_s, world.tail()
            time.sleep(0.2)
        play(world, hub, ids, url_of(world))
        world.kill()
        world.start()
        told = wait(lambda told: told.balanced and told.on == CASES)
    assert told.claimed == 1, "the conflict"
    assert told.duplicate > 0
