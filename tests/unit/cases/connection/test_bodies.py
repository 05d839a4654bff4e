"""Bodies of a connection application's pieces: what a sink needs, and not more (P3, P5)."""

from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.cases.case import find
from hub.cases.connection import bodies
from hub.cases.events import Piece, Relation
from hub.cases.evidence.original import ORIGINAL_BYTES_MAX, original
from hub.cases.procedure import Body, MustNotSend, Sending, WillNotDo
from hub.cases.tables import case
from hub.grants.originals import withheld
from hub.ports import SourceRow
from hub.privacy.opening import Opened
from hub.privacy.purposes import REGISTRATION, Purposes
from tests import samples
from tests.casework import House, body

TITLE, LICENCE = "licence.property-title", "licence.business"


@pytest.fixture
def house(tmp_path: Path) -> Any:
    house = House(tmp_path)
    yield house
    house.close()


def made(house: House, kind: str, record: dict[str, Any], relation: Relation = Relation.SELF) -> Body:
    """The evidence of one record for the application that is there."""
    value = house.seal(record).value
    opened: Opened = house.opener.open([value])[0]
    with house.store.read() as connection:
        found = find(connection, bytes(connection.execute(select(case.c.case_id)).scalar_one()))
        assert found
        piece = Piece(3, "utility_crm", kind, 0, bytes(16), 2, holder_relation=relation)
        sending = Sending(found, piece, opened, 1_772_413_259_999, "reference")
        return bodies.evidence(house.journal.given, connection, sending, house.journal.moment())


def archiving(house: House, kind: str) -> None:
    """Let the purpose's table allow the original."""
    purpose = house.journal.given.purposes.get("connection-application")
    rules = {**purpose.evidence, kind: replace(purpose.evidence[kind], original=True)}
    given = replace(house.journal.given, purposes=Purposes([(replace(purpose, evidence=rules), ())]))
    house.journal = replace(house.journal, given=given)


def test_p3_the_original_is_sent_only_where_the_purpose_lets_the_archive_have_it(house: House) -> None:
    house.submit(body())
    assert "original" not in made(house, LICENCE, samples.business())
    archiving(house, LICENCE)
    assert made(house, LICENCE, samples.business())["original"] == {
        "mediaType": "application/octet-stream",
        "sha256": sha256(b"raw").hexdigest(),
        "content": "cmF3",
    }
    assert "original" not in made(house, TITLE, samples.title())


@pytest.mark.parametrize("relation", [Relation.OTHER, Relation.CO_OWNER])
def test_p3_an_original_that_is_about_others_too_is_not_sent(house: House, relation: Relation) -> None:
    house.submit(body())
    archiving(house, TITLE)
    assert "original" not in made(house, TITLE, samples.title(), relation)


def opened(house: House, raw: bytes, proof: bytes = b"") -> Opened:
    row = SourceRow("L1", 1, raw, samples.business(), proof=proof)
    return house.opener.open([house.seal_rows(LICENCE, "business_licence", row)[0].value])[0]


def test_a_large_original_is_named_by_its_digest_and_a_withheld_one_is_not_sent(house: House) -> None:
    large = b'{"a": "%s"}' % (b"x" * ORIGINAL_BYTES_MAX)
    told = {"mediaType": "application/json", "sha256": sha256(large).hexdigest(), "proof": "cA=="}
    assert original(opened(house, large, b"p")) == told
    assert original(opened(house, withheld(b"{}"))) is None


def test_p4_an_original_that_was_changed_is_not_sent(house: House) -> None:
    found = opened(house, b"{}")
    found.envelope["original_commitment"] = bytes(32)
    with pytest.raises(MustNotSend):
        original(found)


def test_evidence_says_why_it_may_be_used_and_how_far_it_can_be_trusted(house: House) -> None:
    house.submit(body())
    sent = made(house, LICENCE, samples.business())
    assert {name: value for name, value in sent.items() if name != "fields"} == {
        "pieceNo": 3,
        "kind": LICENCE,
        "recordId": "reference",
        "reading": 2,
        "assurance": "SIGNED_RESPONSE",
        "verifiedAt": "2026-03-02T09:00+08:00",
        "purpose": "connection-application",
        "legalBasis": "action-plan-6",
        "legalClause": "津工信电力〔2021〕8号 §6",
        "holderRelation": "SELF",
    }


def test_p3_a_record_whose_source_was_granted_for_another_purpose_will_not_do(house: House) -> None:
    house.submit(body())
    object.__setattr__(house.journal.given, "permits", lambda *_: False)
    with pytest.raises(WillNotDo) as told:
        made(house, LICENCE, samples.business())
    assert told.value.reason == "PURPOSE_NOT_GRANTED"


def test_p3_a_title_of_another_holder_says_so_and_names_no_holder(house: House) -> None:
    house.submit(body())
    own = made(house, TITLE, samples.title(), Relation.CO_OWNER)
    assert [holder["name"] for holder in own["fields"]["holders"]] == ["王伟", "津门电气有限公司"]
    others = made(house, TITLE, samples.title(), Relation.OTHER)
    assert others["holderRelation"] == "OTHER"
    assert "holders" not in others["fields"]
    assert others["fields"]["unit"] == own["fields"]["unit"]
    assert not {"王伟", samples.PERSON, samples.USCC} & set(repr(others).replace("'", " ").split())


def test_p3_a_record_that_the_purpose_does_not_trust_or_that_expired_will_not_do(house: House) -> None:
    house.submit(body())
    with pytest.raises(WillNotDo) as told:
        made(house, LICENCE, samples.business() | {"assurance": "CHANNEL_ONLY"})
    assert told.value.reason == "ASSURANCE_LOW"
    expired = samples.business()
    expired["enterprise"]["valid_until"] = date(2026, 3, 1)
    with pytest.raises(WillNotDo) as told:
        made(house, LICENCE, expired)
    assert told.value.reason == "EXPIRED"
    title = samples.title()
    title["unit"]["valid_until"] = date(2026, 3, 1)
    assert made(house, TITLE, title, Relation.SELF)["kind"] == TITLE, "a land-use term ends no title"


def test_p5_the_application_of_an_erased_applicant_must_not_be_sent(house: House) -> None:
    house.submit(body())
    with house.store.read() as connection:
        found = find(connection, bytes(connection.execute(select(case.c.case_id)).scalar_one()))
        assert found
        assert house.vault.erase(found.subject_id)
        with pytest.raises(MustNotSend) as told:
            sending = Sending(found, Piece(0, "utility_crm", "registration"))
            bodies.registration(house.journal.given, connection, sending, house.journal.moment())
    assert told.value.reason == "ERASED"
    with pytest.raises(MustNotSend) as told:
        made(house, TITLE, samples.title(), Relation.OTHER)  # another person's record, for an erased person's matter
    assert told.value.reason == "ERASED"


def registered(house: House, document: dict[str, Any]) -> Body:
    """The registration of an application."""
    submitted = house.submit(document)
    with house.store.read() as connection:
        found = find(connection, submitted.case_id)
        assert found
        sending = Sending(found, Piece(0, "utility_crm", "registration"))
        return bodies.registration(house.journal.given, connection, sending, house.journal.moment())


def test_the_registration_says_who_applies_and_for_what(house: House) -> None:
    agent = {
        "name": "李娜",
        "resident_id": samples.OTHER_PERSON,
        "authorisation": {"form": "DECLARATION", "reference": "D-2026-17"},
    }
    site = {"address": "天津市南开区长虹街道长江道12号3号楼1单元502室"}
    sent = registered(house, body(agent=agent, site=site, voltage="HIGH_10KV", sources=2, important=True))
    assert {name: sent[name] for name in REGISTRATION if name in sent} == {
        "custName": "津门电气有限公司",
        "custIdType": "USCC",
        "custIdNo": samples.USCC,
        "agent": {
            "name": "李娜",
            "idType": "RESIDENT_ID",
            "idNo": samples.OTHER_PERSON,
            "authorisation": "DECLARATION",
            "authorisationNo": "D-2026-17",
        },
        "sources": 2,
        "important": True,
        "sanling": True,
        "sanlingClaim": {"by": "AGENT", "channel": "gov-platform"},
        "street": "长虹街道",
        "noSource": ["project.approval"],
    }


@pytest.mark.parametrize("works", [True, False, None])
def test_a_registration_says_whether_works_outside_the_site_are_needed_where_the_applicant_does(
    house: House, works: bool | None
) -> None:
    said = {} if works is None else {"external_works": works}
    assert registered(house, body(**said)).get("externalWorks") is works


def test_p6_a_registration_carries_what_a_person_should_ask_and_is_not_refused(house: House) -> None:
    assert "questions" not in registered(house, body(external_no="A-1"))


def test_p6_sanling_above_160_kw_is_registered_with_a_question(house: House) -> None:
    sent = registered(house, body(sanling=True, capacity_kw=161))
    (asked,) = sent["questions"]
    assert (asked["code"], asked["clause"]) == ("SANLING_ABOVE_CAPACITY", "津工信电力〔2021〕8号 §7、§8")
    shown = house.applications.show(bytes(house.rows(case)[0].case_id))
    assert shown["questions"] == [asked]


def test_p3_a_registration_has_only_what_the_purpose_allows(house: House) -> None:
    before = house.journal.given.purposes
    limited = replace(before.get("connection-application"), registration=frozenset({"sources"}))
    given = replace(house.journal.given, purposes=Purposes([(limited, ())]))
    house.journal = replace(house.journal, given=given)
    sent = registered(house, body())
    assert {name for name in REGISTRATION if name in sent} == {"sources"}
    assert samples.USCC not in str(sent)


def test_a_resident_is_registered_by_the_number_that_was_typed(house: House) -> None:
    resident = {"applicant": {"resident_id": samples.PERSON}, "customer_class": "RESIDENT", "sanling": False}
    sent = registered(house, body(**resident))
    assert (sent["custIdType"], sent["custIdNo"]) == ("RESIDENT_ID", samples.PERSON)
    assert not {"custName", "agent", "sanlingClaim"} & sent.keys()
    assert sent["noSource"] == ["licence.resident-id"]


@pytest.mark.parametrize(
    ("site", "organisation"),
    [
        ({"address": "天津市南开区长江道12号3号楼1单元502室"}, "120104"),
        ({"address": "天津市蓟县兴华大街12号502室"}, "120119"),
        ({"unit_no": "120104001001GB00001F00010001"}, "120104"),
        ({"unit_no": "120107001001GB00001F00010001"}, "120116"),
        ({"unit_no": "120225001001GB00001F00010001"}, "120119"),
    ],
)
def test_a_site_goes_to_the_organisation_that_its_district_has_now(
    house: House, site: dict[str, str], organisation: str
) -> None:
    house.submit(body(site=site))
    with house.store.read() as connection:
        found = find(connection, bytes(connection.execute(select(case.c.case_id)).scalar_one()))
        assert found
        sending = Sending(found, Piece(0, "utility_crm", "registration"))
        sent = bodies.registration(house.journal.given, connection, sending, house.journal.moment())
    assert sent["orgNo"] == organisation
    assert site.get("address") in (sent["elecAddr"], None)
