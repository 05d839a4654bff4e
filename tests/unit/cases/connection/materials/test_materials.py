"""The materials of an application on a real store: shown, told, refused and recorded (P4, P5, P6)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hub.audit import refused
from hub.cases.by import By
from hub.cases.connection.materials.service import Materials
from hub.cases.connection.materials.tables import request
from hub.errors import RecordRejected
from hub.web.api.app import create
from hub.web.api.materials import router
from hub.web.auth.access import Access
from hub.web.auth.tokens import Tokens
from tests import canary, samples
from tests.callers import token
from tests.casework import House, body

BY = By("token:1", "utility", "")
DIGEST = "ab" * 32
HIGH = {"voltage": "HIGH_10KV", "important": True, "sanling": False, "capacity_kw": 800}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def materials(house: House) -> Materials:
    return Materials(house.store, house.opener, house.journal)


def states(shown: dict[str, Any]) -> dict[str, tuple[str, str]]:
    found = (one for segment in shown["segments"] for one in segment["materials"])
    return {one["material"]: (one["state"], one["from"]) for one in found}


def asks(segment: str, *names: str) -> dict[str, Any]:
    return {"segment": segment, "items": [{"material": name} for name in names]}


def test_p6_each_material_says_whether_it_was_fetched_or_is_missing_and_from_whom(
    house: House, materials: Materials
) -> None:
    case_id = house.submit(body(**HIGH)).case_id
    house.verified(samples.business())
    house.project()
    house.due()
    shown = materials.show(case_id)
    assert states(shown) == {
        "identity": ("FETCHED", "HUB"),
        "property": ("AWAITED", "HUB"),
        "project": ("MISSING", "CUSTOMER"),
        "designer-qualification": ("MISSING", "CUSTOMER"),
        "design": ("MISSING", "CUSTOMER"),
        "builder-qualification": ("MISSING", "CUSTOMER"),
        "concealed-works": ("MISSING", "CUSTOMER"),
        "completion-report": ("MISSING", "CUSTOMER"),
    }
    assert shown["fee"]["free"] is False
    assert shown["segments"][0]["materials"][0]["evidence"] == ["licence.business"]


def test_a_document_is_known_by_reference_and_digest_and_a_notice_after_it_makes_it_defective(
    house: House, materials: Materials
) -> None:
    case_id = house.submit(body(**HIGH)).case_id
    given = {"material": "design", "reference": "platform/17", "sha256": DIGEST}
    first = materials.hand_in(case_id, given, BY)
    assert materials.hand_in(case_id, given, BY) == first
    assert states(first)["design"] == ("HANDED_IN", "CUSTOMER")
    (paper,) = first["segments"][2]["materials"][1]["documents"]
    assert (paper["reference"], paper["sha256"]) == ("platform/17", DIGEST)
    told = materials.ask(case_id, asks("design-review", "design"), BY)
    assert states(told)["design"] == ("DEFECTIVE", "CUSTOMER")
    (notice,) = told["notices"]
    assert [one["material"] for one in notice["items"]] == ["design", "designer-qualification"]
    assert (notice["client"], notice["channel"]) == ("utility", "gov-platform")
    again = materials.hand_in(case_id, {**given, "sha256": "cd" * 32}, BY)
    assert states(again)["design"] == ("HANDED_IN", "CUSTOMER")


def test_the_customer_reads_the_one_time_notice_and_not_who_asked(house: House, materials: Materials) -> None:
    case_id = house.submit(body(**HIGH)).case_id
    assert house.customers.progress(case_id)["notices"] == []
    materials.ask(case_id, asks("completion", "completion-report"), BY)
    (told,) = house.customers.progress(case_id)["notices"]
    assert told["items"] == [{"material": "completion-report", "zh": "工程竣工报告（含竣工图纸）", "defect": "MISSING"}]
    assert set(told) == {"segment", "told_at", "items"}


def test_p6_a_request_beyond_the_list_is_refused_recorded_and_shown_with_its_clause(
    house: House, materials: Materials
) -> None:
    case_id = house.submit(body()).case_id
    with pytest.raises(RecordRejected, match="MATERIAL_NOT_LISTED") as caught:
        materials.ask(case_id, asks("acceptance", "施工许可证"), BY)
    assert (caught.value.field, caught.value.allowed) == ("items.0.material", ())
    (shown,) = materials.show(case_id)["refused"]
    assert (shown["code"], shown["names"], shown["client"]) == ("MATERIAL_NOT_LISTED", ["施工许可证"], "utility")
    assert "§5" in shown["zh"]
    assert shown["never"][0]["clause"].startswith("津工信电力〔2021〕8号 §5")
    (row,) = house.rows(request)
    assert "施工".encode() not in b"".join(str(value).encode() for value in row)


@pytest.mark.parametrize(
    ("given", "names", "never"),
    [
        ({**asks("acceptance", "identity"), "note": "另请携带施工许可证"}, ["note", "identity"], ["施工许可"]),
        (asks("survey", "户口本"), ["户口本"], []),
        (asks("acceptance", *["identity"] * 20, "施工许可证"), ["施工许可证", "identity"], ["施工许可"]),
        ({"segment": "acceptance", "items": [{"material": "房产证", "photo": "x"}]}, ["房产证", "photo"], []),
    ],
)
def test_p6_a_name_is_refused_and_recorded_wherever_it_stands(
    house: House, materials: Materials, given: dict[str, Any], names: list[str], never: list[str]
) -> None:
    case_id = house.submit(body()).case_id
    with pytest.raises(RecordRejected):
        materials.ask(case_id, given, BY)
    (shown,) = materials.show(case_id)["refused"]
    assert (shown["code"], shown["names"]) == ("MATERIAL_NOT_LISTED", names)
    assert [one["zh"] for one in shown["never"]] == never
    with house.store.read() as connection:
        (told,) = refused.requests(connection, [case_id], house.clock.now_ms(), house.opener)[case_id]
    assert "津工信电力〔2021〕8号 §5" in told.told or not never
    assert all(name in told.told for name in names)


def test_p6_an_application_that_was_taken_back_asks_for_nothing_more(house: House, materials: Materials) -> None:
    case_id = house.submit(body(**HIGH)).case_id
    house.applications.cancel(case_id, BY)
    with pytest.raises(RecordRejected, match="NOTICE_AFTER_END"):
        materials.ask(case_id, asks("design-review", "design"), BY)
    assert [one["code"] for one in materials.show(case_id)["refused"]] == ["NOTICE_AFTER_END"]


def test_p4_what_was_refused_is_the_same_after_a_rebuild(house: House, materials: Materials) -> None:
    case_id = house.submit(body(**HIGH)).case_id
    materials.hand_in(case_id, {"material": "design", "reference": "r", "sha256": DIGEST}, BY)
    with pytest.raises(RecordRejected):
        materials.ask(case_id, asks("acceptance", "承诺书"), BY)
    materials.ask(case_id, asks("design-review", "design"), BY)
    house.relay()
    before = materials.show(case_id)
    assert {name: one.differences for name, one in house.remade(replacing=True).items() if not one.equal} == {}
    assert materials.show(case_id) == before


def test_p5_names_references_and_digests_are_sealed_wherever_they_are_stored(
    house: House, materials: Materials, tmp_path: Path
) -> None:
    case_id = house.submit(body(**HIGH)).case_id
    named, place = "王小明的离婚证明", "archive/wangxiaoming-design.pdf"
    materials.hand_in(case_id, {"material": "design", "reference": place, "sha256": DIGEST}, BY)
    with pytest.raises(RecordRejected):
        materials.ask(case_id, asks("acceptance", named), BY)
    assert [one["names"] for one in materials.show(case_id)["refused"]] == [[named]]
    house.relay()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert canary.search([named, place, DIGEST], files) == []


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"segment": "survey", "items": [{"material": "design"}]}, "FIELD_INVALID", "segment"),
        ({"segment": "acceptance", "items": []}, "FIELD_INVALID", "items"),
        ({"segment": "acceptance", "items": [{"material": "x"}] * 21}, "FIELD_INVALID", "items"),
        ({"segment": "acceptance", "items": [{"material": "x", "photo": 1}]}, "NOT_ASKED", "items.0.photo"),
        ({"segment": "acceptance", "items": [{"material": "a\u202eb"}]}, "TEXT_CONTROL", "items.0.material"),
        ({"segment": "acceptance"}, "FIELD_MISSING", "items"),
    ],
)
def test_a_request_is_read_strictly(
    house: House, materials: Materials, given: dict[str, Any], code: str, field: str
) -> None:
    case_id = house.submit(body()).case_id
    with pytest.raises(RecordRejected) as refused:
        materials.ask(case_id, given, BY)
    assert (refused.value.code, refused.value.field.replace("?", "0")) == (code, field)


def test_the_api_answers_for_the_clients_own_channels_only(house: House, materials: Materials) -> None:
    text = token(house.store, house.clock)
    app = create(house.clock, router(materials, Access(Tokens(house.store, house.clock), house.clock)))
    client = TestClient(app, headers={"Authorization": f"Bearer {text}"}, raise_server_exceptions=False)
    own, other = (house.submit(body("A-1")).case_id, house.submit(body("A-2", channel="other")).case_id)
    assert client.get(f"/applications/{own.hex()}/materials").json() == json.loads(json.dumps(materials.show(own)))
    refused = client.post(f"/applications/{own.hex()}/notices", json=asks("acceptance", "施工许可证"))
    assert (refused.status_code, refused.json()["error_code"]) == (422, "MATERIAL_NOT_LISTED")
    given = {"material": "property", "reference": "r", "sha256": DIGEST}
    assert client.post(f"/applications/{own.hex()}/documents", json=given).status_code == 200
    for method, path in (("GET", "materials"), ("POST", "documents"), ("POST", "notices")):
        answer = client.request(method, f"/applications/{other.hex()}/{path}", json={} if method == "POST" else None)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "NO_SUCH_APPLICATION")
