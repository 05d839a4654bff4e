"""Steps on a whole hub: over all three ways, from acceptance to electricity on, with kills and with what goes wrong.
Nothing is lost or doubled, and what one side reported the other one has (P1, P2)."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap import Hub
from sandbox import launch
from sandbox.demo import steps
from sandbox.demo.demo import Demo
from sandbox.steps.plans import SHORT, STAFF
from sandbox.systems import FIRST
from tests import canary
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
    ids = world.submit(world.applications()[: CASES + 2])
    world.registered(len(ids))
    with looking(world, "steps") as (hub, wait):
        shown = registered(hub, ids, world)
        killed_in_the_middle(world, hub, shown[:CASES])
        world.stderr.unlink()
        world.start(web=True)
        steps.play(world.sandbox, url_of(world), shown[:CASES])
        told = wait(lambda told: told.balanced and told.on == CASES)
        assert told.claimed == 1, "the conflict"
        assert told.duplicate > 0
        steps.play_one(world.sandbox, url_of(world), shown[CASES], "post", ["future"])
        steps.play_one(world.sandbox, url_of(world), shown[CASES + 1], "pull", ["unknown-code"])
        last = wait(lambda told: told.claimed == 2 and told.rejected == 1)
    assert last.sent == last.applied + last.duplicate + last.claimed + last.rejected
    assert last.on == CASES + 1, "electricity in two days is a claim"
    values = [*STAFF.values(), *(one["numbers"][steps.SINK] for one in shown)]
    files = [path for path in world.home.iterdir() if path.is_file()]
    assert {"log.db", "store.db", "vault.db", "hub.stderr"} <= {path.name for path in files}
    assert canary.search(values, files) == []  # P5: staff and numbers are in the records, sealed


def killed_in_the_middle(world: World, hub: Hub, shown: list[dict[str, Any]]) -> None:
    """The utility reports, and when it has begun the third case the hub is killed, and the utility's system too."""
    with ThreadPoolExecutor(1) as pool:
        playing = pool.submit(steps.play, world.sandbox, url_of(world), shown)
        deadline_s = time.monotonic() + PATIENCE_S
        while (sent := steps.count(hub, world.sandbox).sent) < 2 * len(SHORT) + 3:
            assert time.monotonic() < deadline_s, f"{sent}\n{world.tail()}"
        world.kill()
        world.sandbox.restart(steps.ROLE)
        assert playing.exception() is not None, "it was in the middle"


def registered(hub: Hub, ids: list[bytes], world: World) -> list[dict[str, Any]]:
    """The applications, once the utility has given each a number."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        shown = [hub.applications().show(one) for one in ids]
        if all(any(one["receipt"] for one in each["deliveries"]) for each in shown):
            return shown
        assert time.monotonic() < deadline_s, world.tail()
        time.sleep(0.2)
