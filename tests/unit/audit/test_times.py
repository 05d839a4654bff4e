"""P4: when steps are said to have happened, were written down and were told: forgeries are found, and a table that is
loaded once a night accuses no one."""

from typing import Any

import pytest

from hub.audit import account as of_account
from hub.audit.account import CHANGES_MAX, Account
from hub.audit.findings.codes import CODES
from hub.audit.questions import within
from hub.cases.steps.facts import ACCEPTANCE, COMPLETION, SUPPLY_PLAN, Action, Fact
from hub.cases.steps.judge import judge as judge_
from tests.unit.audit.cases import DUAL, END, OTHER, RETURN, SANLING, SINGLE, START, account, fact, ms

ACCEPTED = fact(ACCEPTANCE, END, "2022-03-02T10:12:40")
PLANNED = fact(SUPPLY_PLAN, END, "2022-03-04T15:20:31")
ASKED = fact(COMPLETION, START, "2022-03-14T09:30:12", requested_ms=ms("2022-03-14T09:10:00"))
APPROVED = {"explained": True, "approved": True}


def codes(told: Account, *of: str) -> list[str]:
    found = sorted(one.code for one in within.findings(told))
    return [one for one in found if one in of] if of else found


def unwritten(segment: str, action: Action, at: str, received: str, **more: Any) -> Fact:
    return fact(segment, action, at, received=received, recorded_ms=None, **more)


# ---- at once -------------------------------------------------------------------------------------------------------


def test_p4_steps_of_two_days_that_were_written_at_once_are_a_burst_also_less_than_a_day_apart() -> None:
    told = account(
        fact(ACCEPTANCE, END, "2022-03-02T15:00:00", "2022-03-03T14:00:00"),
        fact(SUPPLY_PLAN, END, "2022-03-03T13:59:00", "2022-03-03T14:00:20"),
    )
    assert codes(told, "WRITTEN_IN_BURST") == ["WRITTEN_IN_BURST"]


@pytest.mark.parametrize("first", ["2022-03-03T09:00:00", "2022-03-02T23:59:50"])
def test_steps_of_one_day_or_around_midnight_that_were_written_at_once_are_none(first: str) -> None:
    second = "2022-03-03T16:00:00" if first.endswith("09:00:00") else "2022-03-03T00:02:00"
    wrote = "2022-03-04T01:00:00" if first.endswith("09:00:00") else second
    told = account(fact(ACCEPTANCE, END, first, wrote), fact(SUPPLY_PLAN, END, second, wrote))
    assert codes(told, "WRITTEN_IN_BURST") == []


def test_p4_where_no_time_of_writing_is_told_what_the_hub_was_told_at_once_is_asked_about() -> None:
    told = account(
        unwritten(ACCEPTANCE, END, "2022-03-02", "2022-03-04T18:00:00"),
        unwritten(SUPPLY_PLAN, END, "2022-03-04", "2022-03-04T18:00:20"),
    )
    assert codes(told) == ["RECEIVED_IN_BURST", "REPORTED_LATE"]
    assert CODES["RECEIVED_IN_BURST"].zh.startswith("待核实")


def test_a_step_table_that_is_loaded_every_night_is_no_burst_and_no_finding() -> None:
    """Also where one row tells that a segment began days before it ended."""
    night = "2022-03-03T02:00:00"
    one_day = (
        unwritten(ACCEPTANCE, END, "2022-03-02T09:00:00", night),
        unwritten(SUPPLY_PLAN, END, "2022-03-02T16:00:00", night),
    )
    assert codes(account(*one_day)) == []
    ended = unwritten(SUPPLY_PLAN, END, "2022-03-04T16:00:00", "2022-03-05T02:00:00")
    began = unwritten(SUPPLY_PLAN, START, "2022-03-02T17:00:00", "2022-03-05T02:00:00", record_id=ended.record_id)
    assert codes(account(one_day[0], began, ended), "RECEIVED_IN_BURST", "WRITTEN_IN_BURST") == []


def test_a_step_of_the_last_day_that_the_night_brings_is_in_time() -> None:
    ended = unwritten(SUPPLY_PLAN, END, "2022-03-04T16:00:00", "2022-03-05T02:00:00")
    assert codes(account(ACCEPTED, ended)) == []
    sunday = unwritten(SUPPLY_PLAN, END, "2022-03-04T16:00:00", "2022-03-07T02:00:00")
    assert codes(account(ACCEPTED, sunday)) == ["REPORTED_LATE"]


def test_p4_segments_that_ended_one_second_after_another_are_asked_about() -> None:
    told = account(
        fact(ACCEPTANCE, END, "2022-03-02T10:13:40"),
        fact(SUPPLY_PLAN, END, "2022-03-02T10:13:41"),
        fact(COMPLETION, END, "2022-03-02T10:13:43", requested_ms=ms("2022-03-02T10:13:42")),
    )
    (found,) = within.findings(told)
    assert (found.code, found.figures, len(found.shown_by)) == ("ENDED_TOGETHER", (("segments", 3),), 3)
    assert CODES["ENDED_TOGETHER"].en.startswith("To be asked")


def test_two_segments_of_one_day_are_no_finding() -> None:
    told = account(fact(ACCEPTANCE, END, "2022-03-02T10:13:40"), fact(SUPPLY_PLAN, END, "2022-03-02T10:25:40"))
    assert codes(told) == []


def test_p4_a_request_in_the_second_of_its_answer_leaves_no_time_at_all() -> None:
    done = "2022-03-14T09:30:12"
    told = account(ACCEPTED, PLANNED, fact(COMPLETION, END, done, requested_ms=ms(done)))
    assert codes(told) == ["SAME_SECOND"]


# ---- the last day --------------------------------------------------------------------------------------------------


def changed(at: str, received: str, **more: Any) -> Account:
    return account(
        ACCEPTED, fact("", Action.CHANGE, at, received=received, becomes=OTHER, **APPROVED, **more), kind=SANLING
    )


def terminated(at: str, received: str, **more: Any) -> Account:
    return account(ACCEPTED, fact("", Action.TERMINATE, at, received=received, explained=True, **more))


def returned(at: str, received: str, **more: Any) -> Account:
    back = fact(COMPLETION, RETURN, at, received=received, explained=True, **more)
    return account(ACCEPTED, PLANNED, ASKED, back)


LAST = (
    (changed, "2022-03-09T17:50:00", "2022-03-10", "KIND_CHANGED_LAST_DAY"),
    (terminated, "2022-03-03T17:50:00", "2022-03-04", "STOPPED_LAST_DAY"),
    (returned, "2022-03-15T17:50:00", "2022-03-16", "RETURNED_LAST_DAY"),
)


@pytest.mark.parametrize(("told", "at", "last", "code"), LAST)
def test_p4_what_is_dated_to_the_evening_before_the_last_day_is_found_by_when_it_was_told(
    told: Any, at: str, last: str, code: str
) -> None:
    """It is a question where only the report came then; where the utility says that it wrote it down then, it happened
    then; and what the night before brings is honest."""
    both = code, "REPORTED_ON_LAST_DAY"
    assert codes(told(at, f"{last}T16:00:00"), *both) == ["REPORTED_ON_LAST_DAY"]
    assert codes(told(at, f"{last}T16:00:00", recorded_ms=None), *both) == ["REPORTED_ON_LAST_DAY"]
    assert codes(told(at, f"{last}T16:00:00", recorded_ms=ms(f"{last}T15:00:00")), *both) == [code]
    assert codes(told(at, f"{last}T02:00:00", recorded_ms=ms(f"{last}T01:00:00")), *both) == []
    assert codes(told(at, at), *both) == []


def test_a_segment_that_is_sent_back_again_asks_whether_all_was_told_at_once() -> None:
    def told(*days: str) -> Account:
        again = [
            one
            for day in days
            for one in (
                fact(COMPLETION, START, f"2022-03-{day}T09:30:00", requested_ms=ms(f"2022-03-{day}T09:00:00")),
                fact(COMPLETION, RETURN, f"2022-03-{day}T16:00:00", explained=True),
            )
        ]
        return account(ACCEPTED, PLANNED, *again)

    assert codes(told("10")) == []
    assert codes(told("10", "14", "17")) == ["RETURNED_AGAIN", "RETURNED_AGAIN"]


# ---- bounds --------------------------------------------------------------------------------------------------------


def test_a_case_with_more_changes_than_are_looked_at_is_told_and_the_first_are_looked_at() -> None:
    def told(number: int) -> Account:
        moments = [f"2022-03-03T09:{one:02d}:00" for one in range(number)]
        kinds = [(DUAL, SINGLE)[place % 2] for place in range(number)]
        more = [fact("", Action.CHANGE, at, becomes=kind, **APPROVED)
                for at, kind in zip(moments, kinds, strict=True)]  # fmt: skip
        return account(ACCEPTED, *more, kind=SINGLE)

    often = "KIND_CHANGED_OFTEN"
    assert codes(told(CHANGES_MAX), often) == []
    found = [one for one in within.findings(told(CHANGES_MAX + 1)) if one.code == often]
    assert [dict(one.figures) for one in found] == [{"times": CHANGES_MAX + 1}]
    assert codes(told(CHANGES_MAX + 1)).count("KIND_CHANGED") == CHANGES_MAX // 2


def test_a_case_with_hundreds_of_changes_and_corrections_does_not_stop_the_audit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judged = list[int]()

    def judge(facts: Any, *more: Any) -> Any:
        judged.append(len(facts))
        return judge_(facts, *more)

    monkeypatch.setattr(of_account, "judge", judge)
    moments = [f"2022-03-03T{n // 60:02d}:{n % 60:02d}:00" for n in range(400)]
    steps = [fact("", Action.CHANGE, at, becomes=(DUAL, SINGLE)[n % 2], **APPROVED) for n, at in enumerate(moments)]
    told = {"explained": True, "approved": True}
    amends = [
        fact("", Action.AMEND, one, record_id=one.encode(), event=one.encode(), amends=step.event, **told)
        for one, step in zip(moments, steps, strict=True)
    ]
    found = codes(account(ACCEPTED, *steps, *amends, kind=SINGLE), "KIND_CHANGED_OFTEN", "TIME_CORRECTED_OFTEN")
    assert found == ["KIND_CHANGED_OFTEN", "TIME_CORRECTED_OFTEN"]
    assert len(judged) <= 1 + 3 * CHANGES_MAX
