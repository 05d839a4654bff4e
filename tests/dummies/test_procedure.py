"""A second procedure from an installed package: nothing outside its folder knows it. It reacts to a record, to a report
from outside and to a timer; bootstrap, stages, relay, delivery, rebuild, API and commands go through the list.
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

from hub.cases.procedure import installed as procedures
from tests.dummies import installed
from tests.e2e.harness import PATIENCE_S, World, world

DUMMIES = ("kind", "procedure")
READINGS = 2
"""Verified ones of the dummy meter's four rows."""


@dataclass
class Watched:
    """A hub with the procedure, and its one watch."""

    world: World
    case_id: str = ""

    @property
    def board(self) -> Path:
        return self.world.home / "board.jsonl"

    def hub(self, *arguments: str) -> str:
        code, out, error = installed.hub(*arguments, dummies=DUMMIES, config=self.world.config)
        assert code == 0, out + error
        return out

    def row(self) -> dict[str, Any]:
        """The watch, as it stands in the procedure's own table."""
        with closing(sqlite3.connect(self.world.home / "store.db")) as database:
            database.row_factory = sqlite3.Row
            return dict(database.execute("SELECT seen, readings, reminded FROM watch").fetchone())

    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.hub("cases", "show", self.case_id))
        return found

    def wait(self, what: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not what():
            assert self.world.process is not None and self.world.process.poll() is None, self.world.tail()
            assert time.monotonic() < deadline_s, f"{self.row()}\n{self.world.tail()}"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A watch of the unit whose title comes late, opened before anything was read."""
    with world(tmp_path_factory.mktemp("procedure"), 400) as one:
        it = Watched(one)
        with one.sandbox.grants.open("a") as file:
            file.write(installed.GRANT)
        with one.config.open("a") as file:
            file.write(f"\n[connectors.dummy_meter]\n[connectors.dummy_board]\nfile = {json.dumps(str(it.board))}\n")
        late = next(entry for entry in one.applications() if entry["id"] == "late-title")
        it.case_id = it.hub("watch", "open", late["body"]["site"]["unit_no"], "--seconds", "0.5").strip()
        one.start(environ={"PYTHONPATH": installed.environ(*DUMMIES)["PYTHONPATH"]})
        it.wait(lambda: it.row()["readings"] == READINGS and bool(it.row()["reminded"]))
        assert it.row()["seen"] == 0
        one.sandbox.control("property_title", "release", {})
        it.wait(lambda: it.row()["seen"] == 1)
        it.wait(lambda: [piece["state"] for piece in it.shown()["pieces"]] == ["acknowledged"])
        yield it
        one.stop()


def test_the_hub_of_these_tests_does_not_know_the_procedure() -> None:
    assert [one.name for one in procedures()] == ["connection", "transfer"]


def test_it_reacts_to_a_record_a_report_and_a_timer(watched: Watched) -> None:
    assert watched.row() == {"seen": 1, "readings": READINGS, "reminded": 1}
    shown = watched.shown()
    assert (shown["procedure"], shown["state"]) == ("watch", "open")
    assert shown["events"] == 1 + 1 + READINGS + 1 + 1  # opened, seen, read, reminded, acknowledged


def test_p2_its_piece_went_to_its_own_sink_once(watched: Watched) -> None:
    (line,) = [json.loads(line) for line in watched.board.read_text("utf-8").splitlines()]
    assert (line["procedure"], line["kind"]) == ("watch", "notice")
    assert watched.world.sandbox.control("utility_crm", "effects")["applications"] == {}


def test_its_events_are_on_its_own_topic_in_order(watched: Watched) -> None:
    lines = [json.loads(line) for line in watched.hub("replay", "watch.events", "--json").splitlines()]
    numbers = [line["value"]["number"] for line in lines]
    assert numbers == sorted(numbers) and numbers[0] == 1
    assert sorted(line["schema"] for line in lines) == [
        "watch.opened.v1", "watch.read.v1", "watch.read.v1", "watch.reminded.v1", "watch.seen.v1",
    ]  # fmt: skip


def test_its_cases_are_listed_and_may_be_filtered(watched: Watched) -> None:
    lines = watched.hub("cases", "list", "--procedure", "watch", "--json").splitlines()
    assert [json.loads(line)["case_id"] for line in lines] == [watched.case_id]
    assert watched.hub("cases", "list", "--procedure", "connection", "--json") == ""


def test_p4_its_tables_are_made_again_with_equal_content(watched: Watched) -> None:
    found = json.loads(watched.hub("rebuild", "--check", "--json"))
    tables = {one["table"]: one for one in found["tables"]}
    assert found["equal"] and tables["watch"]["rows"] == 1


def test_a_refusal_is_named_and_opens_nothing(watched: Watched) -> None:
    code, _, error = installed.hub(
        "watch", "open", "120101001001GB00009F00010001", "--seconds", "0", dummies=DUMMIES, config=watched.world.config
    )
    assert code == 1 and "FIELD_INVALID" in error


def test_its_topic_and_schemas_are_in_the_asyncapi_document() -> None:
    code, out, _ = installed.hub("schemas", "asyncapi", dummies=DUMMIES)
    assert code == 0 and "\n  watch.events:\n" in out and "watch.opened" in out
