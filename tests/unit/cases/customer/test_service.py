"""The customer's own token, progress, look-up by number, rating: without a login, and with nothing personal (P5)."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from hub.cases.by import By
from hub.cases.calendar import Calendar, china_day
from hub.cases.customer.said import Question
from hub.cases.customer.service import REFUSALS_IN_ALL_MAX, REFUSALS_MAX
from hub.cases.customer.token import ApplicationTokens
from hub.cases.ratings.tables import rating, rating_refusal
from hub.errors import RecordRejected
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests import samples
from tests.casework import ConnectionSystem, House, body
from tests.tickets import KEYS, ticket

WORDS = "师傅王伟态度不好"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture
def case_id(house: House) -> bytes:
    return house.submit(body()).case_id


def code(act: Any, *given: Any) -> str:
    with pytest.raises(RecordRejected) as refused:
        act(*given)
    return refused.value.code


def test_a_token_is_of_one_application_and_one_installation() -> None:
    ours, theirs = ApplicationTokens(b"a" * 32), ApplicationTokens(b"b" * 32)
    assert ours.opens(ours.text(b"1" * 16), b"1" * 16)
    assert not ours.opens(ours.text(b"1" * 16), b"2" * 16)
    assert not ours.opens(theirs.text(b"1" * 16), b"1" * 16)
    assert not ours.opens("", b"1" * 16) and not ours.opens("\ud800", b"1" * 16)


def test_progress_says_where_whose_turn_by_when_and_what_came_from_where(house: House, case_id: bytes) -> None:
    house.verified(samples.title())
    house.project()
    shown = house.customers.progress(case_id)
    assert (shown["turn"], shown["next_zh"], shown["channel"]) == ("UTILITY", "竣工接电", "gov-platform")
    assert shown["due_on"] == house.applications.show(case_id)["due_on"]
    fetched = {one["kind"]: (one["state"], one["from"]) for one in shown["evidence"]}
    assert fetched["licence.property-title"] == ("met", "天津市规划和自然资源局")
    assert fetched["licence.business"] == ("open", None)
    assert shown["rating"]["open"] is False


def test_p5_progress_and_look_up_hold_no_personal_value(house: House, case_id: bytes) -> None:
    house.verified(samples.title(), samples.business())
    house.project()
    told = json.dumps([house.customers.progress(case_id), look_up(house)], ensure_ascii=False)
    for value in (samples.USCC, samples.UNIT_NO, "津门电气", "A-1"):
        assert value not in told


def test_p6_progress_says_why_the_utility_sent_it_back_to_the_token_only_and_no_event_has_its_words(
    house: House,
) -> None:
    case_id = house.submit(body("A-9", sanling=False)).case_id
    house.due()
    house.deliver(ConnectionSystem())
    named = {"application_no": References(MasterKey(bytes(32)), "utility_crm").hub_number(case_id)}
    at_ms = house.clock.now_ms()
    house.clock.pass_s(600)
    told = [
        samples.step(f"E-{n}", action, segment, at_ms + n * 60_000, recorded_at_ms=at_ms + n * 60_000, **named, **more)
        for n, (action, segment, more) in enumerate(
            [
                ("END", "acceptance", {}),
                ("END", "supply-plan", {}),
                ("START", "completion", {}),
                ("RETURN", "completion", {"reason": "接地电阻不合格"}),
                ("START", "completion", {}),
                ("RETURN", "completion", {"reason_code": "05"}),
            ],
            1,
        )
    ]
    house.verified(*told)
    house.project()
    shown = house.customers.progress(case_id)
    day = china_day(house.clock.now()).isoformat()
    of_it = {"action": "RETURN", "segment": "completion", "on": day}
    assert shown["answers"] == [
        of_it | {"reason": "接地电阻不合格", "reason_code": None},
        of_it | {"reason": None, "reason_code": "05"},
    ]
    assert "answers" not in look_up(house, number="A-9")


def look_up(house: House, channel: str = "gov-platform", number: str = "A-1", last: str = "") -> Any:
    return house.customers.look_up(Question(channel=channel, external_no=number, last=last or samples.USCC[-4:]))


def test_a_look_up_shows_step_and_dates_only(house: House, case_id: bytes) -> None:
    shown = look_up(house, last=samples.USCC[-4:].lower())
    assert set(shown) == {"submitted_on", "where_zh", "where_en", "steps", "due_on", "provisional", "ended_on"}
    assert [one["state"] for one in shown["steps"]] == ["running", "ahead"]


@pytest.mark.parametrize(
    ("channel", "number", "last"),
    [("gov-platform", "A-1", "0000"), ("gov-platform", "A-2", ""), ("counter", "A-1", "")],
)
def test_a_wrong_look_up_says_the_same_as_no_application(
    house: House, case_id: bytes, channel: str, number: str, last: str
) -> None:
    assert code(look_up, house, channel, number, last) == "NO_SUCH_APPLICATION"


def test_an_offline_application_is_recorded_and_shown_alike(house: House, case_id: bytes) -> None:
    offline = house.submit(body(channel="counter")).case_id
    ours, theirs = house.customers.progress(offline), house.customers.progress(case_id)
    assert ours.keys() == theirs.keys()
    assert {**ours, "channel": "", "application_id": ""} == {**theirs, "channel": "", "application_id": ""}
    assert [one["channel"] for one in house.applications.list(channels={"counter"})] == ["counter"]


def test_a_rating_comes_once_after_the_end_and_is_passed_on(house: House, case_id: bytes) -> None:
    assert code(house.customers.rate, case_id, {"grade": 5}) == "RATING_EARLY"
    system = ConnectionSystem()
    house.connected(case_id, system)
    assert house.customers.progress(case_id)["rating"]["open"]
    shown = house.customers.rate(case_id, {"grade": 5, "text": "很快\n谢谢"})
    assert shown["rating"]["grade_zh"] == "非常满意" and shown["rating"]["follow_up_due_on"] is None
    assert house.customers.rate(case_id, {"grade": 5, "text": "很快 谢谢"}) == shown, "P2: again, and nothing new"
    house.deliver(system)
    sent = [one for effects in system.effects.values() for one in effects if one["kind"] == "rating"]
    assert [(one["grade"], one["gradeName"], one["text"]) for one in sent] == [(5, "非常满意", "很快 谢谢")]


@pytest.fixture
def checking(tmp_path: Path) -> Iterator[House]:
    """Where people are checked by the identity service."""
    house = House(tmp_path / "checking", kinds=frozenset({"identity.check"}), identity_keys=KEYS)
    yield house
    house.close()


RESIDENT = {
    "applicant": {"resident_id": samples.PERSON, "name": "王伟"},
    "customer_class": "RESIDENT",
    "capacity_kw": 8,
    "sanling": False,
}
AGENT = {
    "name": "李娜",
    "resident_id": samples.OTHER_PERSON,
    "authorisation": {"form": "DECLARATION", "reference": "D-2026-17"},
}


def test_a_rating_with_the_applicants_own_check_is_marked_and_the_channels_is_not(checking: House) -> None:
    system = ConnectionSystem()
    for number in ("A-1", "A-2"):
        checking.connected(checking.submit(body(number, **RESIDENT)).case_id, system)
    ours, channels = (checking.applications.find("gov-platform", number) or b"" for number in ("A-1", "A-2"))
    given = {"grade": 5, "ticket": ticket(checking.clock)}
    shown = checking.customers.rate(ours, given)
    assert shown["rating"]["checked"] is True
    checking.clock.pass_s(7_200)
    assert checking.customers.rate(ours, given) == shown, "P2: again, after the ticket's time, and nothing new"
    assert checking.customers.rate(channels, {"grade": 5})["rating"]["checked"] is False
    checking.deliver(system)
    sent = [one for effects in system.effects.values() for one in effects if one["kind"] == "rating"]
    assert sorted(one["raterChecked"] for one in sent) == [False, True]
    checking.relay()
    assert [one for one in checking.remade().values() if not one.equal] == []


def test_a_ticket_that_the_channel_can_have_rates_nothing(checking: House) -> None:
    used = ticket(checking.clock)
    case_id = checking.submit(body(**RESIDENT, ticket=used, agent=AGENT)).case_id
    checking.connected(case_id, ConnectionSystem())
    tries = {
        used: "TICKET_USED",
        ticket(checking.clock, "A-2"): "TICKET_OTHER_APPLICATION",
        ticket(checking.clock, person=samples.OTHER_PERSON): "TICKET_OTHER_PERSON",
        ticket(checking.clock, result="NO_MATCH"): "TICKET_NO_MATCH",
        ticket(checking.clock, keyId="none"): "TICKET_SIGNATURE",
        "channel": "TICKET_FORM",
    }
    for text, why in tries.items():
        assert code(checking.customers.rate, case_id, {"grade": 5, "ticket": text}) == why
    assert checking.rows(rating) == []
    checking.customers.rate(case_id, {"grade": 1, "ticket": ticket(checking.clock)})


def test_an_enterprise_is_asked_for_no_check(house: House, case_id: bytes) -> None:
    house.connected(case_id, ConnectionSystem())
    assert code(house.customers.rate, case_id, {"grade": 5, "ticket": ticket(house.clock)}) == "NOT_ASKED"
    assert house.customers.rate(case_id, {"grade": 5})["rating"]["checked"] is False


def test_a_second_rating_is_refused_and_recorded(house: House, case_id: bytes) -> None:
    house.connected(case_id, ConnectionSystem())
    house.customers.rate(case_id, {"grade": 1, "text": WORDS})
    assert code(house.customers.rate, case_id, {"grade": 5}) == "RATING_GIVEN"
    assert [row.code for row in house.rows(rating_refusal)] == ["RATING_GIVEN"]
    assert [row.grade for row in house.rows(rating)] == [1]


def test_a_rating_without_evidence_is_recorded_up_to_a_bound(house: House, case_id: bytes) -> None:
    for _ in range(REFUSALS_MAX + 3):
        house.customers.refuse_rating(case_id, By("token:abc", "crm"))
    house.customers.refuse_rating(bytes(16), By("unknown"))
    found = house.rows(rating_refusal)
    assert len(found) == REFUSALS_MAX
    assert {(row.code, row.principal) for row in found} == {("RATING_NO_EVIDENCE", "token:abc")}


def test_p4_callers_without_a_token_hide_no_other_refusal(house: House, case_id: bytes) -> None:
    """Each caller and each code has a bound of its own, and an application one for all."""
    for _ in range(REFUSALS_MAX + 1):
        house.customers.refuse_rating(case_id, By("unknown"))
    house.customers.refuse_rating(case_id, By("token:abc", "crm"))
    house.connected(case_id, ConnectionSystem())
    house.customers.rate(case_id, {"grade": 1})
    assert code(house.customers.rate, case_id, {"grade": 5}) == "RATING_GIVEN"
    told = [(row.code, row.principal) for row in house.rows(rating_refusal)]
    assert told.count(("RATING_NO_EVIDENCE", "unknown")) == REFUSALS_MAX
    assert ("RATING_NO_EVIDENCE", "token:abc") in told and told[-1][0] == "RATING_GIVEN"
    for n in range(REFUSALS_IN_ALL_MAX):
        house.customers.refuse_rating(case_id, By(f"token:{n}"))
    assert len(house.rows(rating_refusal)) == REFUSALS_IN_ALL_MAX


def test_a_bad_rating_has_a_follow_up_with_its_own_limit(house: House, case_id: bytes) -> None:
    assert code(house.customers.follow_up, case_id, {"outcome": "CORRECTED"}, By("cli:x")) == "NO_FOLLOW_UP"
    house.connected(case_id, ConnectionSystem())
    due_on = house.customers.rate(case_id, {"grade": 2, "text": WORDS})["rating"]["follow_up_due_on"]
    today = china_day(house.clock.now())
    assert due_on == Calendar().add(today, 5).day.isoformat(), "working days; the day of the rating does not count"
    shown = house.customers.follow_up(case_id, {"outcome": "CORRECTED", "note": WORDS}, By("cli:x"))
    assert shown["rating"]["follow_up"] == "CORRECTED"
    assert code(house.customers.follow_up, case_id, {"outcome": "EXPLAINED"}, By("cli:x")) == "NO_FOLLOW_UP"


def test_p5_a_rating_is_sealed_and_rebuilt_from_its_topic(house: House, case_id: bytes) -> None:
    house.connected(case_id, ConnectionSystem())
    house.customers.rate(case_id, {"grade": 1, "text": WORDS})
    house.customers.follow_up(case_id, {"outcome": "EXPLAINED", "note": WORDS}, By("cli:x"))
    house.customers.refuse_rating(case_id, By("unknown"))
    house.relay()
    for file in house.folder.iterdir():
        assert "王伟".encode() not in file.read_bytes(), file.name
    assert [one for one in house.remade().values() if not one.equal] == []


GRADES: Sequence[Any] = (0, 6, "5", 2.5, None, True)


@pytest.mark.parametrize("grade", GRADES)
def test_no_other_grade_is_taken(house: House, case_id: bytes, grade: Any) -> None:
    assert code(house.customers.rate, case_id, {"grade": grade}) == "FIELD_INVALID"
