"""The due stage: an answer of any kind only changes the reason that a person reads; what arrives goes on by itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from hub.cases.connection.tables import application
from hub.cases.evidence.decide import request_id
from hub.cases.evidence.tables import need as needs
from hub.cases.procedure import LookupSource
from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.ports import Outgoing
from hub.records.tables import record
from hub.topics.declared import LOOKUP_RECEIVED, LOOKUP_REQUESTS
from tests import samples
from tests.casework import PARTITIONS, House, body

TITLE = "licence.property-title"
SOURCES = (
    LookupSource("business_licence", "licence.business", frozenset({"uscc"})),
    LookupSource("property_title", TITLE, frozenset({"unit-no", "uscc", "resident-id"})),
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, sources=SOURCES)
    yield house
    house.close()


def asked(house: House) -> list[dict[str, Any]]:
    house.relay()
    return [
        wire.decode(message.value or b"")[1]
        for partition in range(PARTITIONS)
        for batch in house.log.scan(LOOKUP_REQUESTS, partition)
        for message in batch.records
    ]


def inside(house: House, question: dict[str, Any]) -> dict[str, Any]:
    """What is asked, opened."""
    opened = house.opener.open_value(question["query"]["subject_id"], question["query"]["ciphertext"])
    assert opened
    return wire.decode(opened)[1]


def answer(house: House, request: dict[str, Any], outcome: str, retry_after_s: float | None = None) -> None:
    value = {"count": 1 if outcome == "FOUND" else 0, "outcome": outcome, "retry_after_s": retry_after_s}
    value |= {name: request[name] for name in ("request_id", "case_id", "source", "attempt")}
    headers = (("ce_type", b"cn.onecert.lookup.answered"),)
    frame = wire.encode(schema_id("lookup.answer"), value)
    house.writer.commit([Outgoing(LOOKUP_RECEIVED, 0, request["case_id"], frame, headers, house.clock.now_ms())])
    house.project()


def need(house: House, number: str = "A-1") -> tuple[str, str, int]:
    application_id = house.applications.find("gov-platform", number)
    assert application_id
    one = next(one for one in house.applications.show(application_id)["evidence"] if one["kind"] == TITLE)
    return one["state"], one["reason"], one["asked"]


def title_question(house: House) -> dict[str, Any]:
    return [one for one in asked(house) if one["source"] == "property_title"][-1]


def test_each_need_is_asked_once_with_purpose_and_legal_basis_and_sealed(house: House) -> None:
    submitted = house.submit(body())
    house.due()
    house.due()
    questions = asked(house)
    assert sorted((one["source"], one["by"]) for one in questions) == [
        ("business_licence", "uscc"),
        ("property_title", "unit-no"),
    ]
    question = title_question(house)
    assert question["purpose"] == "connection-application"
    assert question["legal_basis"]
    assert question["request_id"] == request_id(submitted.case_id, TITLE, 1)
    assert samples.UNIT_NO.encode() not in question["query"]["ciphertext"]
    assert inside(house, question) == {"value": samples.UNIT_NO, "business_number": "A-1", "ticket": None}
    assert need(house) == ("open", "ASKED", 1)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [("NOT_FOUND", "NOT_FOUND"), ("UNAVAILABLE", "UNAVAILABLE"), ("REFUSED", "REFUSED_BY_SOURCE")],
)
def test_an_answer_leaves_a_reason_never_a_refusal_and_it_is_asked_again(
    house: House, outcome: str, reason: str
) -> None:
    house.submit(body())
    house.due()
    answer(house, title_question(house), outcome)
    assert need(house) == ("open", reason, 1)
    house.due()
    assert need(house) == ("open", reason, 1)
    house.clock.pass_s(3600)
    house.due()
    assert need(house) == ("open", reason, 2)


def test_what_arrives_by_feed_after_not_found_goes_on_by_itself(house: House) -> None:
    house.submit(body())
    house.due()
    answer(house, title_question(house), "NOT_FOUND")
    house.verified(samples.title())
    house.project()
    assert need(house)[:2] == ("met", "MET")


def test_found_but_never_verified_is_for_a_person_and_asked_again_later(house: House) -> None:
    house.submit(body())
    house.due()
    answer(house, title_question(house), "FOUND")
    assert need(house) == ("open", "FOUND_CHECKING", 1)
    house.clock.pass_s(31)
    house.due()
    assert need(house) == ("open", "NOT_VERIFIED", 1)
    house.clock.pass_s(61)
    house.due()
    assert need(house) == ("open", "NOT_VERIFIED", 2)


def test_a_source_that_says_when_is_asked_then(house: House) -> None:
    house.submit(body())
    house.due()
    answer(house, title_question(house), "UNAVAILABLE", retry_after_s=500)
    house.clock.pass_s(499)
    house.due()
    assert need(house)[2] == 1
    house.clock.pass_s(2)
    house.due()
    assert need(house)[2] == 2


def test_an_answer_to_an_older_question_changes_nothing(house: House) -> None:
    house.submit(body())
    house.due()
    first = title_question(house)
    house.clock.pass_s(3600)
    house.due()
    assert need(house)[2] == 2
    answer(house, first, "NOT_FOUND")
    assert need(house) == ("open", "ASKED", 2)


def test_an_address_that_the_source_cannot_be_asked_by_is_asked_by_holder(house: House) -> None:
    house.submit(body(site={"address": "天津市和平区南京路128号1号楼2单元301室"}))
    house.due()
    question = title_question(house)
    assert question["by"] == "uscc"
    assert inside(house, question)["value"] == samples.USCC


def test_p5_an_erased_applicant_is_not_asked_about(house: House) -> None:
    house.submit(body())
    (enterprise,) = house.vault.find([("enterprise", "600037341")])
    assert enterprise and house.vault.erase(enterprise)
    house.due()
    assert asked(house) == []


def test_p1_one_that_cannot_be_looked_at_stops_no_other_and_is_looked_at_again(house: House) -> None:
    house.verified(samples.title())
    house.project()
    move_records(house, 1_000)
    house.submit(body())
    for number in range(2, 6):
        house.clock.pass_s(1)
        house.submit(body(f"A-{number}", site={"address": "天津市和平区南京路128号1号楼2单元302室"}))
    house.due()
    assert need(house)[:2] == ("open", "NEW")
    assert [need(house, f"A-{number}")[1] for number in range(2, 6)] == ["ASKED"] * 4
    move_records(house, -1_000)
    house.clock.pass_s(301)
    house.due()
    assert need(house)[:2] == ("met", "MET")


def test_p4_what_was_put_off_is_rebuilt_the_same(house: House) -> None:
    house.verified(samples.title())
    house.project()
    move_records(house, 1_000)
    house.submit(body())
    house.due()
    move_records(house, -1_000)
    house.relay()
    assert [name for name, one in house.remade().items() if not one.equal] == []


@pytest.mark.parametrize("after_s", range(1, 6))
def test_a_need_that_becomes_due_on_the_way_is_not_taken_for_one_without_a_source(
    house: House, monkeypatch: pytest.MonkeyPatch, after_s: int
) -> None:
    house.submit(body())
    later_ms = house.clock.process_ms() + after_s * 1000
    with house.store.write() as connection:
        connection.execute(update(needs).where(needs.c.kind == TITLE).values(next_ask_ms=later_ms))
    process_ms = house.clock.process_ms

    def ticking() -> int:
        house.clock.pass_s(1)
        return process_ms()

    monkeypatch.setattr(house.clock, "process_ms", ticking)
    house.due()
    house.due()
    assert need(house) == ("open", "ASKED", 1)


def test_an_application_that_does_not_open_says_so(house: House) -> None:
    house.submit(body())
    with house.store.write() as connection:
        connection.execute(update(application).values(sealed=b"changed"))
    house.due()
    with house.store.read() as connection:
        assert set(connection.execute(select(needs.c.reason)).scalars()) == {"SEAL_BROKEN"}


def move_records(house: House, by: int) -> None:
    """The table says that records lie elsewhere on the log."""
    with house.store.write() as connection:
        connection.execute(update(record).values(offset=record.c.offset + by))
