"""A second sink from an installed package: nothing outside its folder knows it. It gets what it accepts of the cases
that were opened since it is there, under numbers and keys of its own, and never a piece of another sink (P2, P3, P5).
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.dummies import installed
from tests.e2e.harness import PATIENCE_S, World, world

DUMMIES = ("sink",)
TITLE, LICENCE = "licence.property-title", "licence.business"


@dataclass
class Two:
    """A world with the utility's connection system and the second sink, and its applications by name."""

    world: World
    entries: dict[str, dict[str, Any]]

    @property
    def file(self) -> Path:
        return self.world.home / "dummy.db"

    def start(self) -> None:
        self.world.start(environ={"PYTHONPATH": installed.environ(*DUMMIES)["PYTHONPATH"]})

    def submit(self, name: str) -> None:
        body = self.world.home / "body.json"
        body.write_text(json.dumps(self.entries[name]["body"]), "utf-8")
        code, out, error = installed.hub("application", "submit", str(body), dummies=DUMMIES, config=self.world.config)
        body.unlink()
        assert code == 0, out + error

    def crm(self) -> list[dict[str, Any]]:
        """What the utility's connection system was sent, with the number that the channel gave the application."""
        effects: list[dict[str, Any]] = self.world.sandbox.control("utility_crm", "effects?bodies=1")["effects"]
        numbers = {one["externalAppNo"]: one["body"]["channelAppNo"] for one in effects if one["what"] == "application"}
        return [one | {"of": numbers[one["externalAppNo"]]} for one in effects]

    def second(self) -> list[dict[str, Any]]:
        """What the second sink was given, likewise."""
        with closing(sqlite3.connect(self.file)) as database:
            rows = database.execute("SELECT procedure, kind, number, key, body FROM effect ORDER BY rowid").fetchall()
        names = ("procedure", "kind", "number", "key")
        found = [dict(zip(names, row[:4], strict=True)) | {"body": json.loads(row[4])} for row in rows]
        numbers = {one["number"]: one["body"]["channelAppNo"] for one in found if one["kind"] == "registration"}
        return [one | {"of": numbers[one["number"]]} for one in found]

    def number(self, name: str) -> str:
        return str(self.entries[name]["body"]["external_no"])

    def wait(self, what: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not what():
            assert self.world.process is not None and self.world.process.poll() is None, self.world.tail()
            assert time.monotonic() < deadline_s, self.world.tail()
            time.sleep(0.2)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Before the second sink is there, an application whose title comes late; since it is there, another one."""
    with world(tmp_path_factory.mktemp("sinks"), 400) as one:
        two = Two(one, {entry["id"]: entry for entry in one.applications()})
        two.start()
        two.submit("late-title")
        two.wait(lambda: len(two.crm()) == 2)
        one.stop()
        with one.config.open("a") as file:
            file.write(f"\n[connectors.dummy_sink]\nfile = {json.dumps(str(two.file))}\n")
        two.start()
        two.submit("own-title")
        two.wait(lambda: len(two.crm()) == 5)
        one.sandbox.control("property_title", "release", {})
        two.wait(lambda: len(two.crm()) == 6)
        two.wait(lambda: len(two.second()) == 2)
        yield two
        one.stop()


def test_the_hub_of_these_tests_does_not_know_the_sink() -> None:
    code, out, _ = installed.hub("connectors", "list", "--json", dummies=())
    assert code == 0
    assert "dummy_sink" not in out
    code, out, _ = installed.hub("connectors", "list", "--json", dummies=DUMMIES)
    assert "dummy_sink" in out


def test_p2_p3_each_sink_has_what_it_accepts_of_its_own_cases_once(two: Two) -> None:
    crm = sorted((one["of"], one["body"].get("kind", "registration")) for one in two.crm())
    late, own = two.number("late-title"), two.number("own-title")
    assert crm == sorted((number, kind) for number in (late, own) for kind in ("registration", LICENCE, TITLE))
    assert [(one["of"], one["kind"]) for one in two.second()] == [(own, "registration"), (own, TITLE)]


def test_p5_the_two_have_no_number_key_or_reference_in_common(two: Two) -> None:
    crm, second = two.crm(), two.second()
    assert not {one["externalAppNo"] for one in crm} & {one["number"] for one in second}
    assert not {one["key"] for one in crm} & {one["key"] for one in second}
    references = [{one["body"]["recordId"] for one in of if "recordId" in one["body"]} for of in (crm, second)]
    assert len(references[1]) == 1
    assert not references[0] & references[1]


def test_all_projections_can_be_made_again(two: Two) -> None:
    code, out, error = installed.hub("rebuild", dummies=DUMMIES, config=two.world.config)
    assert code == 0, out + error


def test_p2_the_second_sink_is_certified_like_any_other(tmp_path: Path) -> None:
    code = (
        "from hub.clock import SystemClock\n"
        "from hub.connect import kit\n"
        "from hub.connect.host.registry import open_sink\n"
        "from hub.ports import Address\n"
        f"sink = open_sink('dummy_sink', {{'file': {str(tmp_path / 'x.db')!r}}}, SystemClock())\n"
        "print(kit.check_sink(sink, Address('connection', 'registration', '7K3M9QPDX2V4TW', 'k'), {}).number)"
    )
    assert installed.python(code, DUMMIES).strip() == "D1"
