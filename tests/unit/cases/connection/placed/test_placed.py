"""P3, P5: the site of a case is compared with its title; where it cannot be said, a person is asked, and it goes on."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cases.connection.events import Matched, Waiting
from hub.cases.connection.placed import questions
from hub.cases.connection.placed.decide import FINDINGS_MAX, QUESTIONS_MAX, Near, Placing, placed
from hub.cases.connection.placed.service import ANSWERS_MAX, Places
from hub.cases.connection.placed.tables import place
from hub.cases.connection.steps import looked
from hub.cases.places.compare import Place
from hub.cases.tables import case as cases
from hub.codec import wire
from hub.errors import RecordRejected
from hub.privacy.purposes import shipped
from hub.records.address import parse_to_fit
from hub.topics.declared import CONNECTION_EVENTS
from tests import samples
from tests.casework import BY, House, body

SITE = "天津市南开区长江道12号3号楼2门501室"
TITLE = "licence.property-title"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def places(house: House) -> Places:
    return Places(house.store, house.log, house.opener, shipped(), house.journal)


def titled(house: House, address: str, unit_no: str = samples.UNIT_NO) -> None:
    record = samples.title(unit_no=unit_no)
    record["unit"]["address"] = parse_to_fit(address)
    house.verified(record)
    house.project()


def submitted(house: House, **site: str) -> bytes:
    case_id = house.submit(body(site=site)).case_id
    house.due()
    return case_id


def test_a_matched_title_is_compared_with_the_site(house: House, places: Places) -> None:
    titled(house, SITE)
    case_id = submitted(house, unit_no=samples.UNIT_NO, address="南开区长江道12号3号楼2门502室")
    (found,) = house.applications.show(case_id)["places"]
    assert (found["verdict"], found["compared_by"], found["question"]) == ("SAME", "unit_no", None)
    assert "address" not in json.dumps(found)
    (item,) = places.show(case_id)["items"]
    assert item["title"]["address"] == SITE


def test_the_event_and_the_table_have_codes_only(house: House) -> None:
    titled(house, SITE)
    submitted(house, unit_no=samples.UNIT_NO, address=SITE)
    house.relay()
    (row,) = house.rows(place)
    assert not any("长江道" in str(value) for value in row)
    for partition in range(house.log.topics()[CONNECTION_EVENTS]):
        for batch in house.log.scan(CONNECTION_EVENTS, partition, 0):
            assert all("长江道".encode() not in (one.value or b"") for one in batch.records)


def test_the_looks_at_one_application_have_a_bound(
    house: House, places: Places, asked: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looked, "LOOKS_MAX", 2)
    for person in ("李明", "王芳"):
        places.look(asked, {"person": person}, BY)
    with pytest.raises(RecordRejected, match="LOOKS_FULL"):
        places.look(asked, {"person": "李明"}, BY)
    house.relay()
    assert all(one.equal for one in house.remade().values())


def test_the_same_record_is_found_once(house: House) -> None:
    titled(house, SITE)
    case_id = submitted(house, unit_no=samples.UNIT_NO, address=SITE)
    house.project()
    house.due()
    titled(house, SITE)
    assert len(house.applications.show(case_id)["places"]) == 1


VAGUE = "天津市南开区天拖里"
"""An address that finds a title by its key, and names no gate."""


@pytest.fixture
def asked(house: House) -> bytes:
    titled(house, VAGUE)
    return submitted(house, address=VAGUE)


def test_a_person_is_asked_with_both_texts_side_by_side(house: House, places: Places, asked: bytes) -> None:
    (found,) = house.applications.show(asked)["places"]
    assert (found["verdict"], found["question"], found["answer"]) == ("ASK", "SAME_SITE", None)
    (item,) = places.show(asked)["items"]
    assert (item["site"]["address"], item["title"]["address"]) == (VAGUE, VAGUE)


def test_nothing_waits_for_the_answer(house: House, asked: bytes) -> None:
    shown = house.applications.show(asked)
    assert {one["state"] for one in shown["evidence"] if one["kind"] == TITLE} == {"met"}
    assert [one["kind"] for one in shown["deliveries"] if one["kind"] == TITLE] == [TITLE]


def test_a_named_person_answers_and_the_name_is_sealed(house: House, places: Places, asked: bytes) -> None:
    said = {"answer": "YES", "person": "李明", "note": "已到现场"}
    for _ in range(2):
        (item,) = places.answer(asked, 1, said, BY)["items"]
    assert (item["answer"], item["person"], item["note"]) == ("YES", "李明", "已到现场")
    (row,) = house.rows(place)
    assert not any("李明".encode() in value for value in row if isinstance(value, bytes))
    (found,) = house.applications.show(asked)["places"]
    assert found["answer"] == "YES" and "李明" not in json.dumps(found, ensure_ascii=False)
    house.relay()
    assert len(events(house, "place-answered")) == 1


def events(house: House, name: str) -> list[bytes]:
    """The values of the events of one type on the topic."""
    kind = f"connection.{name}".encode()
    return [
        one.value or b""
        for partition in range(house.log.topics()[CONNECTION_EVENTS])
        for batch in house.log.scan(CONNECTION_EVENTS, partition, 0)
        for one in batch.records
        if any(kind in value for _, value in one.headers)
    ]


def test_a_later_answer_is_kept_beside_the_first_and_counts(places: Places, asked: bytes) -> None:
    places.answer(asked, 1, {"answer": "UNKNOWN", "person": "李明", "note": "图纸不清"}, BY)
    (item,) = places.answer(asked, 1, {"answer": "NO", "person": "王芳"}, BY)["items"]
    assert (item["answer"], item["person"], item["note"]) == ("NO", "王芳", None)
    said = [(one["answer"], one["person"], one["note"]) for one in item["answers"]]
    assert said == [("UNKNOWN", "李明", "图纸不清"), ("NO", "王芳", None)]


def test_answers_to_one_question_are_bounded(places: Places, asked: bytes) -> None:
    for n in range(ANSWERS_MAX):
        places.answer(asked, 1, {"answer": "UNKNOWN", "person": f"李{n}"}, BY)
    with pytest.raises(RecordRejected, match="ANSWERS_FULL"):
        places.answer(asked, 1, {"answer": "NO", "person": "王芳"}, BY)


def test_a_look_at_both_texts_is_an_event_with_purpose_and_a_sealed_name(
    house: House, places: Places, asked: bytes
) -> None:
    (item,) = places.look(asked, {"person": "李明"}, BY)["items"]
    assert item["title"]["address"] == VAGUE
    house.relay()
    (value,) = events(house, "place-looked")
    event = wire.decode(value)[1]
    assert (event["purpose"], event["by"]["principal"]) == ("connection-application", BY.principal)
    assert "李明".encode() not in value
    subject = next(bytes(one.subject_id) for one in house.rows(cases) if one.case_id == asked)
    assert json.loads(house.opener.open_value(subject, event["sealed"]) or b"") == {"person": "李明"}


@pytest.mark.parametrize("given", [{}, {"person": ""}, {"person": "李\u202e明"}, {"person": "李明", "answer": "YES"}])
def test_who_is_not_named_sees_no_text(places: Places, asked: bytes, given: dict[str, str]) -> None:
    with pytest.raises(RecordRejected):
        places.look(asked, given, BY)


@pytest.mark.parametrize(
    ("nth", "said", "code"),
    [
        (2, {"answer": "YES", "person": "李明"}, "NO_SUCH_QUESTION"),
        (1, {"answer": "YES"}, "FIELD_MISSING"),
        (1, {"answer": "REFUSED", "person": "李明"}, "FIELD_INVALID"),
        (1, {"answer": "YES", "person": "李\u202e明"}, "TEXT_CONTROL"),
    ],
)
def test_what_is_no_answer_is_refused(places: Places, asked: bytes, nth: int, said: dict[str, str], code: str) -> None:
    with pytest.raises(RecordRejected, match=code):
        places.answer(asked, nth, said, BY)


def test_a_finding_that_asks_nothing_has_no_answer(house: House, places: Places) -> None:
    titled(house, SITE)
    case_id = submitted(house, unit_no=samples.UNIT_NO)
    with pytest.raises(RecordRejected, match="NO_SUCH_QUESTION"):
        places.answer(case_id, 1, {"answer": "YES", "person": "李明"}, BY)


def test_the_tables_are_the_same_when_they_are_made_again(house: House, places: Places, asked: bytes) -> None:
    places.answer(asked, 1, {"answer": "NO", "person": "李明"}, BY)
    house.relay()
    assert all(one.equal for one in house.remade().values())


def test_several_titles_on_one_site_are_asked_about(house: House) -> None:
    other = samples.title("T2", unit_no=samples.UNIT_NO[:-1] + "9")
    first = samples.title()
    house.verified(first, other)
    house.project()
    case_id = submitted(house, address=first["unit"]["address"]["text"])
    found = house.applications.show(case_id)["places"]
    assert [one["question"] for one in found] == ["SEVERAL_TITLES_ONE_SITE"]


# ---- a title of the applicant that the ids of the site do not find ---------------------------------------------------

BUILDING = "天津市南开区长江道12号3号楼"
OTHER_UNIT = samples.UNIT_NO[:-1] + "7"


def near(house: House, address: str = BUILDING, version: int = 1, **more: str) -> None:
    record = samples.title("T9", version, unit_no=OTHER_UNIT)
    record["unit"] |= {"address": parse_to_fit(address), **more}
    house.verified(record)
    house.project()


@pytest.fixture
def waits(house: House) -> bytes:
    """An application by address, whose applicant has a title of the building without its door."""
    case_id = submitted(house, address=SITE)
    near(house)
    return case_id


def evidence(house: House, case_id: bytes) -> str:
    (state,) = {one["state"] for one in house.applications.show(case_id)["evidence"] if one["kind"] == TITLE}
    return str(state)


def delivered(house: House, case_id: bytes) -> list[str]:
    return [one["kind"] for one in house.applications.show(case_id)["deliveries"] if one["kind"] == TITLE]


def asked_of(house: House, case_id: bytes) -> list[tuple[str, str | None]]:
    return [(one["question"], one["answer"]) for one in house.applications.show(case_id)["places"]]


def test_a_near_title_of_the_applicant_is_asked_about(house: House, places: Places, waits: bytes) -> None:
    assert asked_of(house, waits) == [("SAME_SITE", None)]
    (item,) = places.show(waits)["items"]
    assert (item["site"]["address"], item["title"]["address"]) == (SITE, BUILDING)
    assert (evidence(house, waits), delivered(house, waits)) == ("open", [])


def test_a_yes_matches_it_and_its_evidence_is_decided_once(house: House, places: Places, waits: bytes) -> None:
    for person in ("李明", "王芳"):
        places.answer(waits, 1, {"answer": "YES", "person": person}, BY)
        house.due()
    near(house)
    assert (evidence(house, waits), delivered(house, waits)) == ("met", [TITLE])
    assert len(house.applications.show(waits)["places"]) == 1
    house.relay()
    assert all(one.equal for one in house.remade().values())


@pytest.mark.parametrize("answer", ["NO", "UNKNOWN"])
def test_without_a_yes_it_is_not_matched_and_not_asked_about_again(
    house: House, places: Places, waits: bytes, answer: str
) -> None:
    places.answer(waits, 1, {"answer": answer, "person": "李明"}, BY)
    house.due()
    near(house)
    assert (evidence(house, waits), asked_of(house, waits)) == ("open", [("SAME_SITE", answer)])


def test_an_answer_is_about_the_version_that_was_compared(house: House, places: Places, waits: bytes) -> None:
    """The title is corrected before it is answered: the yes is about a text that is not there any more."""
    near(house, f"{BUILDING}2门", version=2)
    places.answer(waits, 1, {"answer": "YES", "person": "李明"}, BY)
    house.due()
    assert (evidence(house, waits), asked_of(house, waits)) == ("open", [("SAME_SITE", "YES"), ("SAME_SITE", None)])
    places.answer(waits, 2, {"answer": "YES", "person": "李明"}, BY)
    house.due()
    assert (evidence(house, waits), delivered(house, waits)) == ("met", [TITLE])


def test_a_title_that_was_confirmed_and_is_corrected_asks_again(house: House, places: Places, waits: bytes) -> None:
    places.answer(waits, 1, {"answer": "YES", "person": "李明"}, BY)
    house.due()
    near(house, f"{BUILDING}2门", version=2)
    assert (evidence(house, waits), asked_of(house, waits)) == ("open", [("SAME_SITE", "YES"), ("SAME_SITE", None)])
    house.relay()
    assert all(one.equal for one in house.remade().values())


@pytest.mark.parametrize("address", ["天津市南开区长江道12号3号楼2门502室", "天津市南开区长江道14号3号楼"])
def test_a_neighbour_is_not_asked_about(house: House, address: str) -> None:
    case_id = submitted(house, address=SITE)
    near(house, address)
    assert asked_of(house, case_id) == []


def test_the_title_of_another_is_not_asked_about(house: House) -> None:
    case_id = submitted(house, address=SITE)
    record = samples.title("T9", unit_no=OTHER_UNIT)
    record["unit"]["address"] = parse_to_fit(BUILDING)
    record["holders"] = record["holders"][:1]
    house.verified(record)
    house.project()
    assert asked_of(house, case_id) == []


# ---- pure ----------------------------------------------------------------------------------------------------------


def _match(record_id: bytes = bytes(16), reading: int = 0) -> Matched:
    return Matched(kind=TITLE, record_id=record_id, reading=reading, holder_relation="SELF")


def _waits(reason: str, kind: str = TITLE) -> Waiting:
    return Waiting(kind=kind, reason=reason, attempt=1, next_ask_ms=0)


def _placing(title: str = SITE, **more: object) -> Placing:
    return Placing(Place(address=SITE), Place(address=title), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("title", "verdict", "parts", "question"),
    [
        ("南开区长江道12号3栋-2-501", "SAME", (), ""),
        ("南开区长江道12号3号楼2门502室", "DIFFERENT", ("room",), ""),
        ("南开区长江道12号3号楼", "ASK", ("entrance", "room"), "SAME_SITE"),
        ("南开区长江道12号3号楼2门501室、502室", "ASK", ("rest",), "SEVERAL_SITES_ONE_TITLE"),
    ],
)
def test_what_is_found(title: str, verdict: str, parts: tuple[str, ...], question: str) -> None:
    (found,) = placed([_match()], _placing(title))
    assert (found.verdict, found.question) == (verdict, question)
    assert found.parts == parts or question == "SEVERAL_SITES_ONE_TITLE"


@pytest.mark.parametrize(
    ("reason", "question"),
    [
        ("AMBIGUOUS", questions.SEVERAL_TITLES_ONE_SITE),
        ("NOT_FOUND", questions.PUBLIC_HOUSING_NO_TITLE),
        ("UNAVAILABLE", None),
    ],
)
def test_what_no_source_can_say_is_asked_once(reason: str, question: str | None) -> None:
    found = placed([_waits(reason)], _placing())
    assert [one.question for one in found] == ([question] if question else [])
    assert placed([_waits(reason)], _placing(asked=frozenset(questions.CODES), findings=1)) == []
    assert placed([_waits(reason, "licence.business")], _placing()) == []


def test_a_record_is_compared_once_and_findings_are_bounded() -> None:
    record = bytes(16), 0
    assert placed([_match()], _placing(seen=frozenset([record]), findings=1)) == []
    assert len(placed([_match(reading=1)], _placing(seen=frozenset([record]), findings=1))) == 1
    assert placed([_match()], _placing(findings=FINDINGS_MAX)) == []
    assert placed([_match()], None) == ()


def test_questions_are_bounded() -> None:
    others = tuple(Near(bytes([n]) * 16, 0, Place(address="南开区长江道12号3号楼")) for n in range(QUESTIONS_MAX + 5))
    assert len(placed([], _placing(near=others))) == QUESTIONS_MAX
    assert placed([], _placing(near=others, questions=QUESTIONS_MAX)) == []


def test_a_title_that_does_not_open_is_not_compared() -> None:
    assert placed([_match()], Placing(Place(address=SITE))) == []
