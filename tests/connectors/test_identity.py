"""The identity service and the look-up of resident IDs against their sandbox: only with a ticket, and for one
application (P2, P3, P5)."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hub.clock import SystemClock
from hub.connect import kit
from hub.connect.context import Context
from hub.connect.declared.rows import DeclaredRow, row_of
from hub.connect.folder import of_package
from hub.connect.host import registry
from hub.connect.rest.pageproof import check_row_proof
from hub.errors import Misconfigured, RecordRejected, Unavailable
from hub.ports import LookupQuery, SourceRow
from sandbox import launch
from sandbox.identity.cards import cards_of
from sandbox.identity.tickets import Issuer
from sandbox.world.people import People
from sandbox.world.world import World, WorldSpec
from tests.grants import granted

SEED = 5
NAMES = ("identity_check", "resident_id")
PERSON, OTHER = (People(SEED).person(index) for index in (2, 40))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launch.Running]:
    home: Path = tmp_path_factory.mktemp("identity")
    with launch.start(SEED, 20, home, systems=("identity",), defect_share=0) as running:
        yield running


@pytest.fixture
def sandbox(world: launch.Running) -> Iterator[launch.Running]:
    yield world
    world.clear("identity")


def ask(sandbox: launch.Running, name: str, ticket: str | None, **changes: Any) -> list[SourceRow]:
    source = registry.open_source(name, sandbox.connectors()[name], SystemClock(), grant=granted(name))
    asked = {"value": PERSON.id_number, "business_number": "A-1", "ticket": ticket} | changes
    try:
        query = LookupQuery("resident-id", purpose="connection-application", legal_basis="action-plan-6", **asked)
        return list(source.look_up(query).rows)
    finally:
        source.close()


def ticket(mode: str = "COUNTER", number: str = "A-1", **other: Any) -> str:
    return Issuer(SEED).ticket("gov-platform", number, PERSON.id_number, mode, **other)


def mapped(name: str, row: Mapping[str, Any]) -> SourceRow:
    folder = of_package(f"connectors.{name}")
    context = Context(folder.info, folder.info.limits, SystemClock(), folder)
    return row_of(context, DeclaredRow("K1", 1, "UPSERT", row), b"raw", b"proof")


@pytest.mark.parametrize("name", NAMES)
def test_it_describes_itself_and_its_samples_map_as_expected(name: str) -> None:
    info = kit.check_package(f"connectors.{name}")
    assert info.ticket
    folder = Path(f"connectors/{name}/samples")
    assert kit.check_samples(folder, info.kind, lambda row: mapped(name, row)) >= 2
    first = json.loads(min(folder.glob("[!.]*[a-z].json"), key=lambda file: len(file.name)).read_text("utf-8"))
    kit.check_isolation(lambda row: mapped(name, row), first)


def test_a_check_says_that_it_is_the_person_and_is_signed(sandbox: launch.Running) -> None:
    (row,) = ask(sandbox, "identity_check", ticket("FACE_RESULT"))
    assert row.record
    assert row.record["check"]["id_number"] == PERSON.id_number
    assert (row.record["check"]["mode"], row.record["check"]["result"]) == ("FACE_RESULT", "MATCH")
    keys = registry.trusted_keys("identity_check", sandbox.connectors()["identity_check"])
    assert check_row_proof(row.raw, row.proof, keys) == "valid"


def test_p5_no_picture_and_no_name_are_in_a_check(sandbox: launch.Running) -> None:
    (row,) = ask(sandbox, "identity_check", ticket("FACE_RESULT"))
    known = {"serial", "mode", "result", "idNumber", "application", "checkedAt", "authority", "region"}
    assert set(json.loads(row.raw)) == known


def test_a_counters_ticket_gives_the_card_of_that_person(sandbox: launch.Running) -> None:
    (row,) = ask(sandbox, "resident_id", ticket())
    assert row.record
    assert (row.record["holder"]["id_number"], row.record["holder"]["name"]) == (PERSON.id_number, PERSON.name)


def test_p2_key_version_and_bytes_are_those_of_the_service(sandbox: launch.Running) -> None:
    """Record ids are made from them: a declaration must not change what the sources gave when they were Python."""
    served = cards_of(World(WorldSpec(SEED, 20, 0))).of(PERSON.id_number)
    (card,) = ask(sandbox, "resident_id", ticket())
    assert served
    assert (card.key, card.version, card.raw) == (served.key, served.version, served.text.encode())
    given = ticket("FACE_RESULT")
    (check,) = ask(sandbox, "identity_check", given)
    said = Issuer(SEED).read(given)
    assert said
    made_ms = int(datetime.fromisoformat(said["time"]).timestamp() * 1000)
    assert (check.key, check.version) == (said["serial"], made_ms)
    row = {"serial": said["serial"], "mode": "FACE_RESULT", "result": "MATCH", "idNumber": PERSON.id_number}
    row |= {"application": "A-1", "checkedAt": made_ms, "authority": "11120000000014000X", "region": "120000"}
    assert check.raw == json.dumps(row, separators=(",", ":")).encode()


def test_p2_the_same_application_may_ask_again_and_gets_the_same(sandbox: launch.Running) -> None:
    one = ticket()
    assert [row.raw for row in ask(sandbox, "resident_id", one)] == [
        row.raw for row in ask(sandbox, "resident_id", one)
    ]


@pytest.mark.parametrize(
    ("given", "changes", "code"),
    [
        (lambda: None, {}, "TICKET_NEEDED"),
        (lambda: ticket("FACE_RESULT"), {}, "TICKET_RESULT_ONLY"),
        (lambda: ticket(number="A-2"), {}, "TICKET_OTHER_APPLICATION"),
        (lambda: ticket(until="2020-01-01T00:00:00+08:00"), {}, "TICKET_EXPIRED"),
        (lambda: ticket()[:-8] + "AAAAAAAA", {}, "TICKET_UNKNOWN"),
    ],
)
def test_p3_without_a_good_ticket_nobody_is_named(
    sandbox: launch.Running, given: Any, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(RecordRejected) as refused:
        ask(sandbox, "resident_id", given(), **changes)
    assert refused.value.code == code


def test_p4_an_answer_whose_signature_is_not_valid_is_no_answer(sandbox: launch.Running) -> None:
    sandbox.fault("identity", "bad_signature")
    with pytest.raises(Unavailable):
        ask(sandbox, "identity_check", ticket("FACE_RESULT"))


@pytest.mark.parametrize("name", NAMES)
def test_p3_there_is_no_feed_of_people(sandbox: launch.Running, name: str) -> None:
    source = registry.open_source(name, sandbox.connectors()[name], SystemClock(), grant=granted(name))
    before = sandbox.control("identity", "calls")["total"]
    with pytest.raises(Misconfigured):
        source.fetch(None)
    assert (list(source.inner.fetch(None).rows), sandbox.control("identity", "calls")["total"]) == ([], before)
    source.close()
