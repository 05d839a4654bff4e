"""Where a case stands, whose turn it is and by when: read off the clock, so what was reported decides, and nothing
else."""

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cases import policy
from hub.cases.calendar import Calendar
from hub.cases.clocks import clock, timed
from hub.cases.customer.steps import AHEAD, CUSTOMER, DONE, NO_ONE, NOT_DONE, RUNNING, UTILITY, Stand, stand, steps
from hub.cases.steps.facts import (
    ACCEPTANCE,
    COMPLETION,
    DESIGN_REVIEW,
    MID_INSPECTION,
    SEGMENTS,
    SUPPLY_PLAN,
    Action,
    Fact,
    Kind,
)
from hub.cases.steps.judge import judge
from hub.clock import CHINA

POLICY = policy.by_version("tianjin-2022")
STARRED, SINGLE, SANLING = Kind("high-single", True), Kind("high-single", False), Kind("low-sanling", False)
START, END, RETURN = Action.START, Action.END, Action.RETURN


def ms(day: int, hour: int = 10) -> int:
    """A moment of March 2022 in China."""
    return int(datetime(2022, 3, day, hour, tzinfo=CHINA).timestamp() * 1000)


def fact(segment: str, action: Action, day: int, **more: Any) -> Fact:
    name = f"{segment} {action} {day}".encode()
    return Fact(name, name, segment, action, ms(day), ms(day), **more)


def told(kind: Kind, *facts: Fact, today: int = 31) -> tuple[Stand, list[str]]:
    history = judge(facts, ms(1, 9), kind, timed(POLICY))
    found = clock(history, POLICY, Calendar(), date(2022, 3, today))
    return stand(found), [one["state"] for one in steps(found, history)]


ACCEPTED, PLANNED = fact(ACCEPTANCE, END, 2), fact(SUPPLY_PLAN, END, 10)
REVIEW = fact(DESIGN_REVIEW, START, 14), fact(DESIGN_REVIEW, END, 16)
LAST = fact(COMPLETION, START, 21), fact(COMPLETION, END, 23)


def test_a_starred_case_from_submission_to_electricity() -> None:
    journey = [ACCEPTED, PLANNED, *REVIEW, *LAST]
    seen = [(told(STARRED, *journey[:n])[0].turn, told(STARRED, *journey[:n])[1]) for n in range(len(journey) + 1)]
    assert seen == [
        (UTILITY, [RUNNING, AHEAD, AHEAD, AHEAD, AHEAD]),
        (UTILITY, [DONE, RUNNING, AHEAD, AHEAD, AHEAD]),
        (CUSTOMER, [DONE, DONE, AHEAD, AHEAD, AHEAD]),
        (UTILITY, [DONE, DONE, RUNNING, AHEAD, AHEAD]),
        (CUSTOMER, [DONE, DONE, DONE, AHEAD, AHEAD]),
        (UTILITY, [DONE, DONE, DONE, AHEAD, RUNNING]),
        (NO_ONE, [DONE, DONE, DONE, NOT_DONE, DONE]),
    ]


def test_the_customer_is_told_what_to_bring_and_nothing_that_the_hub_fetches() -> None:
    """P6: what the policy's list has for the next segment, and no more."""
    where = told(STARRED, ACCEPTED, PLANNED)[0]
    assert [one.name for one in where.bring] == ["designer-qualification", "design"]
    assert where.next.zh == "设计审查" and where.next.zh in where.where.zh
    assert told(STARRED)[0].bring == (), "the hub fetches what acceptance needs"


def test_what_was_returned_is_the_customers_turn_again() -> None:
    where, states = told(STARRED, ACCEPTED, PLANNED, REVIEW[0], fact(DESIGN_REVIEW, RETURN, 16))
    assert (where.turn, where.next.zh, states[2]) == (CUSTOMER, "设计审查", RUNNING)
    assert "未通过" in where.where.zh


@pytest.mark.parametrize("action", [Action.NOT_ACCEPTED, Action.TERMINATE])
def test_an_application_that_was_ended_has_no_step_done_by_it(action: Action) -> None:
    end = fact("", action, 2, explained=True)
    where, states = told(SINGLE, end)
    assert (where.turn, states, where.due_on) == (NO_ONE, [NOT_DONE] * 3, None)


def test_a_low_voltage_case_has_two_steps_and_one_date() -> None:
    """The policy times the whole process, so its date is that of both steps (P4)."""
    first, then = told(SANLING), told(SANLING, ACCEPTED)
    assert (first[1], then[1]) == ([RUNNING, AHEAD], [DONE, RUNNING])
    assert first[0].due_on == then[0].due_on == date(2022, 3, 10)
    assert told(SINGLE)[0].due_on == date(2022, 3, 2), "of a segment that runs"


FACTS = st.lists(
    st.builds(fact, st.sampled_from(SEGMENTS), st.sampled_from([START, END, RETURN]), st.integers(1, 28)), max_size=12
)


@given(FACTS, st.sampled_from([STARRED, SINGLE, SANLING]), st.randoms())
def test_any_history_has_one_turn_and_the_order_of_arrival_never_changes_it(
    facts: list[Fact], kind: Kind, random: Any
) -> None:
    where, states = told(kind, *facts)
    shuffled = list(facts)
    random.shuffle(shuffled)
    assert told(kind, *shuffled) == (where, states)
    assert where.where.zh and where.where.en
    assert (where.turn == NO_ONE) == (NOT_DONE in states or set(states) == {DONE})
    assert where.turn == CUSTOMER or not where.bring


def test_a_step_inside_the_list_of_the_starred_is_not_shown_to_others() -> None:
    assert MID_INSPECTION not in [one.name for one in POLICY.cases["high-single"].timed(False)]
    assert len(told(SINGLE)[1]) == 3
