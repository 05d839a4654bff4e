"""Warnings before a last day and escalations after it: P4, each is told once, and only what is true of its day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from hub.cases import case as cases
from hub.cases import reasons
from hub.cases.calendar import Calendar
from hub.cases.connection import decide
from hub.cases.connection.events import Dated
from hub.cases.connection.tables import application
from hub.cases.connection.warnings.tables import warning
from hub.cases.evidence.needs import NeedState
from hub.cases.evidence.tables import need
from hub.cases.imports.notices import Notices
from hub.cases.journal import Decided
from hub.cases.policy import Recipients
from hub.pipeline.due import PUT_OFF_S, DueStage
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests import samples
from tests.casework import BY, ConnectionSystem, House, body
from tests.limits import NOTICE_2027

HIGH = {"voltage": "HIGH_10KV", "sanling": False}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    house = House(tmp_path, url=url, recipients=Recipients(("duty-desk",), ("supervision", "district-office")))
    go_to(house, date(2022, 1, 27))
    yield house
    house.close()


def go_to(house: House, day: date) -> None:
    """Nine o'clock in China."""
    wanted = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
    house.clock.pass_s((wanted - house.clock.now()).total_seconds())


def warned(house: House) -> list[tuple[Any, ...]]:
    house.due()
    return [(row.level, row.about, row.segment, row.due_on, row.working_days) for row in house.rows(warning)]


def test_p4_a_whole_process_is_warned_of_a_working_day_before_its_end_and_escalated_after_it(house: House) -> None:
    house.submit(body())  # 7 working days from 27 January 2022, over Spring Festival: 10 February
    for day in (date(2022, 1, 27), date(2022, 2, 8)):
        go_to(house, day)
        assert warned(house) == []
    go_to(house, date(2022, 2, 9))
    before = ("BEFORE", "WHOLE", "", "2022-02-10", 1)
    assert warned(house) == [before]
    go_to(house, date(2022, 2, 10))
    assert warned(house) == [before]
    go_to(house, date(2022, 2, 14))
    assert warned(house) == [before, ("AFTER", "WHOLE", "", "2022-02-10", 2)]
    go_to(house, date(2022, 3, 1))
    assert len(warned(house)) == 2


def test_a_limit_of_one_day_is_not_warned_of_on_the_day_of_submission(house: House) -> None:
    house.submit(body(**HIGH))
    assert warned(house) == []
    go_to(house, date(2022, 1, 28))
    assert warned(house) == [("BEFORE", "SEGMENT", "acceptance", "2022-01-28", 0)]
    go_to(house, date(2022, 1, 29))  # a make-up Saturday
    assert warned(house)[1:] == [("AFTER", "SEGMENT", "acceptance", "2022-01-28", 1)]


def test_p2_each_warning_is_told_once_to_its_recipients_and_survives_a_rebuild(house: House) -> None:
    sink = ConnectionSystem()
    house.submit(body())
    go_to(house, date(2022, 2, 14))
    assert [row[0] for row in warned(house)] == ["AFTER"]  # the hub was away while it was near
    warned(house)
    house.deliver(sink)
    told = [one for effects in sink.effects.values() for one in effects if one["kind"] == "warning"]
    (one,) = told
    assert (one["recipients"], one["dueOn"], one["workingDays"]) == (
        ["supervision", "district-office"],
        "2022-02-10",
        2,
    )
    house.relay()
    assert [found for found in house.remade().values() if not found.equal] == []


def test_without_recipients_the_warning_is_an_event_and_no_sink_is_told(tmp_path: Path) -> None:
    house, sink = House(tmp_path), ConnectionSystem()
    go_to(house, date(2022, 1, 27))
    house.submit(body())
    go_to(house, date(2022, 2, 14))
    assert len(warned(house)) == 1
    house.deliver(sink)
    assert [one["kind"] for effects in sink.effects.values() for one in effects] == ["registration"]
    house.close()


def test_a_last_day_that_a_notice_moves_is_warned_of_again(house: House) -> None:
    go_to(house, date(2026, 12, 25))
    house.submit(body())  # provisional: 6 January 2027
    go_to(house, date(2027, 1, 5))
    assert warned(house) == [("BEFORE", "WHOLE", "", "2027-01-06", 1)]
    Notices(house.store, house.journal).import_file(NOTICE_2027.encode(), BY)
    house.due()
    go_to(house, date(2027, 1, 7))
    assert warned(house)[1:] == [("BEFORE", "WHOLE", "", "2027-01-08", 1)]


def test_a_total_that_is_nearly_used_up_is_warned_of_beside_its_segment(house: House) -> None:
    case_id = house.submit(body(**HIGH)).case_id
    dated(house, case_id, segment="completion", segment_due_on=date(2022, 2, 18), total_due_on=date(2022, 2, 9))
    go_to(house, date(2022, 2, 8))
    assert warned(house) == [("BEFORE", "TOTAL", "completion", "2022-02-09", 1)]
    go_to(house, date(2022, 2, 10))
    assert warned(house)[1:] == [("AFTER", "TOTAL", "completion", "2022-02-09", 1)]
    go_to(house, date(2022, 2, 21))
    assert warned(house)[2:] == [("AFTER", "SEGMENT", "completion", "2022-02-18", 1)]


def number(case_id: bytes) -> str:
    return References(MasterKey(bytes(32)), "utility_crm").hub_number(case_id)


def becomes(house: House, case_id: bytes, *, sanling: bool) -> None:
    """The utility reports that the case is of another kind now: at 10 kV, or 三零."""
    told = {"becomes_class": "NON_RESIDENT", "becomes_voltage": "LOW" if sanling else "HIGH_10KV"}
    told |= {"becomes_sanling": sanling, "becomes_sources": 1, "becomes_important": False}
    told |= {"reason": "客户要求", "approver": "李四", "application_no": number(case_id)}
    house.verified(samples.step(f"C-{house.clock.now_ms()}", "CHANGE", "", house.clock.now_ms(), **told))
    house.project()


@pytest.mark.parametrize("told_before", [True, False])
def test_p4_a_change_of_kind_silences_no_limit_of_the_former_kind(house: House, told_before: bool) -> None:
    """三零 until the sixth day of seven, then 10 kV: its whole process is escalated all the same, once."""
    case_id = house.submit(body()).case_id
    house.deliver(ConnectionSystem())
    accepted = {"application_no": number(case_id)}
    house.clock.pass_s(60)
    house.verified(samples.step("E-1", "END", "acceptance", house.clock.now_ms(), **accepted))
    house.project()
    go_to(house, date(2022, 2, 9))
    before = ("BEFORE", "WHOLE", "", "2022-02-10", 1)
    assert not told_before or warned(house) == [before]
    becomes(house, case_id, sanling=False)
    first = (*before[:2], "" if told_before else "supply-plan", *before[3:])
    assert warned(house) == warned(house) == [first]
    go_to(house, date(2022, 2, 14))
    over = ("AFTER", "WHOLE", "supply-plan", "2022-02-10", 2)
    told = [first, ("BEFORE", "SEGMENT", "supply-plan", "2022-02-15", 1), over]
    assert sorted(warned(house)) == sorted(warned(house)) == sorted(told)
    for day in (date(2022, 2, 17), date(2022, 3, 1), date(2022, 3, 8), date(2022, 3, 25)):
        go_to(house, day)
        warned(house)
    days = [(one[0], one[3]) for one in warned(house)]
    assert len(days) == len(set(days)), days
    assert [one[1] for one in warned(house) if one[0] == "AFTER"] == ["WHOLE", "SEGMENT", "TOTAL"]
    house.relay()
    assert [found for found in house.remade().values() if not found.equal] == []


def test_p4_limits_of_segments_that_a_change_of_kind_ended_are_escalated_too(house: House) -> None:
    """10 kV until its acceptance is a day over, then 三零 and back: each last day once, of whatever kind it is."""
    case_id = house.submit(body(**HIGH)).case_id
    house.deliver(ConnectionSystem())
    house.clock.pass_s(60)
    for day, sanling in ((date(2022, 1, 28), True), (date(2022, 2, 8), False)):
        go_to(house, day)
        becomes(house, case_id, sanling=sanling)
    for day in (date(2022, 2, 9), date(2022, 2, 14), date(2022, 2, 16), date(2022, 3, 10)):
        go_to(house, day)
        warned(house)
    days = [(one[0], one[3]) for one in warned(house)]
    assert len(days) == len(set(days)), days
    assert {("AFTER", "2022-01-28"), ("AFTER", "2022-02-10")} <= set(days)
    house.relay()
    assert [found for found in house.remade().values() if not found.equal] == []


def test_a_follow_up_of_a_bad_rating_is_warned_of_once_past_its_day(house: House) -> None:
    sink, case_id = ConnectionSystem(), house.submit(body()).case_id
    house.connected(case_id, sink)
    due_on = date.fromisoformat(house.customers.rate(case_id, {"grade": 1})["rating"]["follow_up_due_on"])
    go_to(house, due_on)
    assert [one for one in warned(house) if one[1] == "FOLLOW_UP"] == []
    go_to(house, Calendar().add(due_on, 2).day)
    told = ("AFTER", "FOLLOW_UP", "", due_on.isoformat(), 2)
    assert [one for one in warned(house) + warned(house) if one[1] == "FOLLOW_UP"] == [told, told]
    assert len(house.rows(warning)) == 1
    house.deliver(sink)
    assert not [one for effects in sink.effects.values() for one in effects if one["kind"] == "warning"]
    house.relay()
    assert [found for found in house.remade().values() if not found.equal] == []


def test_a_follow_up_that_was_done_is_not_warned_of(house: House) -> None:
    case_id = house.submit(body()).case_id
    house.connected(case_id, ConnectionSystem())
    house.customers.rate(case_id, {"grade": 2})
    house.customers.follow_up(case_id, {"outcome": "CORRECTED"}, BY)
    go_to(house, date(2022, 3, 1))
    assert warned(house) == []


def test_p4_an_application_that_was_taken_back_is_escalated_until_its_end_is_reported(house: House) -> None:
    """Its limits continue. Only the warning before a last day is left out: there is nothing to hurry for."""
    case_id = house.submit(body()).case_id
    house.applications.cancel(case_id, BY)
    go_to(house, date(2022, 2, 9))
    assert warned(house) == []
    go_to(house, date(2022, 2, 14))
    over = ("AFTER", "WHOLE", "", "2022-02-10", 2)
    assert warned(house) == warned(house) == [over]


def test_p4_an_escalation_that_is_on_its_way_is_not_silenced_by_taking_the_application_back(house: House) -> None:
    sink, case_id = ConnectionSystem(), house.submit(body()).case_id
    house.deliver(sink)
    go_to(house, date(2022, 2, 14))
    assert [one[0] for one in warned(house)] == ["AFTER"]
    house.applications.cancel(case_id, BY)
    house.deliver(sink)
    kinds = [one["kind"] for effects in sink.effects.values() for one in effects]
    assert (kinds.count("warning"), kinds.count("cancellation")) == (1, 1)


def test_an_application_that_was_taken_back_and_has_ended_is_not_warned_of(house: House) -> None:
    case_id = house.submit(body()).case_id
    house.applications.cancel(case_id, BY)
    with house.store.write() as connection:
        ended = update(application).where(application.c.case_id == case_id)
        connection.execute(ended.values(ended="TERMINATE", ended_ms=house.clock.now_ms()))
    go_to(house, date(2022, 2, 14))
    assert warned(house) == []


def test_an_application_that_was_taken_back_with_all_its_evidence_is_not_due_without_end(house: House) -> None:
    case_id = house.submit(body()).case_id
    house.applications.cancel(case_id, BY)
    with house.store.write() as connection:  # as if no evidence had been open: only the sink's piece tells it
        connection.execute(update(need).values(state=NeedState.MET.value, reason=reasons.MET))
    go_to(house, date(2022, 2, 9))
    assert warned(house) == []


def test_p1_a_case_whose_warning_fails_waits_and_does_not_stop_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No timer of its own can be moved: the stage leaves it out for a while."""
    ids = sorted(house.submit(body(number)).case_id for number in ("A-1", "A-2", "A-3"))
    tried = list[bytes]()

    def failing(case: Any, *rest: Any) -> Any:
        tried.append(case.case_id)
        if case.case_id == ids[0]:
            raise NameError("date")
        return really(case, *rest)

    really = decide._warned
    monkeypatch.setattr(decide, "_warned", failing)
    go_to(house, date(2022, 2, 14))
    stage = DueStage(house.store, house.journal, idle_s=0)
    steps = 0
    while stage.step():
        steps += 1
        assert steps < 20, "it is tried again and again"
    assert sorted(row.case_id for row in house.rows(warning)) == ids[1:]
    before = len(tried)
    stage.step()
    assert len(tried) == before
    monkeypatch.setattr(decide, "_warned", really)
    house.clock.pass_s(PUT_OFF_S + 1)
    stage.step()
    assert sorted(row.case_id for row in house.rows(warning)) == ids


def test_totals_of_several_applications_are_warned_of_in_one_go(house: House) -> None:
    for number in ("A-1", "A-2", "A-3"):
        case_id = house.submit(body(number, **HIGH)).case_id
        dated(house, case_id, segment="completion", segment_due_on=date(2022, 2, 18), total_due_on=date(2022, 2, 9))
    go_to(house, date(2022, 2, 8))
    assert warned(house) == [("BEFORE", "TOTAL", "completion", "2022-02-09", 1)] * 3
    assert [row.total_mark for row in house.rows(application)] == [1, 1, 1]


def test_where_the_table_has_totals_only_the_last_day_is_warned_of_as_the_totals_once(house: House) -> None:
    go_to(house, date(2021, 6, 1))
    house.submit(body(voltage="LOW", sanling=False))  # a total of 5 working days from 1 June 2021: 8 June
    go_to(house, date(2021, 6, 7))
    before = ("BEFORE", "TOTAL", "acceptance", "2021-06-08", 1)
    assert warned(house) == [before] == warned(house)
    go_to(house, date(2021, 6, 10))
    assert warned(house) == [before, ("AFTER", "TOTAL", "acceptance", "2021-06-08", 2)]
    assert len(warned(house)) == 2
    house.relay()
    assert [found for found in house.remade().values() if not found.equal] == []


def test_nothing_is_warned_of_while_it_is_the_customers_turn_and_after_the_end(house: House) -> None:
    waiting, ended = (house.submit(body(number, **HIGH)).case_id for number in ("A-1", "A-2"))
    dated(house, waiting, segment="", segment_due_on=None, counted_to=date(2022, 1, 28))
    with house.store.write() as connection:
        connection.execute(update(application).where(application.c.case_id == ended).values(ended="END"))
    go_to(house, date(2022, 2, 8))
    assert warned(house) == []


def test_what_is_long_over_is_a_matter_of_the_audit(house: House) -> None:
    house.submit(body())
    go_to(house, date(2022, 6, 1))
    assert warned(house) == []


def dated(house: House, case_id: bytes, **given: Any) -> None:
    """The dates of a case as steps have changed them."""
    dates = {"due_on": None, "provisional": False, "calendar": "", "edition": 0, "total_due_on": None}
    values = dates | {"counted_to": given.get("segment_due_on")} | given
    with house.store.write() as connection:
        locked = cases.lock(connection, [case_id])[case_id]
        house.journal.append(connection, [Decided(locked, [Dated(**values)])])
