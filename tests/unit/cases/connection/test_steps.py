"""P1, P2, P4: what the utility reports reaches its case by any number that it names, in any order, once; and the tables
can be made again from the topics."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete, update

from hub.cases.connection import views
from hub.cases.connection.steps import histories
from hub.cases.connection.tables import application
from hub.cases.steps import gather, project
from hub.cases.steps.tables import case_number, number_dispute, step
from hub.cases.tables import piece
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from hub.records.tables import record
from tests import samples
from tests.casework import BY, ConnectionSystem, House, body

MINUTE, HOUR = 60_000, 3_600_000
HIGH = {"voltage": "HIGH_10KV", "sanling": False, "important": True}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, kinds=frozenset())
    yield made
    made.close()


def number(case_id: bytes, sink: str = "utility_crm") -> str:
    return References(MasterKey(bytes(32)), sink).hub_number(case_id)


def registered(house: House, external_no: str = "A-1", system: ConnectionSystem | None = None, **changes: Any) -> bytes:
    """An application that the connection system has. Two systems may give two cases one number."""
    case_id = house.submit(body(external_no, **changes)).case_id
    house.due()
    house.deliver(system or ConnectionSystem())
    return case_id


def whole(house: House, case_id: bytes, **named: Any) -> list[dict[str, Any]]:
    """The steps of a high-voltage case, from acceptance to electricity on."""
    named = named or {"application_no": number(case_id)}
    begun = house.clock.now_ms() + MINUTE
    told = [
        ("END", "acceptance", {}),
        ("END", "supply-plan", {}),
        ("END", "design-review", {"requested_at_ms": begun + HOUR + MINUTE}),
        ("END", "mid-inspection", {"requested_at_ms": begun + 2 * HOUR + MINUTE}),
        ("START", "completion", {}),
        ("END", "completion", {}),
    ]
    return [
        samples.step(f"E-{n}", action, segment, begun + n * HOUR, **named, **more)
        for n, (action, segment, more) in enumerate(told)
    ]


def test_a_case_lives_from_acceptance_to_electricity_on(house: House) -> None:
    case_id = registered(house, **HIGH)
    told = whole(house, case_id)
    house.clock.pass_s(86_400)
    house.verified(*told)
    house.project()
    rows = house.rows(step)
    assert [(row.state, row.why) for row in rows] == [("COUNTED", None)] * 6
    (row,) = house.rows(application)
    assert row.ended == "END"
    assert row.ended_ms == told[-1]["step"]["occurred_at_ms"]
    house.relay()
    assert all(one.equal for one in house.remade().values())


def states(house: House) -> dict[str, tuple[str, str | None]]:
    """Kind of step → its verdict."""
    return {f"{row.segment} {row.action}".strip(): (row.state, row.why) for row in house.rows(step)}


@pytest.mark.parametrize("seed", range(4))
def test_p2_any_order_of_arrival_gives_the_same_tables(seed: int, tmp_path: Path) -> None:
    """One hub hears them in order, the other one shuffled, in batches of two, half of them twice."""
    found = []
    for n, shuffled in enumerate((False, True)):
        (folder := tmp_path / str(n)).mkdir()
        house = House(folder, kinds=frozenset())
        case_id = registered(house, **HIGH)
        told = whole(house, case_id)
        told += [
            samples.step("X-1", "END", "supply-plan", told[0]["step"]["occurred_at_ms"] - MINUTE * 90, app_no="R1"),
            samples.step("X-2", "CORRECTION_START", "", told[1]["step"]["occurred_at_ms"], app_no="R1"),
            samples.step("E-1", "END", "supply-plan", told[1]["step"]["occurred_at_ms"] + 7, app_no="R1"),
            samples.step("A-1", "AMEND", "", told[2]["step"]["occurred_at_ms"] + 9, app_no="R1", amends="E-2"),
        ]
        told[-1]["step"] |= {"reason": "写错", "approver": "张三"}
        house.clock.pass_s(86_400)
        if shuffled:
            Random(seed).shuffle(told)
            told += told[::2]
        for start in range(0, len(told), 2):
            house.verified(*told[start : start + 2])
            if shuffled:
                house.project()
                house.due()
        house.project()
        house.due()
        house.relay()
        assert all(one.equal for one in house.remade().values())
        found.append(_without_ids(house))
        house.close()
    assert found[0] == found[1]


def _without_ids(house: House) -> Any:
    """Cases of two hubs have other ids."""
    rows = [(row.segment, row.action, row.state, row.why, row.occurred_ms - _begun(house)) for row in house.rows(step)]
    (one,) = house.rows(application)
    return sorted(rows), one.ended, one.ended_ms - _begun(house), one.segment, one.segment_due_on


def _begun(house: House) -> int:
    return min(row.occurred_ms for row in house.rows(step))


def test_a_step_that_names_only_the_utility_s_number_is_found_by_the_receipt(house: House) -> None:
    """The number is unique within its authority: another utility's same number is another application."""
    case_id = registered(house, **HIGH)
    (numbers, sorts) = zip(*((row.case_id, row.sort) for row in house.rows(case_number)), strict=True)
    assert (set(numbers), sorted(sorts)) == ({case_id}, ["HUB", "UTILITY"])
    at_ms = house.clock.now_ms() + MINUTE
    house.verified(samples.step("E-1", "END", "acceptance", at_ms, app_no="R1"))
    elsewhere = samples.step("E-2", "END", "supply-plan", at_ms, app_no="R1")
    house.verified(elsewhere | {"authority": "别的供电公司"})
    house.project()
    assert list(states(house)) == ["acceptance END"]


def test_p1_steps_that_came_before_their_number_are_heard_when_it_is_known(house: House) -> None:
    """First those that name only a number that the CRM gave later, then one that names both."""
    case_id = registered(house, **HIGH)
    named = {"app_no": "3120260302000017"}
    told = whole(house, case_id, **named)
    house.clock.pass_s(86_400)
    house.verified(*told[1:])
    house.project()
    assert house.rows(step) == []
    told[0]["step"]["application_no"] = number(case_id)
    house.verified(told[0])
    house.project()
    assert {state for state, _ in states(house).values()} == {"COUNTED"}
    assert len(house.rows(step)) == 6
    house.relay()
    assert all(one.equal for one in house.remade().values())


def test_a_step_that_names_another_application_is_never_this_one_s(house: House) -> None:
    mine, other = registered(house), registered(house, "A-2")
    house.verified(
        samples.step("E-1", "END", "acceptance", house.clock.now_ms(), application_no=number(other), app_no="R1")
    )
    house.project()
    assert [row.case_id for row in house.rows(step)] == [other]
    assert mine != other


def test_p1_a_case_of_a_former_version_learns_its_numbers(house: House) -> None:
    case_id = registered(house)
    with house.store.write() as connection:
        connection.execute(delete(case_number))
        connection.execute(update(application).values(numbered=None))
    house.verified(samples.step("E-1", "END", "acceptance", house.clock.now_ms(), application_no=number(case_id)))
    house.project()
    assert house.rows(step) == []
    house.due()
    assert [row.sort for row in house.rows(case_number)].count("UTILITY") == 1
    assert list(states(house)) == ["acceptance END"]


def test_a_row_of_a_step_table_tells_of_start_and_end_and_its_first_reading_is_no_conflict(house: House) -> None:
    case_id = registered(house, **HIGH)
    begun = house.clock.now_ms()
    named = {"application_no": number(case_id)}
    house.clock.pass_s(86_400)
    accepted = samples.step("E-0", "END", "acceptance", begun + MINUTE, **named)
    open_row = samples.step("S-7", "START", "supply-plan", begun + HOUR, started_at_ms=begun + HOUR, **named)
    closed = samples.step("S-7", "END", "supply-plan", begun + 2 * HOUR, started_at_ms=begun + HOUR, **named)
    closed["source"]["version"] = 2
    house.verified(accepted, open_row, closed)
    house.project()
    found = [(row.action, row.state) for row in house.rows(step)]
    assert sorted(found) == [("END", "COUNTED"), ("END", "COUNTED"), ("START", "COUNTED"), ("START", "REPEATED")]


@pytest.mark.parametrize(
    ("action", "first", "other"),
    [
        ("END", {"reason": "a"}, {"reason": "b"}),
        ("RETURN", {"reason": "a", "materials": ["说明书"]}, {"reason": "a", "materials": ["图纸"]}),
        ("CHANGE", {"approver": "张三"}, {"approver": "李四"}),
        ("CHANGE", {"becomes_capacity_kw": "50"}, {"becomes_capacity_kw": "150"}),
        ("CHARGE", {"charge_amount": "300"}, {"charge_amount": "3"}),
        ("WITHIN", {"charge_amount": "300"}, {"charge_amount": "3"}),
        ("END", {"first_reading": "0.00"}, {"first_reading": "9.50"}),
        ("END", {"promised_on": date(2026, 3, 9)}, {"promised_on": date(2026, 3, 19)}),
        ("WITHIN", {"meter_no": "M-1"}, {"meter_no": None}),
        ("END", {"manager": "钱七"}, {"manager": "赵六"}),
    ],
)
def test_p4_another_content_that_differs_only_in_what_is_sealed_is_a_conflict(
    house: House, action: str, first: dict[str, Any], other: dict[str, Any]
) -> None:
    """The same content again is none, also where it names one more number of the application."""
    case_id = registered(house, **HIGH)
    at_ms, named = house.clock.now_ms(), {"application_no": number(case_id)}
    house.clock.pass_s(86_400)
    told = samples.step("E-1", action, "acceptance", at_ms, **named, **first)
    house.verified(told, samples.step("E-1", action, "acceptance", at_ms, **named, app_no="R7", **first))
    house.project()
    assert "STEP_CONFLICT" not in {row.why for row in house.rows(step)}
    house.verified(samples.step("E-1", action, "acceptance", at_ms, **named, **other))
    house.project()
    assert "STEP_CONFLICT" in {row.why for row in house.rows(step) if row.action == action}
    house.relay()
    assert all(one.equal for one in house.remade().values())


@pytest.mark.parametrize(
    ("action", "segment", "money", "charged"),
    [
        ("WITHIN", "acceptance", {"charge_item": "材料费"}, True),
        ("START", "acceptance", {"charge_amount": "5000"}, True),
        ("END", "acceptance", {"charge_item": "叁佰元", "charge_amount": None}, True),
        ("TERMINATE", "", {"charge_item": "退费", "charge_amount": "12.50"}, True),
        ("END", "acceptance", {"charge_item": "接电费", "charge_amount": "0.00"}, False),
        ("END", "acceptance", {"charge_item": " "}, False),
    ],
)
def test_p6_a_step_of_any_kind_that_names_a_charge_tells_of_the_charge_too(
    house: House, action: str, segment: str, money: dict[str, Any], charged: bool
) -> None:
    case_id = registered(house)
    at_ms, named = house.clock.now_ms() + MINUTE, {"application_no": number(case_id), "reason": "客户要求"}
    house.clock.pass_s(86_400)
    house.verified(samples.step("E-1", action, segment, at_ms, **named, **money))
    house.project()
    found = {row.action: row for row in house.rows(step)}
    assert set(found) == ({action, "CHARGE"} if charged else {action})
    assert {row.state for row in found.values()} == {"COUNTED"}
    assert len({row.event for row in found.values()}) == len(found)
    house.relay()
    assert all(one.equal for one in house.remade().values())


@pytest.mark.parametrize(
    ("money", "charged"),
    [
        ({"charge_amount": "0"}, False),
        ({"charge_item": "接电费", "charge_amount": "0.00"}, False),
        ({"charge_item": "免费"}, False),
        ({"charge_item": "/"}, False),
        ({}, False),
        ({"charge_item": "接电费"}, True),
        ({"charge_amount": "300"}, True),
    ],
)
def test_p6_the_step_of_a_charge_that_names_none_is_no_charge(
    house: House, money: dict[str, Any], charged: bool
) -> None:
    """A utility's system takes every case through 业务收费, also one that pays nothing."""
    case_id = registered(house)
    house.verified(samples.step("E-1", "CHARGE", "", house.clock.now_ms(), application_no=number(case_id), **money))
    house.project()
    assert [row.action for row in house.rows(step)] == ["CHARGE" if charged else "WITHIN"]


@pytest.mark.parametrize("nothing", ["-", "无", "/", "00", "——", "N/A", " 　", "略"])
def test_p4_a_sign_or_a_word_for_nothing_is_no_reason_and_no_approver(house: House, nothing: str) -> None:
    case_id = registered(house)
    at_ms, named = house.clock.now_ms(), {"application_no": number(case_id)}
    house.verified(
        samples.step("E-1", "TERMINATE", "", at_ms, **named, reason=nothing, reason_code=nothing, approver=nothing),
        samples.step("E-2", "TERMINATE", "", at_ms, **named, reason="-", reason_code="05", approver="吴用"),
    )
    house.project()
    assert sorted((row.explained, row.approved) for row in house.rows(step)) == [(False, False), (True, True)]


def test_the_running_segment_has_its_date_and_the_sinks_are_told(house: House) -> None:
    case_id = registered(house, **HIGH)
    (before,) = house.rows(application)
    house.verified(whole(house, case_id)[0])
    house.project()
    (after,) = house.rows(application)
    assert (before.segment, after.segment) == ("acceptance", "supply-plan")
    assert after.segment_due_on > before.segment_due_on
    assert [row.kind for row in house.rows(piece)] == ["registration", "dates"]


def test_what_is_used_by_a_case_is_not_erased_and_a_deletion_takes_nothing_back(house: House) -> None:
    case_id = registered(house, **HIGH)
    told = samples.step("E-1", "END", "acceptance", house.clock.now_ms(), application_no=number(case_id))
    gone = deepcopy(told)
    gone["source"] |= {"version": 2, "operation": "DELETE"}
    house.verified(told, gone)
    house.project()
    assert states(house) == {"acceptance END": ("COUNTED", None)}


def test_p5_no_words_of_the_utility_are_in_the_events(house: House) -> None:
    case_id = registered(house, **HIGH)
    words = {"reason": "客户自愿放弃", "approver": "赵六", "manager": "钱七", "code": "0317", "meter_no": "M-9981"}
    house.verified(samples.step("E-1", "TERMINATE", "", house.clock.now_ms(), application_no=number(case_id), **words))
    house.project()
    house.relay()
    values = b"".join(
        one.value or b"" for p in range(2) for b in house.log.scan("connection.events", p) for one in b.records
    )
    assert b"TERMINATE" in values
    assert not [word for word in words.values() if word.encode() in values]


@pytest.mark.parametrize("told_late", [False, True])
@pytest.mark.parametrize("alike", [True, False])
def test_p4_one_that_was_given_up_and_made_again_is_linked_to_its_first_start(
    house: House, told_late: bool, alike: bool
) -> None:
    """Also where the utility tells only afterwards that it was given up."""
    first = registered(house)
    gone = samples.step(
        "E-1", "TERMINATE", "", house.clock.now_ms(), application_no=number(first), reason="客户放弃", approver="李四"
    )
    house.clock.pass_s(3_600)
    if not told_late:
        house.verified(gone)
        house.project()
    later = registered(house, "A-2", capacity_kw=50 if alike else 60)
    if told_late:
        house.verified(gone)
        house.project()
    shown = house.applications.show(later)
    assert shown["first_application_id"] == (first.hex() if alike else None)
    assert house.applications.show(first)["ended"] == "TERMINATE"
    third = registered(house, "A-3")
    assert house.applications.show(third)["first_application_id"] == first.hex()
    house.relay()
    assert all(one.equal for one in house.remade().values())


def gone(house: House, case_id: bytes, event_id: str) -> dict[str, Any]:
    return samples.step(
        event_id,
        "TERMINATE",
        "",
        house.clock.now_ms(),
        application_no=number(case_id),
        reason="客户放弃",
        approver="李四",
    )


def test_p4_one_that_was_taken_back_and_made_again_is_linked_too(house: House) -> None:
    first = registered(house)
    house.applications.cancel(first, BY)
    house.verified(gone(house, first, "E-1"))
    house.project()
    later = registered(house, "A-2", capacity_kw=50)
    assert house.applications.show(later)["first_application_id"] == first.hex()


UNIT, ADDRESS = {"unit_no": samples.UNIT_NO}, {"address": "天津市和平区南京路128号1号楼2单元301室"}
VAGUE = {"address": "天津市武清区杨村街道某某村"}
SITES = [
    (UNIT, ADDRESS, True),
    (ADDRESS, UNIT, True),
    (VAGUE, VAGUE, True),
    (VAGUE, {"address": "天津市武清区 杨村街道某某村"}, True),
    (VAGUE, {"address": "天津市武清区杨村街道另一村"}, False),
    (UNIT, VAGUE, False),
    (ADDRESS, {"unit_no": "120101001001GB00001F00010002"}, False),
]


@pytest.mark.parametrize("title", ["before", "between", "after"])
@pytest.mark.parametrize(("one", "two", "alike"), SITES)
def test_p4_one_site_is_known_by_its_unit_its_address_and_the_text_of_a_vague_one(
    house: House, one: dict[str, str], two: dict[str, str], alike: bool, title: str
) -> None:
    """Whenever the title that has both is verified."""

    def verified(when: str) -> None:
        if when == title:
            house.verified(samples.title())
            house.due()

    verified("before")
    first = registered(house, site=one)
    verified("between")
    house.applications.cancel(first, BY)
    house.clock.pass_s(3_600)
    later = registered(house, "A-2", site=two)
    verified("after")
    house.project()
    assert house.applications.show(later)["first_application_id"] == (first.hex() if alike else None)
    house.relay()
    assert all(one.equal for one in house.remade().values())


def test_p4_an_address_of_several_units_is_none_of_them(house: House) -> None:
    house.verified(samples.title(), samples.title("T2", unit_no="120101001001GB00001F00010002"))
    first = registered(house, site=UNIT)
    house.applications.cancel(first, BY)
    house.clock.pass_s(3_600)
    later = registered(house, "A-2", site=ADDRESS)
    assert house.applications.show(later)["first_application_id"] is None


@pytest.mark.parametrize("before", [True, False])
def test_p4_one_that_was_taken_back_at_the_hub_is_linked_before_any_step_says_so(house: House, before: bool) -> None:
    """In both orders. Its end by a step changes nothing, and electricity on takes the link back."""
    first = registered(house)
    if before:
        house.applications.cancel(first, BY)
    house.clock.pass_s(3_600)
    later = registered(house, "A-2")
    house.applications.cancel(first, BY)
    assert house.applications.show(later)["first_application_id"] == first.hex()
    begun = house.clock.now_ms()
    house.clock.pass_s(86_400)
    house.verified(gone(house, first, "E-1"))
    house.project()
    assert house.applications.show(later)["first_application_id"] == first.hex()
    on = [
        samples.step("E-2", "END", "acceptance", begun, application_no=number(first)),
        samples.step("E-3", "END", "completion", begun + HOUR, application_no=number(first)),
    ]
    house.verified(*on)
    house.project()
    shown = [house.applications.show(one) for one in (first, later)]
    assert (shown[0]["ended"], shown[1]["first_application_id"]) == ("END", None)
    house.relay()
    assert all(one.equal for one in house.remade().values())


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_p4_a_chain_begins_at_its_first_start_in_any_order_of_the_ends(house: House, order: tuple[int, int]) -> None:
    three = []
    for name in ("A-1", "A-2", "A-3"):
        three.append(registered(house, name))
        house.clock.pass_s(3_600)
    for n in order:
        house.verified(gone(house, three[n], f"E-{n}"))
        house.project()
    assert [house.applications.show(one)["first_application_id"] for one in three[1:]] == [three[0].hex()] * 2


def disputed_words(house: House, case_id: bytes) -> list[str]:
    return [one["code"] for one in house.applications.show(case_id)["questions"]]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (2, 0, 1)])
@pytest.mark.parametrize("receipt", [True, False])
def test_p2_a_number_that_two_cases_name_is_of_neither_in_any_order(
    house: House, order: tuple[int, ...], receipt: bool
) -> None:
    """A's own number, from its receipt or from a step that names both, is named by a step with B's number of the hub:
    what names that number alone counts for neither; what names the hub's number is its case's."""
    system = ConnectionSystem()
    first, second = (registered(house, name, system, **HIGH) for name in ("A-1", "A-2"))
    mine = "R1" if receipt else "N-77"
    at_ms = house.clock.now_ms() + MINUTE
    house.clock.pass_s(86_400)
    told = [
        samples.step("E-1", "END", "acceptance", at_ms, app_no=mine, application_no=number(first)),
        samples.step("E-2", "END", "supply-plan", at_ms + HOUR, app_no=mine),
        samples.step("E-3", "END", "acceptance", at_ms, app_no=mine, application_no=number(second)),
    ]
    for n in order:
        house.verified(told[n])
        house.project()
        house.due()
    assert {(row.case_id, row.segment, row.state) for row in house.rows(step)} == {
        (first, "acceptance", "COUNTED"),
        (second, "acceptance", "COUNTED"),
    }
    assert sorted(row.case_id for row in house.rows(number_dispute)) == sorted([first, second])
    for one in (first, second):
        assert "NUMBER_OF_TWO_CASES" in disputed_words(house, one)
        assert house.applications.show(one)["segment"] == "supply-plan"
    house.relay()
    assert all(one.equal for one in house.remade().values())


def test_p2_a_case_that_ended_by_another_s_number_is_open_again(house: House) -> None:
    """The clocks of the case that had the number first are counted again."""
    system = ConnectionSystem()
    first, second = (registered(house, name, system, **HIGH) for name in ("A-1", "A-2"))
    told = whole(house, first, app_no="R1")
    house.clock.pass_s(86_400)
    house.verified(*told)
    house.project()
    assert house.applications.show(first)["ended"] == "END"
    house.verified(samples.step("X", "WITHIN", "", house.clock.now_ms(), app_no="R1", application_no=number(second)))
    house.project()
    house.due()
    shown = house.applications.show(first)
    assert (shown["ended"], shown["segment"]) == (None, "acceptance")
    assert [row.case_id for row in house.rows(step)] == [second]


@pytest.mark.parametrize("seed", range(3))
def test_p2_of_too_many_steps_the_same_ones_count_in_any_order(
    seed: int, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (gather, histories, project):
        monkeypatch.setattr(module, "FACTS_MAX", 5)
    case_id = registered(house, **HIGH)
    begun = house.clock.now_ms()
    named = {"application_no": number(case_id)}
    told = [samples.step(f"W-{n}", "WITHIN", "acceptance", begun + n * MINUTE, **named) for n in range(12)]
    house.clock.pass_s(86_400)
    Random(seed).shuffle(told)
    for start in range(0, len(told), 3):
        house.verified(*told[start : start + 3])
        house.project()
    kept = sorted(row.record_id for row in house.rows(record) if row.kind == "utility.step")[:5]
    assert sorted(row.record_id for row in house.rows(step)) == kept
    house.relay()
    assert all(one.equal for one in house.remade().values())


@pytest.mark.parametrize("later_first", [False, True])
def test_p4_a_link_is_taken_back_when_the_first_one_came_to_electricity_on(house: House, later_first: bool) -> None:
    """It was reported as terminated; then come the steps before that, by which it was on already. The third one is
    linked to the second, which was given up."""
    three = []
    for name in ("A-1", "A-2", "A-3"):
        three.append(registered(house, name))
        house.clock.pass_s(3_600)
    first, second, third = three
    begun = house.clock.now_ms()
    house.clock.pass_s(86_400)
    on = [
        samples.step("E-1", "END", "acceptance", begun, application_no=number(first)),
        samples.step("E-2", "END", "completion", begun + HOUR, application_no=number(first)),
    ]
    if later_first:
        house.verified(gone(house, first, "G-1"), gone(house, second, "G-2"))
        house.project()
    else:
        house.verified(gone(house, first, "G-1"))
        house.project()
        assert house.applications.show(second)["first_application_id"] == first.hex()
        assert house.applications.show(third)["first_application_id"] == first.hex()
        house.verified(gone(house, second, "G-2"))
        house.project()
    house.verified(*on)
    house.project()
    assert house.applications.show(first)["ended"] == "END"
    assert house.applications.show(second)["first_application_id"] is None
    assert house.applications.show(third)["first_application_id"] == second.hex()
    house.relay()
    assert all(one.equal for one in house.remade().values())


def test_a_call_back_with_the_number_before_acceptance_is_bound_by_a_step_that_names_both(house: House) -> None:
    case_id = registered(house, **HIGH)
    at_ms = house.clock.now_ms() + MINUTE
    house.clock.pass_s(86_400)
    house.verified(samples.step("E-1", "END", "acceptance", at_ms, pre_app_no="P-9"))
    house.project()
    assert house.rows(step) == []
    house.verified(samples.step("E-2", "WITHIN", "", at_ms, pre_app_no="P-9", application_no=number(case_id)))
    house.project()
    assert states(house) == {"acceptance END": ("COUNTED", None), "WITHIN": ("COUNTED", None)}
    other = samples.step("E-3", "END", "supply-plan", at_ms, pre_app_no="P-9", app_no="OTHER")
    house.verified(other)
    house.project()
    assert len(states(house)) == 2, "the utility's number counts before the one until it accepted"


def test_capacity_and_voltage_of_a_change_are_those_of_the_case(house: House) -> None:
    case_id = registered(house, **HIGH)
    told = {
        **{"becomes_class": "NON_RESIDENT", "becomes_voltage": "LOW", "becomes_sanling": True, "becomes_sources": 1},
        **{"becomes_important": False, "becomes_capacity_kw": "200", "reason": "改低压", "approver": "李四"},
    }
    house.clock.pass_s(3_600)
    change = samples.step("C-1", "CHANGE", "", house.clock.now_ms(), application_no=number(case_id), **told)
    house.verified(change)
    house.project()
    shown = house.applications.show(case_id)
    assert shown["voltage"] == "LOW"
    assert "SANLING_ABOVE_CAPACITY" in [one["code"] for one in shown["questions"]]
    assert [one["voltage"] for one in house.applications.list(voltage="LOW")] == ["LOW"]
    with house.store.read() as connection:
        (one,) = views.open_cases(connection)
    assert (one.case_type, one.starred) == ("low-sanling", False)
    house.relay()
    assert all(one.equal for one in house.remade().values())
