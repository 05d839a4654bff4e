"""Tickets and cases: a ticket belongs to one application; without one nobody's identity is looked for (P2, P3)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.cases.connection.applications import Submitted
from hub.cases.identity.tables import ticket as tickets
from hub.cases.procedure import LookupSource
from hub.cases.tables import case
from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.errors import RecordRejected
from hub.ports import Outgoing
from hub.stores.tables import outbox
from hub.topics.declared import LOOKUP_RECEIVED, LOOKUP_REQUESTS
from tests import samples
from tests.casework import BY, PARTITIONS, House, body
from tests.tickets import KEYS, serial, ticket

BY_RESIDENT = frozenset({"resident-id"})
SOURCES = (
    LookupSource("identity_check", "identity.check", BY_RESIDENT, True),
    LookupSource("resident_id", "licence.resident-id", BY_RESIDENT, True),
)
KINDS = frozenset({"identity.check", "licence.resident-id", "licence.property-title", "licence.business"})
PERSON = {"resident_id": samples.PERSON, "name": "王伟"}
AGENT = {
    "name": "李娜",
    "resident_id": samples.OTHER_PERSON,
    "authorisation": {"form": "DECLARATION", "reference": "D-2026-17"},
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, sources=SOURCES, kinds=KINDS, identity_keys=KEYS)
    yield house
    house.close()


def resident(number: str = "A-1", **changes: Any) -> dict[str, Any]:
    changes = {"applicant": PERSON, "customer_class": "RESIDENT", "capacity_kw": 8} | changes
    return {name: value for name, value in body(number, **changes).items() if value is not None}


def evidence(house: House, submitted: Submitted) -> dict[str, tuple[str, str]]:
    shown = house.applications.show(submitted.case_id)["evidence"]
    return {one["kind"]: (one["state"], one["reason"]) for one in shown}


def asked(house: House) -> list[tuple[str, str, str | None]]:
    """Source, number and ticket of every question."""
    house.relay()
    found = []
    for partition in range(PARTITIONS):
        for batch in house.log.scan(LOOKUP_REQUESTS, partition):
            for message in batch.records:
                question = wire.decode(message.value or b"")[1]
                opened = house.opener.open_value(question["query"]["subject_id"], question["query"]["ciphertext"])
                inside = wire.decode(opened or b"")[1]
                found.append((question["source"], inside["value"], inside["ticket"]))
    return found


def refused(house: House, document: dict[str, Any]) -> str:
    with pytest.raises(RecordRejected) as caught:
        house.submit(document)
    return caught.value.code


def test_p3_without_a_ticket_the_application_is_registered_and_nobody_is_asked(house: House) -> None:
    house.verified(samples.resident())
    house.project()
    submitted = house.submit(resident())
    house.due()
    assert evidence(house, submitted)["licence.resident-id"] == ("open", "TICKET_NEEDED")
    assert [one["kind"] for one in house.applications.show(submitted.case_id)["deliveries"]] == ["registration"]
    assert asked(house) == []


@pytest.mark.parametrize(
    ("mode", "source", "kind", "record"),
    [
        ("FACE_RESULT", "identity_check", "identity.check", samples.check),
        ("FACE_PLAINTEXT", "resident_id", "licence.resident-id", lambda _: samples.resident()),
        ("COUNTER", "resident_id", "licence.resident-id", lambda _: samples.resident()),
    ],
)
def test_a_ticket_leads_to_the_evidence_of_its_mode(
    house: House, mode: str, source: str, kind: str, record: Any
) -> None:
    text = ticket(house.clock, mode=mode)
    submitted = house.submit(resident(ticket=text))
    house.due()
    assert asked(house) == [(source, samples.PERSON, text)]
    assert set(evidence(house, submitted)) == {kind, "licence.property-title"}
    house.verified(record(serial(text)))
    house.project()
    assert evidence(house, submitted)[kind] == ("met", "MET")
    piece = house.applications.show(submitted.case_id)["deliveries"][-1]
    assert (piece["kind"], piece["holder_relation"]) == (kind, "SELF")


def test_p2_a_check_that_was_made_for_another_application_is_not_taken(house: House) -> None:
    text = ticket(house.clock)
    submitted = house.submit(resident(ticket=text))
    house.verified(samples.check("0123456789ABCDEF01234567", application="A-0"))
    house.project()
    house.due()
    assert evidence(house, submitted)["identity.check"] == ("open", "ASKED")


def test_p2_a_ticket_belongs_to_one_application(house: House) -> None:
    text = ticket(house.clock)
    house.submit(resident(ticket=text))
    assert refused(house, resident("A-2", ticket=text)) == "TICKET_OTHER_APPLICATION"
    replayed = ticket(house.clock, "A-2", serial=serial(text))
    assert refused(house, resident("A-2", ticket=replayed)) == "TICKET_USED"
    assert (len(house.rows(tickets)), len(house.rows(case))) == (1, 1)


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"external_no": "A-9"}, "TICKET_OTHER_APPLICATION"),
        ({"person": samples.OTHER_PERSON}, "TICKET_OTHER_PERSON"),
        ({"result": "NO_MATCH"}, "TICKET_NO_MATCH"),
        ({"until": "2020-01-01T00:00:00+08:00"}, "TICKET_EXPIRED"),
    ],
)
def test_p3_a_bad_ticket_is_refused_and_nothing_is_written(house: House, other: dict[str, Any], code: str) -> None:
    assert refused(house, resident(ticket=ticket(house.clock, **other))) == code
    assert house.rows(tickets) == house.rows(outbox) == []


def test_p2_the_same_application_again_is_the_same_answer_also_when_its_ticket_is_over(house: House) -> None:
    document = resident(ticket=ticket(house.clock))
    first = house.submit(document)
    written = len(house.rows(outbox))
    house.clock.pass_s(3_600)
    assert house.submit(document) == (first.case_id, False)
    assert house.submit(resident()) == (first.case_id, False)
    assert len(house.rows(outbox)) == written
    new = resident(ticket=ticket(house.clock, until="2020-01-01T00:00:00+08:00"))
    assert refused(house, new) == "TICKET_EXPIRED"


def test_a_ticket_that_was_not_used_in_time_needs_another_one_and_a_counter_is_another_way(house: House) -> None:
    submitted = house.submit(resident(ticket=ticket(house.clock)))
    house.clock.pass_s(700)
    house.due()
    assert evidence(house, submitted)["identity.check"] == ("open", "TICKET_EXPIRED")
    text = ticket(house.clock, mode="COUNTER")
    house.applications.present(submitted.case_id, text, BY)
    house.applications.present(submitted.case_id, text, BY)
    house.due()
    assert asked(house) == [("resident_id", samples.PERSON, text)]
    assert "identity.check" not in evidence(house, submitted)
    assert len(house.rows(tickets)) == 2
    assert all(one.equal for one in house.remade().values())


def test_an_application_that_came_without_a_ticket_can_be_submitted_again_with_one(house: House) -> None:
    first = house.submit(resident())
    text = ticket(house.clock)
    assert house.submit(resident(ticket=text)) == (first.case_id, False)
    house.due()
    assert asked(house) == [("identity_check", samples.PERSON, text)]


def test_an_enterprise_has_a_ticket_only_through_the_person_who_acts_for_it(house: House) -> None:
    assert refused(house, body(ticket=ticket(house.clock))) == "NOT_ASKED"
    text = ticket(house.clock, mode="COUNTER", person=samples.OTHER_PERSON)
    submitted = house.submit(body(ticket=text, agent=AGENT))
    house.due()
    assert asked(house) == [("identity_check", samples.OTHER_PERSON, text)]
    assert set(evidence(house, submitted)) == {"licence.business", "licence.property-title", "identity.check"}
    house.verified(samples.check(serial(text), samples.OTHER_PERSON))
    house.project()
    piece = house.applications.show(submitted.case_id)["deliveries"][-1]
    assert (piece["kind"], piece["holder_relation"]) == ("identity.check", "OTHER")


def test_p4_tickets_are_made_again_from_the_topics(house: House) -> None:
    house.submit(resident(ticket=ticket(house.clock, mode="COUNTER")))
    house.submit(resident("A-2"))
    house.due()
    assert {name: one.differences for name, one in house.remade().items() if not one.equal} == {}


def test_p5_the_ticket_lies_sealed_in_every_table(house: House) -> None:
    text = ticket(house.clock)
    house.submit(resident(ticket=text))
    (row,) = house.rows(tickets)
    assert serial(text).encode() not in bytes(row.sealed)
    assert all(serial(text) not in str(one) for one in house.rows(outbox))


@pytest.mark.parametrize(("said", "shown"), [("TICKET_USED", "TICKET_USED"), ("NO_RIGHT", "REFUSED_BY_SOURCE")])
def test_why_the_service_refuses_a_ticket_is_shown(house: House, said: str, shown: str) -> None:
    submitted = house.submit(resident(ticket=ticket(house.clock)))
    house.due()
    house.relay()
    (question,) = [
        wire.decode(message.value or b"")[1]
        for partition in range(PARTITIONS)
        for batch in house.log.scan(LOOKUP_REQUESTS, partition)
        for message in batch.records
    ]
    value = {"count": 0, "outcome": "REFUSED", "retry_after_s": None, "reason": said}
    value |= {name: question[name] for name in ("request_id", "case_id", "source", "attempt")}
    frame = wire.encode(schema_id("lookup.answer"), value)
    headers = (("ce_type", b"cn.onecert.lookup.answered"),)
    house.writer.commit([Outgoing(LOOKUP_RECEIVED, 0, question["case_id"], frame, headers, house.clock.now_ms())])
    house.project()
    assert evidence(house, submitted)["identity.check"] == ("open", shown)
