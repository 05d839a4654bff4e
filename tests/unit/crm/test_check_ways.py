"""The conformance kit for systems that take their pieces by themselves: it passes for programs that keep the contract,
and names the clause that another one breaks."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, create_engine, event, text

from hub.cli.crm import command, samples
from hub.clock import SystemClock
from hub.crm import outbox, pull
from hub.crm.clauses import Way, clauses
from hub.crm.play import Notes
from hub.crm.shelf import Shelf
from hub.errors import Misconfigured, Unavailable
from sandbox import launch, readers
from sandbox.crm import Effects
from sandbox.faults import Faults
from sandbox.readers import Fetcher, Reader, Taking
from sandbox.servers.ports import free_port

TOKEN = "a-token-of-a-test"
LOOK_S = 0.02
WAIT_S = 20.0


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.crm.shelf.RETRY_AFTER_S", 1)
    monkeypatch.setattr("hub.crm.pull.RETRY_AFTER_S", 1)


@contextmanager
def working(look: Any) -> Iterator[None]:
    """The system's program looks again and again; an error is over at the next look."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(LOOK_S):
            try:
                look()
            except Exception:  # as in sandbox.readers
                continue

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(WAIT_S)


def verdicts(found: Any) -> dict[str, str]:
    return {one.clause.number: str(one.verdict) for one in found}


def of(way: Way) -> set[str]:
    return {number for number, one in clauses().items() if one.way is way}


def taking(folder: Path) -> Taking:
    return Taking(Effects(folder / "taken.db"), Faults(1, readers.READER_FAULTS))


# ---- pull ----


def pulled(folder: Path, make: Any = Fetcher, wait_s: float = WAIT_S, token: str = TOKEN) -> dict[str, Any]:
    shelf, notes = Shelf(TOKEN, SystemClock()), Notes(samples=samples(), clock=SystemClock())
    with shelf.serving("http://127.0.0.1:0") as url, working(make(taking(folder), url, token).look):
        return {one.clause.number: one for one in pull.run(notes, shelf, wait_s, lambda _: None)}


def broken(found: dict[str, Any]) -> set[str]:
    return {number for number, one in found.items() if one.verdict == "BROKEN"}


def test_a_program_that_keeps_the_contract_of_pull_passes_every_clause(tmp_path: Path) -> None:
    found = pulled(tmp_path)
    assert {number: str(one.verdict) for number, one in found.items()} == dict.fromkeys(of(Way.PULL), "HOLDS"), found


class AcknowledgesBeforeStoring(Fetcher):
    """It gives a number, and stores the piece when the hub has taken the number."""

    numbers = count(1)

    def _answer(self, delivery_id: str, given: Any) -> None:
        super()._answer(delivery_id, given if "code" in given else given | {"number": f"T{next(self.numbers)}"})


class AcknowledgesEverything(Fetcher):
    def _answer(self, delivery_id: str, given: Any) -> None:
        number = given.get("number", "A1")
        super()._answer(delivery_id, {"number": number, "received_at": ""})


class OneNumberForAll(Fetcher):
    def _answer(self, delivery_id: str, given: Any) -> None:
        super()._answer(delivery_id, given | ({"number": "A1"} if "number" in given else {}))


class KeepsItsPlace(Fetcher):
    """It never forgets where it was."""

    def look(self) -> None:
        place = self._after
        super().look()
        self._after = self._after or place


class MakesPlacesUp(Fetcher):
    def look(self) -> None:
        self._after = f"{time.time_ns()}"
        super().look()
        self._after = ""
        super().look()


class ComesAtOnce(Fetcher):
    """It does not read Retry-After."""

    def look(self) -> None:
        page = self._page()
        for one in page["items"]:
            self._answer(
                one["delivery_id"], self._taking.take(one["kind"], one["key"], one["number"], one["body"]) or {}
            )
        self._after = ""


class StopsAtAConflict(Fetcher):
    stopped = False

    def look(self) -> None:
        if not self.stopped:
            super().look()

    def _answer(self, delivery_id: str, given: Any) -> None:
        verb = "refuse" if "code" in given else "acknowledge"
        try:
            self._call(f"/deliveries/{delivery_id}/{verb}", given)
        except readers.HTTPError as error:
            self.stopped = error.code == 409
            raise


class SaysNoNumber(Fetcher):
    def _answer(self, delivery_id: str, given: Any) -> None:
        super()._answer(delivery_id, given | {"number": ""})


PROGRAMS = [
    (AcknowledgesBeforeStoring, {"10.4"}, set()),
    (AcknowledgesEverything, {"10.4"}, set()),
    (KeepsItsPlace, {"10.6"}, set()),
    (MakesPlacesUp, {"10.1"}, set()),
    (ComesAtOnce, {"10.2"}, set()),
    (OneNumberForAll, {"10.3"}, set()),
    (StopsAtAConflict, {"10.5"}, {"10.2", "10.6"}),
    (SaysNoNumber, {"10.3"}, {"10.2", "10.4", "10.5", "10.6"}),
]


@pytest.mark.parametrize(("make", "must", "may"), PROGRAMS, ids=lambda one: getattr(one, "__name__", ""))
def test_the_kit_names_what_a_program_that_fetches_breaks(
    tmp_path: Path, make: Any, must: set[str], may: set[str]
) -> None:
    found = broken(pulled(tmp_path, make, wait_s=3.0))
    assert must <= found <= must | may, sorted(found)


def test_a_program_that_never_sends_after_is_told_as_not_seen_with_the_reason(tmp_path: Path) -> None:
    class Begins(Fetcher):
        def look(self) -> None:
            self._after = ""
            super().look()
            self._after = ""

    one = pulled(tmp_path, Begins)["10.6"]
    assert (one.verdict, one.seen[0].en) == ("NOT_SEEN", "the program never sends after")


def test_a_wrong_token_and_a_program_that_does_not_come_are_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no program has called"):
        pulled(tmp_path, token="another", wait_s=0.5)
    shelf = Shelf(TOKEN, SystemClock())
    with pytest.raises(Misconfigured, match="cannot listen"), shelf.serving("https://127.0.0.1:0"):
        pass


# ---- outbox table ----


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path}/outbox.db"
    readers.make(url)
    engine = create_engine(url)
    yield engine
    engine.dispose()


def tabled(folder: Path, engine: Engine, make: Any = Reader, wait_s: float = WAIT_S) -> dict[str, Any]:
    notes, table = Notes(samples=samples(), clock=SystemClock()), outbox.Outbox(str(engine.url), "onecert_delivery")
    with working(make(taking(folder), engine).look):
        found = outbox.run(notes, table, wait_s, lambda _: None)
    table.engine.dispose()
    return {one.clause.number: one for one in found}


def test_a_program_that_keeps_the_contract_of_the_table_passes_every_clause(tmp_path: Path, engine: Engine) -> None:
    found = tabled(tmp_path, engine)
    assert {number: str(one.verdict) for number, one in found.items()} == {
        **dict.fromkeys(of(Way.TABLE), "HOLDS"),
        "10.8": "NOTE",  # everyone may do everything in SQLite
    }


class WritesInTwoSteps(Reader):
    def _write(self, key: str, given: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(text("UPDATE onecert_delivery SET state = 1 WHERE delivery_key = :key"), {"key": key})
        time.sleep(0.2)
        super()._write(key, given)


class TakesEverything(Reader):
    def _write(self, key: str, given: Any) -> None:
        super()._write(key, {"number": given.get("number", "A1"), "received_at": ""})


class WritesOneNumber(Reader):
    def _write(self, key: str, given: Any) -> None:
        super()._write(key, given | ({"number": "A1"} if "number" in given else {}))


class Deletes(Reader):
    def _write(self, key: str, given: Any) -> None:
        super()._write(key, given)
        time.sleep(0.1)
        with self._engine.begin() as connection:
            connection.execute(text("DELETE FROM onecert_delivery WHERE delivery_key = :key"), {"key": key})


class Tidies(Reader):
    def _write(self, key: str, given: Any) -> None:
        super()._write(key, given)
        with self._engine.begin() as connection:
            connection.execute(text("UPDATE onecert_delivery SET body = '' WHERE delivery_key = :key"), {"key": key})


class Sleeps(Reader):
    def look(self) -> None:
        pass


READERS = [
    (WritesInTwoSteps, {"10.9"}, set()),
    (WritesOneNumber, {"10.9"}, set()),
    (TakesEverything, {"10.10"}, set()),
    (Deletes, {"10.11"}, {"10.9"}),  # a row that is away before it was looked at has no answer either
    (Tidies, {"10.11"}, set()),
    (Sleeps, {"10.9"}, set()),
]


@pytest.mark.parametrize(("make", "must", "may"), READERS, ids=lambda one: getattr(one, "__name__", ""))
def test_the_kit_names_what_a_program_that_reads_a_table_breaks(
    tmp_path: Path, engine: Engine, make: Any, must: set[str], may: set[str]
) -> None:
    found = broken(tabled(tmp_path, engine, make, wait_s=3.0))
    assert must <= found <= must | may, sorted(found)


TABLES = {
    "no key": "CREATE TABLE onecert_delivery(delivery_key, app_no, kind, body, state DEFAULT 0, answer_no, "
    "answered_at, error_code, error_message)",
    "a column less": "CREATE TABLE onecert_delivery(delivery_key PRIMARY KEY, app_no, kind, body, state DEFAULT 0)",
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_not_the_agreed_one_is_named(tmp_path: Path, name: str) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/other.db")
    with engine.begin() as connection:
        connection.execute(text(TABLES[name]))
    assert "10.7" in broken(tabled(tmp_path, engine, Sleeps, wait_s=0.2))
    engine.dispose()


def test_a_table_that_cuts_texts_is_named(tmp_path: Path, engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _(*_: Any) -> None: ...

    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER cuts AFTER INSERT ON onecert_delivery BEGIN "
                "UPDATE onecert_delivery SET body = substr(body, 1, 65535) WHERE delivery_key = new.delivery_key; END"
            )
        )
    assert "10.7" in broken(tabled(tmp_path, engine, Sleeps, wait_s=0.2))


# ---- the command ----


def check(*given: str) -> Result:
    return CliRunner().invoke(command, ["check", *given, "--wait-s", str(WAIT_S)], env={"HUB_CRM_TOKEN": TOKEN})


def test_the_sandboxs_systems_pass_in_both_ways(tmp_path: Path) -> None:
    with launch.start(5, 20, tmp_path, systems=("utility_pull", "utility_table")) as sandbox:
        told = check(sandbox.urls["utility_table"], "--json")
        assert told.exit_code == 0, told.output
        assert json.loads(told.stdout)["way"] == "table"
        address = f"http://127.0.0.1:{free_port()}"
        sandbox.control("utility_pull", "hub", {"url": address, "token": TOKEN})
        told = check("--way", "pull", address, "--json")
        assert told.exit_code == 0, told.output
        found = {one["clause"]: one["verdict"] for one in json.loads(told.stdout)["clauses"]}
        assert found == dict.fromkeys(of(Way.PULL), "HOLDS")


def test_a_password_in_the_url_of_a_database_is_not_printed(tmp_path: Path) -> None:
    told = check("postgresql+psycopg://hub:s3cret@127.0.0.1:9/crm", "--json")
    assert isinstance(told.exception, Unavailable) and "s3cret" not in told.output + str(told.exception)
    assert isinstance(check("nothing://x").exception, Misconfigured)
    assert CliRunner().invoke(command, ["check", "http://127.0.0.1:9"], env={"HUB_CRM_TOKEN": ""}).exit_code == 2
