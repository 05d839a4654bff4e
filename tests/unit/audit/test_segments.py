"""Every segment with its events, so that a person can count again what the hub counted (P4)."""

import json
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from hub.audit import segments
from hub.cases.steps.facts import ACCEPTANCE, COMPLETION, DESIGN_REVIEW, SUPPLY_PLAN, Action
from tests.unit.audit.cases import END, HONEST, OTHER, RETURN, SANLING, STARRED, START, account, fact


def test_each_segment_has_its_days_its_limit_and_its_events() -> None:
    found = [segments.plain(row) for row in segments.rows(account(*HONEST, numbers={"crm": "7K3M9QPDX2V4TW"}))]
    figures = [(one["segment"], one["working_days"], one["limit"], len(one["events"])) for one in found]
    assert figures == [(ACCEPTANCE, 1, 1, 2), (SUPPLY_PLAN, 2, 2, 1), (COMPLETION, 2, 2, 2), ("whole", 5, 5, 0)]
    first, second = found[:2]
    assert (first["numbers"], first["opened_by"]) == ("7K3M9QPDX2V4TW", "submission")
    assert (first["opened_at"], first["closed_at"]) == ("2022-03-01T01:00:00.000Z", "2022-03-02T02:12:40.000Z")
    assert second["opened_by"] == first["closed_by"] == HONEST[1].record_id.hex()


def test_a_case_of_two_kinds_has_the_rows_of_both_clocks() -> None:
    change = fact("", Action.CHANGE, "2022-03-10", explained=True, approved=True, becomes=OTHER)
    found = [segments.plain(row) for row in segments.rows(account(HONEST[1], change, kind=SANLING))]
    assert {(one["kind"], one["in_force"]) for one in found} == {("low-sanling", False), ("low-other", True)}
    whole = {one["kind"]: one for one in found if one["segment"] == "whole"}
    assert [one["action"] for one in whole["low-sanling"]["events"]] == ["CHANGE"]
    assert (whole["low-sanling"]["segment_zh"], whole["low-other"]["segment_zh"]) == ("全过程", "合计")


def test_a_segment_that_was_returned_has_a_row_for_each_round_with_its_own_events() -> None:
    days = ("18", START), ("22", RETURN), ("23", START), ("25", END)
    reviews = [fact(DESIGN_REVIEW, action, f"2022-03-{day}") for day, action in days]
    told = account(HONEST[1], fact(SUPPLY_PLAN, END, "2022-03-16"), *reviews, kind=STARRED)
    found = [segments.plain(row) for row in segments.rows(told)]
    rounds = [
        (one["round"], one["returned"], [event["action"] for event in one["events"]])
        for one in found
        if one["segment"] == DESIGN_REVIEW
    ]
    assert rounds == [(1, True, ["START", "RETURN"]), (2, False, ["START", "END"])]


def test_a_claim_is_shown_with_its_segment_and_counted_nowhere() -> None:
    again = fact(ACCEPTANCE, START, "2022-03-02T09:00:00", received="2022-03-09")
    found = segments.plain(next(segments.rows(account(*HONEST, again))))
    assert (found["working_days"], found["claims"]) == (1, 1)
    assert [(one["why"], one["late"]) for one in found["events"] if one["why"]] == [("STEP_AGAIN", True)]


def test_what_runs_is_counted_up_to_the_last_day_of_the_audit() -> None:
    told = account(HONEST[1], today=date(2022, 3, 7))
    rows = list(segments.rows(told))
    assert [(row.span.used, row.span.over) for row in rows] == [(1, 0), (3, 1), (4, 0)]
    assert rows[0].within(date(2022, 3, 2), date(2022, 3, 3))
    assert not rows[0].within(date(2022, 3, 3), date(2022, 3, 3))


@given(st.permutations(range(len(HONEST))))
def test_the_order_of_arrival_changes_no_byte(order: list[int]) -> None:
    def told(places: list[int]) -> str:
        rows = list(segments.rows(account(*(HONEST[place] for place in places))))
        return json.dumps([segments.plain(row) for row in rows]) + repr([segments.cells(row) for row in rows])

    assert told(order) == told(sorted(order))


def test_every_event_of_a_case_is_in_exactly_one_row_of_each_kind() -> None:
    facts = (*HONEST, fact("", Action.CHARGE, "2022-03-03"), fact(DESIGN_REVIEW, START, "2022-03-07"))
    found = [one["record_id"] for row in segments.rows(account(*facts)) for one in segments.plain(row)["events"]]
    assert sorted(found) == sorted(one.record_id.hex() for one in facts)
