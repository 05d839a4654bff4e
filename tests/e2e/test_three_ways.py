"""All three ways of delivery in one run: a hub with three systems of the utility, which are called, fetch, and read a
table. Each has each piece once, the same bodies, and the hub its receipts; a program that sleeps, one that dies between
a piece and its answer, and a hub that is killed change nothing (P1, P2)."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.cases.tables import piece
from sandbox.systems import FIRST
from tests.e2e.asking import say, url
from tests.e2e.harness import PATIENCE_S, World, rebuilt_otherwise, world

SYSTEMS = ("utility_crm", "utility_pull", "utility_table")
TWO = 6
"""Pieces of two applications for one system: a registration, a licence and a title each."""


@pytest.fixture
def one(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path, 60, systems=(*FIRST, *SYSTEMS[1:])) as one:
        yield one
        one.stop()


def effects(one: World, system: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = one.sandbox.control(system, "effects?bodies=1")["effects"]
    return found


def until(one: World, done: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not done():
        assert one.process is not None and one.process.poll() is None, one.tail()
        assert time.monotonic() < deadline_s, f"{ {name: len(effects(one, name)) for name in SYSTEMS} }\n{one.tail()}"
        time.sleep(0.2)


def sizes(one: World) -> list[int]:
    return [len(effects(one, name)) for name in SYSTEMS]


def begin(one: World, token: str) -> None:
    """Start the hub, and tell the program that fetches where it is."""
    (one.home / "hub.stderr").unlink(missing_ok=True)
    one.start(web=True)
    one.sandbox.control("utility_pull", "hub", {"url": url(one), "token": token})


def bodies(one: World, system: str) -> dict[tuple[str, str], dict[str, Any]]:
    """(Channel's number, kind) → the body, without what is made for each system alone."""
    sent = effects(one, system)
    numbers = {each["externalAppNo"]: each["body"]["channelAppNo"] for each in sent if each["what"] == "application"}
    return {
        (numbers[each["externalAppNo"]], each["body"].get("kind", each["what"])): {
            name: {part: said for part, said in value.items() if part != "href"} if name == "file" else value
            for name, value in each["body"].items()
            if name not in ("externalAppNo", "recordId", "pieceNo")
        }
        for each in sent
    }


def links(one: World, system: str) -> set[str]:
    """The links to files that a system was told: each is of its own deliveries."""
    files = [each["body"].get("file", {}) for each in effects(one, system)]
    return {file["href"] for file in files if "href" in file}


def test_p1_p2_three_ways_in_one_run_with_a_kill_and_two_bad_programs(one: World) -> None:
    say(one, "client", "create", "utility")
    made = say(one, "token", "create", "--client", "utility", "--scope", "deliveries:utility_pull", "--json")
    token = json.loads(made)["token"]
    ids = one.submit(one.applications()[:1])
    for system in SYSTEMS[1:]:
        one.sandbox.fault(system, "forgets", share=0.5)
    begin(one, token)
    until(one, lambda: sizes(one) == [3, 3, 3])
    for system in SYSTEMS[1:]:
        one.sandbox.fault(system, "asleep")
    ids += one.submit(one.applications()[1:2])
    until(one, lambda: sizes(one) == [TWO, 3, 3])
    one.kill()
    for system in SYSTEMS[1:]:
        one.sandbox.clear(system)
    begin(one, token)
    until(one, lambda: sizes(one) == [TWO] * 3)
    until(one, lambda: set(states(one)) == {"acknowledged"})
    assert len(states(one)) == 3 * TWO
    for system in SYSTEMS:
        keys = [each["key"] for each in effects(one, system)]
        assert len(keys) == len(set(keys)), system
    assert bodies(one, SYSTEMS[0]) == bodies(one, SYSTEMS[1]) == bodies(one, SYSTEMS[2])
    told = [links(one, system) for system in SYSTEMS]
    assert len(set.union(*told)) == sum(map(len, told)) > 0
    with one.hub() as hub:
        shown = [each for case_id in ids for each in hub.applications().show(case_id)["deliveries"]]
        assert rebuilt_otherwise(hub, one.home) == []
    numbers = {each["number"] for system in SYSTEMS for each in effects(one, system)}
    assert {each["receipt"] for each in shown} == numbers
    assert len(numbers) == 3 * TWO  # of one authority: a number that two systems gave would be of no application


def states(one: World) -> list[str]:
    with one.hub() as hub, hub.store.read() as connection:
        return list(connection.execute(select(piece.c.state)).scalars())
