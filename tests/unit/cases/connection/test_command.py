"""What may be submitted: P6 (nothing extra is asked), P5 (no value in an error)."""

import copy
import json
from datetime import date

import pytest

from hub.cases import reasons
from hub.cases.connection.command import Application, needs_of, parse
from hub.codec.json_object import read_json
from hub.errors import RecordRejected
from hub.privacy.purposes import shipped
from hub.records.identifiers import check_uscc

USCC = "91110000600037341L"
PERSON = "360426199101010071"
UNIT = "120104001001GB00001F00010001"
BODY = {
    "external_no": "A-1",
    "channel": "gov-platform",
    "applicant": {"uscc": USCC, "name": "某公司"},
    "site": {"unit_no": UNIT},
    "voltage": "LOW",
    "capacity_kw": 50,
    "customer_class": "NON_RESIDENT",
    "sanling": True,
    "purpose": "connection-application",
    "legal_basis": "action-plan-6",
}
ALL = frozenset({"licence.business", "licence.resident-id", "licence.property-title", "project.approval"})


NO_ORGANISATION = next(
    f"91120104000000000{end}" for end in "0123456789ABCDEFGHJKLMNPQRTUWXY" if not check_uscc(f"91120104000000000{end}")
)


def changed(**changes: object) -> dict:
    return {**copy.deepcopy(BODY), **changes}


def read(body: dict) -> Application:
    return parse(body, shipped())


def refused(body: dict) -> RecordRejected:
    with pytest.raises(RecordRejected) as caught:
        read(body)
    return caught.value


@pytest.mark.parametrize(
    ("applicant", "code", "field"),
    [
        ({"resident_id": "111111111111111"}, "ID_FORM", "applicant.resident_id"),
        ({"resident_id": "120104209912310016"}, "DATE_FUTURE", "applicant.resident_id"),
        ({"resident_id": "120104202603020013"}, "DATE_FUTURE", "applicant.resident_id"),
        ({"uscc": NO_ORGANISATION}, "USCC_FORM", "applicant.uscc"),
    ],
)
def test_an_applicant_with_no_person_s_number_is_refused(applicant: dict, code: str, field: str) -> None:
    """No person is born after today, and a placeholder is no person (P2), though its check character is right."""
    with pytest.raises(RecordRejected) as caught:
        parse(changed(applicant=applicant), shipped(), date(2026, 3, 1))
    assert (caught.value.code, caught.value.field) == (code, field)
    assert reasons.words(code).zh


def test_p6_anything_beyond_the_list_is_refused_with_the_clause() -> None:
    error = refused(changed(planning_permit="x"))
    assert (error.code, error.field) == ("NOT_ASKED", "planning_permit")
    assert "§5" in reasons.words(error.code).zh
    assert refused(changed(applicant={"uscc": USCC, "phone": "1"})).field == "applicant.phone"
    # P5: whose number or name stands where a field's name should is not repeated.
    assert refused(changed(**{PERSON: 1})).field == "?"
    assert refused(changed(applicant={"uscc": USCC, "王建国": "1"})).field == "applicant.?"
    assert refused(changed(applicant={"uscc": USCC, "resident_id": PERSON})).code == "NOT_ASKED"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"applicant": {}}, "FIELD_MISSING", "applicant.uscc"),
        ({"applicant": {"uscc": "91110000600037341M"}}, "USCC_CHECK", "applicant.uscc"),
        ({"applicant": {"resident_id": "360426199101010072"}}, "ID_CHECK", "applicant.resident_id"),
        ({"site": {}}, "FIELD_MISSING", "site.unit_no"),
        ({"site": {"unit_no": "12"}}, "UNIT_FORM", "site.unit_no"),
        ({"voltage": "LOUD"}, "FIELD_INVALID", "voltage"),
        ({"capacity_kw": 0}, "FIELD_INVALID", "capacity_kw"),
        ({"capacity_kw": "50"}, "FIELD_INVALID", "capacity_kw"),
        ({"sources": 3}, "FIELD_INVALID", "sources"),
        ({"channel": "a b"}, "FIELD_INVALID", "channel"),
        ({"purpose": "curiosity"}, "PURPOSE_UNKNOWN", "purpose"),
        ({"legal_basis": " "}, "FIELD_INVALID", "legal_basis"),
        ({"external_no": "A-1\u200b2"}, "TEXT_CONTROL", "external_no"),
        ({"external_no": "\u3000\ufeff"}, "FIELD_INVALID", "external_no"),
        ({"applicant": {"uscc": BODY["applicant"]["uscc"], "name": "某\u202e公司"}}, "TEXT_CONTROL", "applicant.name"),
        ({"applicant": {"uscc": BODY["applicant"]["uscc"], "name": "某\ue5e5"}}, "TEXT_CONTROL", "applicant.name"),
        ({"site": {"address": "天津市南开区长江道12号\u3164"}}, "TEXT_CONTROL", "site.address"),
        ({"site": {"address": "天津市\ud800"}}, "TEXT_ENCODING", "site.address"),
        ({"applicant": {"uscc": BODY["applicant"]["uscc"], "name": "某\ufffd公司"}}, "TEXT_ENCODING", "applicant.name"),
        ({"applicant": {"uscc": BODY["applicant"]["uscc"], "name": "某\xa0公司"}}, "TEXT_CONTROL", "applicant.name"),
        ({"applicant": {"uscc": BODY["applicant"]["uscc"], "name": "\ufe00"}}, "TEXT_CONTROL", "applicant.name"),
        ({"external_no": "A\x00"}, "TEXT_CONTROL", "external_no"),
        ({"site": {"address": "天津市\x07"}}, "TEXT_CONTROL", "site.address"),
        ({"legal_basis": "\ufffd"}, "TEXT_ENCODING", "legal_basis"),
        ({"legal_basis": "津工信电力〔2021〕8号 §6"}, "LEGAL_BASIS_UNKNOWN", "legal_basis"),
    ],
)
def test_bad_fields_have_a_code_and_a_place_and_words(changes: dict, code: str, field: str) -> None:
    error = refused(changed(**changes))
    assert (error.code, error.field) == (code, field)
    assert reasons.words(code).zh != code


def test_p5_no_value_is_in_the_error() -> None:
    wrong = "91110000600037341M"
    assert wrong not in str(refused(changed(applicant={"uscc": wrong})))
    assert wrong not in str(refused(changed(capacity_kw=wrong)))


def test_dirt_is_tidied_and_aliases_are_one_purpose() -> None:
    dirty = read(
        changed(applicant={"uscc": " ９１１１００００６０００３７３４１l", "name": "某公司 \ufeff"}, purpose="用电报装")
    )
    assert dirty.canonical() == read(BODY).canonical()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b"\xff", b"[" * 100_000], ids=lambda body: str(body[:12])
)
def test_hostile_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(RecordRejected) as caught:
        read_json(body)
    assert caught.value.code == "UNREADABLE"


def test_json_is_read() -> None:
    assert read_json(json.dumps(BODY).encode()) == BODY


def test_p6_low_voltage_needs_identity_and_property_only() -> None:
    found = needs_of(read(BODY), ("identity", "property"), ALL)
    assert [(need.kind, need.wanted_by) for need in found] == [
        ("licence.business", "uscc"),
        ("licence.property-title", "unit-no"),
    ]
    assert found[0].identity == ("enterprise", "600037341")


@pytest.mark.parametrize(
    ("changes", "applicant", "site"),
    [
        (
            {},
            '{"name":"某公司","resident_id":null,"uscc":"91110000600037341L"}',
            f'{{"address":null,"unit_no":"{UNIT}"}}',
        ),
        (
            {"applicant": {"resident_id": PERSON}, "site": {"address": "天津市南开区长江道12号"}},
            f'{{"name":"","resident_id":"{PERSON}","uscc":null}}',
            '{"address":"天津市南开区长江道12号","unit_no":null}',
        ),
    ],
)
def test_p2_an_application_has_the_bytes_that_former_versions_stored(changes: dict, applicant: str, site: str) -> None:
    """Version 0.1 before tickets and agents wrote exactly these: the same application again compares equal."""
    rest = '"important":false,"legal_basis":"action-plan-6","purpose":"connection-application","sanling":true'
    stored = (
        f'{{"applicant":{applicant},"capacity_kw":50.0,"channel":"gov-platform","customer_class":"NON_RESIDENT",'
        f'"external_no":"A-1",{rest},"site":{site},"sources":1,"voltage":"LOW"}}'
    )
    assert read(changed(**changes)).canonical().decode() == stored
    assert Application.model_validate_json(stored).canonical().decode() == stored


AGENT = {"name": "李娜", "resident_id": "11010519491231002X"}
E_LICENCE = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"


@pytest.mark.parametrize(
    ("authorisation", "code"),
    [
        ({"form": "PAPER", "reference": "1"}, "NOT_ASKED"),
        ({"form": "DECLARATION", "reference": "1", "scan": "…"}, "NOT_ASKED"),
        ({"form": "DECLARATION"}, "FIELD_MISSING"),
        ({"form": "E_LICENCE", "reference": E_LICENCE[:-1] + "V"}, "ELICENCE_CHECK"),
        ({"form": "E_LICENCE", "reference": "letter"}, "ELICENCE_FORM"),
        ({"form": "DECLARATION", "reference": "1", "signed_on": "2024-02-30"}, "FIELD_INVALID"),
        ({"form": "DECLARATION", "reference": "1", "signed_on": "last year"}, "FIELD_INVALID"),
    ],
)
def test_p6_an_authorisation_is_a_declaration_or_an_e_licence_and_no_paper(authorisation: dict, code: str) -> None:
    error = refused(changed(agent={**AGENT, "authorisation": authorisation}))
    assert error.code == code
    assert error.field.startswith("agent.authorisation")


def test_an_agent_is_part_of_what_is_compared() -> None:
    good = read(changed(agent={**AGENT, "authorisation": {"form": "E_LICENCE", "reference": f" {E_LICENCE.lower()}"}}))
    assert good.agent
    assert good.agent.authorisation.reference == E_LICENCE
    assert good.canonical() != read(BODY).canonical()
    assert Application.model_validate_json(good.canonical()) == good


def test_a_mandate_may_have_a_day_and_without_one_is_stored_as_before() -> None:
    plain = {"form": "DECLARATION", "reference": "1"}
    without, dated = (
        read(changed(agent={**AGENT, "authorisation": one})) for one in (plain, plain | {"signed_on": "2024-02-29"})
    )
    assert b"signed_on" not in without.canonical()
    assert b'"signed_on":"2024-02-29"' in dated.canonical()
    assert Application.model_validate_json(dated.canonical()) == dated


def test_a_need_without_a_source_is_named_and_a_vague_address_finds_nothing() -> None:
    resident = read(changed(applicant={"resident_id": PERSON}, site={"address": "天津市南开区"}))
    found = needs_of(resident, ("identity", "property"), ALL - {"licence.resident-id"})
    assert [(need.kind, need.reason) for need in found] == [
        ("licence.resident-id", "NO_SOURCE"),
        ("licence.property-title", ""),
    ]
    assert needs_of(resident, ("property",), ALL)[0].identity is None


def test_p5_a_field_name_that_is_somebodys_number_is_not_repeated() -> None:
    error = refused(changed(**{PERSON: 1}))
    assert (error.code, error.field) == ("NOT_ASKED", "?")
    assert PERSON not in str(error)


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"voltage": "LOUD"}, ("LOW", "HIGH_10KV")),
        ({"capacity_kw": 0}, ("above 0.0",)),
        ({"capacity_kw": "50"}, ("a number",)),
        ({"sources": 3}, ("at most 2",)),
        ({"sanling": "yes"}, ("true, false",)),
        ({"external_no": "A" * 65}, ("at most 64 characters",)),
        ({"channel": "a b"}, ("^[A-Za-z0-9._-]{1,64}$",)),
        ({"meter_photo": "x"}, ("external_no", "channel")),
        ({"site": {"unit_no": UNIT, "postcode": "300000"}}, ("unit_no", "address")),
        ({"legal_basis": "because"}, ("action-plan-5",)),
    ],
)
def test_a_refused_field_says_what_is_allowed(changes: dict, allowed: tuple[str, ...]) -> None:
    error = refused(changed(**changes))
    assert error.allowed[: len(allowed)] == allowed
    assert allowed[0] in str(error)
