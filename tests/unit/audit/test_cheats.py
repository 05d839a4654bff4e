"""Ways to cheat the clock, or to ask for more: each is found under its class (P4, P6), and an honest case is not."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hub.audit import files, outside
from hub.audit.account import Account
from hub.audit.files import Row, Sort
from hub.audit.findings.classes import CLASSES, Class
from hub.audit.findings.codes import CODES
from hub.audit.findings.finding import Finding, Shown
from hub.audit.questions import across, within
from hub.cases.steps.facts import (
    ACCEPTANCE,
    COMPLETION,
    DESIGN_REVIEW,
    MID_INSPECTION,
    SUPPLY_PLAN,
    Action,
    Fact,
    Kind,
)
from hub.cases.steps.judge import Why
from tests.unit.audit.cases import (
    CASE,
    DUAL,
    END,
    HONEST,
    OTHER,
    RETURN,
    SANLING,
    SINGLE,
    STARRED,
    START,
    account,
    fact,
    ms,
)

ACCEPTED = fact(ACCEPTANCE, END, "2022-03-02")
PLANNED = fact(SUPPLY_PLAN, END, "2022-03-04")
SINGLE_PLANNED = fact(SUPPLY_PLAN, END, "2022-03-16")
ASKED = Shown("request", "event 3", ms("2022-03-02"), "MATERIAL_NOT_LISTED acceptance")
RATED = Shown("rating", "event 9", ms("2022-04-02"), "RATING_NO_EVIDENCE")
FIRST = Shown("submission", "01" * 16, ms("2022-02-01")), Shown("cancel", "event 4", ms("2022-02-02"), "counter")
APPROVED = {"explained": True, "approved": True}


def honest_but(place: int, told: Fact) -> tuple[Fact, ...]:
    """The honest case with one fact replaced."""
    return (*HONEST[:place], told, *HONEST[place + 1 :])


def returned_until_the_total_is_used_up() -> Account:
    days = ("18", START), ("22", RETURN), ("23", START), ("25", RETURN), ("28", START), ("31", END)
    reviews = [fact(DESIGN_REVIEW, action, f"2022-03-{day}") for day, action in days]
    rest = fact(MID_INSPECTION, START, "2022-05-05"), fact(MID_INSPECTION, END, "2022-05-07")
    done = fact(COMPLETION, START, "2022-06-06"), fact(COMPLETION, END, "2022-06-14")
    return account(ACCEPTED, SINGLE_PLANNED, *reviews, *rest, *done, kind=STARRED)


def corrected() -> Account:
    late = fact(SUPPLY_PLAN, END, "2022-03-10")
    earlier = fact("", Action.AMEND, "2022-03-04", "2022-03-20", "2022-03-20", amends=late.event, **APPROVED)
    return account(ACCEPTED, late, earlier)


def corrected_twice() -> Account:
    late = fact(SUPPLY_PLAN, END, "2022-03-10")
    days = ("2022-03-04", "2022-03-20"), ("2022-03-03", "2022-03-21")
    earlier = [fact("", Action.AMEND, day, on, on, amends=late.event, **APPROVED) for day, on in days]
    return account(ACCEPTED, late, *earlier)


def corrected_while_another_is_over() -> Account:
    done = fact(COMPLETION, START, "2022-03-14", requested_ms=ms("2022-03-14")), fact(COMPLETION, END, "2022-05-30")
    return account(*corrected().facts, *done)


def changed_on_the_last_day() -> Account:
    return account(ACCEPTED, fact("", Action.CHANGE, "2022-03-10T17:50:00", becomes=OTHER, **APPROVED), kind=SANLING)


def two_contents() -> Account:
    other = replace(ACCEPTED, record_id=b"other", occurred_ms=ms("2022-03-01"), recorded_ms=ms("2022-03-09"))
    return account(ACCEPTED, other)


class Cheat(NamedTuple):
    """One way to cheat inside the reported steps, and what an auditor reads of it."""

    how: str
    told: Callable[[], Account]
    code: str
    of: Class


def steps(how: str, code: str, of: Class, *facts: Fact, **more: object) -> Cheat:
    return Cheat(how, lambda: account(*facts, **more), code, of)


def changed(day: str, becomes: Kind) -> Fact:
    return fact("", Action.CHANGE, day, becomes=becomes, **APPROVED)


DESIGN_RETURNED = (fact(DESIGN_REVIEW, START, "2022-03-21"), fact(DESIGN_REVIEW, RETURN, "2022-03-24T17:00:00"))
HIDDEN_BY_A_CHANGE = (
    steps(
        *("begun late, then changed to a kind with another second step", "STARTED_LATE", Class.RESTARTED, ACCEPTED),
        *(fact(COMPLETION, START, "2022-03-08"), changed("2022-03-09T10:00:00", OTHER)),
        fact(SUPPLY_PLAN, END, "2022-03-09T16:00:00"),
        kind=SANLING,
    ),
    steps(
        *("a review that was skipped, then starred no more", "SEGMENT_SKIPPED", Class.OFF_SYSTEM, ACCEPTED),
        *(SINGLE_PLANNED, changed("2022-03-17", SINGLE), fact(COMPLETION, START, "2022-06-06")),
        kind=STARRED,
    ),
    steps(
        *("sent back on the last day, then starred no more", "RETURNED_LAST_DAY", Class.RESTARTED, ACCEPTED),
        *(SINGLE_PLANNED, *DESIGN_RETURNED, changed("2022-03-25", SINGLE)),
        kind=STARRED,
    ),
    steps(
        *("changed the day before, terminated on the last day", "STOPPED_LAST_DAY", Class.RESTARTED, ACCEPTED),
        *(changed("2022-03-03", SINGLE), fact("", Action.TERMINATE, "2022-03-04T17:30:00")),
    ),
    steps(
        *("a review closed by a change, terminated on its last day", "STOPPED_LAST_DAY", Class.RESTARTED, ACCEPTED),
        *(SINGLE_PLANNED, fact(DESIGN_REVIEW, START, "2022-03-21"), changed("2022-03-23", SINGLE)),
        fact("", Action.TERMINATE, "2022-03-24T17:30:00"),
        kind=STARRED,
    ),
    steps(
        *("from a whole process to one with pauses", "KIND_CHANGED", Class.STATISTICS, ACCEPTED),
        changed("2022-03-03", OTHER),
        kind=SANLING,
    ),
    steps(
        *("starred no more", "KIND_CHANGED", Class.STATISTICS, ACCEPTED, changed("2022-03-03", SINGLE)), kind=STARRED
    ),
    steps(
        *("changed twice, the second time on the last day of the first kind", "KIND_CHANGED_LAST_DAY"),
        *(Class.STATISTICS, ACCEPTED, changed("2022-03-03", DUAL), changed("2022-03-04T17:00:00", SINGLE)),
    ),
)
ASKED_FOR = fact(COMPLETION, START, "2022-05-30", requested_ms=ms("2022-05-30"))
NOT_ASKED_FOR = fact(COMPLETION, START, "2022-05-30")
DONE = fact(COMPLETION, END, "2022-05-31")
CHARGED = ACCEPTED, fact("", Action.CHARGE, "2022-03-03")
CHEATS = (
    steps(
        *("begun months later, and when the customer asked is not told", "REQUEST_NOT_TOLD", Class.RESTARTED),
        *(ACCEPTED, PLANNED, NOT_ASKED_FOR, DONE),
    ),
    *HIDDEN_BY_A_CHANGE,
    steps(
        *("the meter on the wall before the customer may report completion", "STEP_OUT_OF_ORDER", Class.TIMES_CHANGED),
        *(*HONEST, fact(COMPLETION, Action.WITHIN, "2022-03-07")),
    ),
    steps(
        *("inspected and metered before the segment of completion", "WITHIN_EARLY", Class.OFF_SYSTEM),
        *(*HONEST, fact(COMPLETION, Action.WITHIN, "2022-03-07")),
    ),
    steps(
        *("a survey after electricity is on", "STEP_AFTER_END", Class.RESTARTED),
        *(*HONEST, fact(SUPPLY_PLAN, Action.WITHIN, "2022-03-21")),
    ),
    steps("a day over a limit", "SEGMENT_OVER", Class.OVER_LIMIT, ACCEPTED, fact(SUPPLY_PLAN, END, "2022-03-07")),
    steps(
        *("no design review though the policy has it", "SEGMENT_SKIPPED", Class.OFF_SYSTEM, ACCEPTED, SINGLE_PLANNED),
        fact(COMPLETION, START, "2022-06-06", requested_ms=ms("2022-06-06")),
        kind=STARRED,
    ),
    Cheat("many rounds, each in time", returned_until_the_total_is_used_up, "TOTAL_OVER", Class.OVER_LIMIT),
    steps(
        *("a pause to save the whole process", "WHOLE_OVER", Class.OVER_LIMIT, ACCEPTED),
        *(fact("", Action.SPECIAL_START, "2022-03-03"), fact("", Action.SPECIAL_END, "2022-03-09")),
        fact(COMPLETION, END, "2022-03-14", requested_ms=ms("2022-03-02")),
        kind=SANLING,
    ),
    steps(
        *("longer than the national ceiling", "CEILING_OVER", Class.OVER_LIMIT, ACCEPTED),
        fact(COMPLETION, END, "2022-03-23", requested_ms=ms("2022-03-02")),
        kind=SANLING,
    ),
    steps(
        *("a claimed pause", "STEP_PAUSE", Class.STATISTICS, ACCEPTED),
        fact("", Action.CORRECTION_START, "2022-03-03"),
    ),
    steps(
        "an application sent back at acceptance", "STEP_PAUSE", Class.STATISTICS, fact(ACCEPTANCE, RETURN, "2022-03-01")
    ),
    steps(
        *("entered after the work was done", "REPORTED_LATE", Class.OFF_SYSTEM, ACCEPTED),
        fact(SUPPLY_PLAN, END, "2022-03-04", received="2022-03-08"),
    ),
    steps(
        "work before the application", "STEP_BEFORE_SUBMISSION", Class.OFF_SYSTEM, fact(ACCEPTANCE, END, "2022-02-25")
    ),
    steps(
        *("an end without a begin", "STEP_NEVER_OPENED", Class.OFF_SYSTEM, ACCEPTED, PLANNED),
        fact(COMPLETION, END, "2022-03-08"),
    ),
    Cheat(
        *("given up, then applied for again", lambda: account(follows=FIRST), "REAPPLIED", Class.RESTARTED),
    ),
    steps(
        *("begun days after the customer asked", "STARTED_LATE", Class.RESTARTED, ACCEPTED, PLANNED),
        fact(COMPLETION, START, "2022-03-10", requested_ms=ms("2022-03-07")),
    ),
    steps(
        *("sent back on the last day", "RETURNED_LAST_DAY", Class.RESTARTED, ACCEPTED, PLANNED),
        fact(COMPLETION, START, "2022-03-10"),
        fact(COMPLETION, RETURN, "2022-03-14T17:59:00"),
    ),
    steps(
        *("a supply plan sent back, so that it waits", "STEP_PAUSE", Class.STATISTICS, ACCEPTED),
        fact(SUPPLY_PLAN, RETURN, "2022-03-04T17:59:00"),
    ),
    steps(
        *("terminated on the last day", "STOPPED_LAST_DAY", Class.RESTARTED, ACCEPTED),
        fact("", Action.TERMINATE, "2022-03-04T17:30:00"),
    ),
    steps(
        *("not accepted when the whole process is over", "STOPPED_LAST_DAY", Class.RESTARTED),
        fact("", Action.NOT_ACCEPTED, "2022-03-11", explained=True),
        kind=SANLING,
    ),
    steps(
        *("sent back, and no one says why", "RETURNED_UNEXPLAINED", Class.RESTARTED, ACCEPTED, PLANNED),
        *(fact(COMPLETION, START, "2022-03-10"), fact(COMPLETION, RETURN, "2022-03-11")),
    ),
    steps(
        *("terminated, and no one says why", "TERMINATED_UNEXPLAINED", Class.RESTARTED, ACCEPTED),
        fact("", Action.TERMINATE, "2022-03-03"),
    ),
    steps("a segment begun twice", "STEP_AGAIN", Class.RESTARTED, ACCEPTED, fact(ACCEPTANCE, START, "2022-03-03")),
    steps("a step after the end", "STEP_AFTER_END", Class.RESTARTED, *HONEST, fact(COMPLETION, END, "2022-03-20")),
    Cheat("a time corrected into its limit", corrected, "CORRECTED_INTO_LIMIT", Class.TIMES_CHANGED),
    Cheat("a time corrected into its limit, twice", corrected_twice, "CORRECTED_INTO_LIMIT", Class.TIMES_CHANGED),
    Cheat(
        *("a time corrected into its limit while another limit is exceeded", corrected_while_another_is_over),
        *("CORRECTED_INTO_LIMIT", Class.TIMES_CHANGED),
    ),
    Cheat("a time corrected", corrected, "TIME_CORRECTED", Class.TIMES_CHANGED),
    steps(
        *("a correction that no one approved", "STEP_UNEXPLAINED", Class.TIMES_CHANGED, ACCEPTED),
        fact("", Action.AMEND, "2022-03-01", amends=ACCEPTED.event, explained=True),
    ),
    steps(
        *("all typed in at once", "WRITTEN_IN_BURST", Class.TIMES_CHANGED),
        fact(ACCEPTANCE, END, "2022-03-02", "2022-03-04T17:00:00"),
        fact(SUPPLY_PLAN, END, "2022-03-04", "2022-03-04T17:00:30"),
    ),
    steps(
        *("written down days later", "WRITTEN_LATE", Class.TIMES_CHANGED, ACCEPTED),
        fact(SUPPLY_PLAN, END, "2022-03-04", "2022-03-08"),
    ),
    steps(
        *("two ends in one second", "SAME_SECOND", Class.TIMES_CHANGED, fact(ACCEPTANCE, END, "2022-03-02T10:00:00")),
        fact(SUPPLY_PLAN, END, "2022-03-02T10:00:00"),
    ),
    steps(
        *("a segment of no time at all", "SAME_SECOND", Class.TIMES_CHANGED),
        *(fact(ACCEPTANCE, START, "2022-03-02T10:00:00"), fact(ACCEPTANCE, END, "2022-03-02T10:00:00")),
    ),
    steps(
        *("a time in the future", "STEP_FUTURE", Class.TIMES_CHANGED),
        fact(ACCEPTANCE, END, "2022-03-02", received="2022-03-01T12:00:00"),
    ),
    steps(
        *("written before it happened", "STEP_WRITTEN_BEFORE", Class.TIMES_CHANGED),
        fact(ACCEPTANCE, END, "2022-03-02", "2022-03-01", "2022-03-02"),
    ),
    steps(
        *("done on the Sunday after its last day", "ENDED_ON_DAY_OFF", Class.TIMES_CHANGED, ACCEPTED),
        fact(SUPPLY_PLAN, END, "2022-03-06T16:00:00"),
    ),
    steps(
        *("done in time, and reported the next working day", "REPORTED_AFTER_LIMIT", Class.TIMES_CHANGED, ACCEPTED),
        fact(SUPPLY_PLAN, END, "2022-03-06T16:00:00", received="2022-03-07T09:00:00"),
    ),
    Cheat("two contents of one event", two_contents, "STEP_CONFLICT", Class.TIMES_CHANGED),
    steps(
        *("a step before what it follows", "STEP_OUT_OF_ORDER", Class.TIMES_CHANGED, ACCEPTED),
        fact(COMPLETION, START, "2022-03-03"),
    ),
    Cheat("another kind on the last day", changed_on_the_last_day, "KIND_CHANGED_LAST_DAY", Class.STATISTICS),
    steps(
        *("another kind with more days", "KIND_CHANGED", Class.STATISTICS, ACCEPTED),
        fact("", Action.CHANGE, "2022-03-03", becomes=DUAL, **APPROVED),
        kind=SINGLE,
    ),
    steps(
        *("a charge to a 三零 customer", "CHARGED", Class.BEYOND_LIST, ACCEPTED, fact("", Action.CHARGE, "2022-03-03")),
        kind=SANLING,
    ),
    Cheat(
        *("a charge to a resident at high voltage", lambda: account(*CHARGED, kind=SINGLE, customer_class="RESIDENT")),
        *("CHARGED", Class.BEYOND_LIST),
    ),
    Cheat("a paper beyond the list", lambda: account(requests=(ASKED,)), "REQUEST_REFUSED", Class.BEYOND_LIST),
    Cheat("not told all at once", lambda: account(second_rounds=(ASKED,)), "ASKED_AGAIN", Class.BEYOND_LIST),
    Cheat("a rating that someone else makes", lambda: account(ratings=(RATED,)), "RATING_REFUSED", Class.STATISTICS),
    steps(
        *("a segment that the policy has not", "STEP_NOT_TIMED", Class.BEYOND_LIST, ACCEPTED, PLANNED),
        fact(DESIGN_REVIEW, START, "2022-03-07"),
    ),
)


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda one: one.how)
def test_p4_a_way_to_cheat_is_found_under_its_class_with_the_events_that_show_it(cheat: Cheat) -> None:
    told = cheat.told()
    found = {one.code: one for one in within.findings(told)}
    assert cheat.code in found, sorted(found)
    finding = found[cheat.code]
    assert (finding.of, finding.case_id) == (cheat.of, CASE)
    shown = {one.ref for one in finding.shown_by if one.sort == "step"}
    assert finding.shown_by
    assert shown <= {one.record_id.hex() for one in told.facts}


def test_an_honest_case_has_no_finding() -> None:
    assert list(within.findings(account(*HONEST))) == []


def test_a_case_that_its_customer_gives_up_in_time_is_no_finding() -> None:
    told = account(ACCEPTED, fact("", Action.TERMINATE, "2022-03-03T09:00:00", explained=True))
    assert [one.code for one in within.findings(told)] == []


@pytest.mark.parametrize(("kind", "skipped"), [(SINGLE, []), (STARRED, ["design-review", "mid-inspection"])])
def test_a_segment_is_missed_only_where_the_policy_has_it(kind: Kind, skipped: list[str]) -> None:
    done = fact(COMPLETION, START, "2022-06-06"), fact(COMPLETION, END, "2022-06-07")
    found = within.findings(account(ACCEPTED, SINGLE_PLANNED, *done, kind=kind))
    assert [dict(one.figures)["segment"] for one in found if one.code == "SEGMENT_SKIPPED"] == skipped


def test_a_case_that_was_terminated_before_completion_has_missed_no_segment() -> None:
    told = account(ACCEPTED, SINGLE_PLANNED, fact("", Action.TERMINATE, "2022-03-17"), kind=STARRED)
    assert "SEGMENT_SKIPPED" not in [one.code for one in within.findings(told)]


def test_work_on_a_day_off_within_the_limit_and_a_report_on_a_day_off_are_no_findings() -> None:
    told = account(
        *(fact(ACCEPTANCE, END, "2022-03-01"), fact(SUPPLY_PLAN, END, "2022-03-03")),
        fact(COMPLETION, START, "2022-03-04T10:30:00", requested_ms=ms("2022-03-04T10:29:00")),
        fact(COMPLETION, END, "2022-03-05", received="2022-03-06T09:00:00"),
    )
    assert [one.code for one in within.findings(told)] == []


def test_a_charge_to_a_customer_who_pays_is_no_finding() -> None:
    charged = account(*HONEST[:2], fact("", Action.CHARGE, "2022-03-03"))
    assert [one.code for one in within.findings(charged) if one.code == "CHARGED"] == []


def test_p4_a_return_and_an_end_with_a_reason_are_not_called_unexplained() -> None:
    back = fact(COMPLETION, RETURN, "2022-03-11", explained=True)
    end = fact("", Action.TERMINATE, "2022-03-15", explained=True)
    told = account(ACCEPTED, PLANNED, fact(COMPLETION, START, "2022-03-10"), back, end)
    assert [one.code for one in within.findings(told) if "UNEXPLAINED" in one.code] == []


def test_a_correction_to_a_later_time_hides_nothing_and_is_only_told() -> None:
    later = fact("", Action.AMEND, "2022-03-03", amends=ACCEPTED.event, **APPROVED)
    codes = [one.code for one in within.findings(account(ACCEPTED, later))]
    assert "TIME_CORRECTED" in codes
    assert "CORRECTED_INTO_LIMIT" not in codes


def test_p4_a_correction_names_each_limit_that_it_brings_a_segment_into() -> None:
    found = within.findings(corrected_while_another_is_over())
    told = [dict(one.figures) for one in found if one.code == "CORRECTED_INTO_LIMIT"]
    assert told == [{"kind": "low-other", "segment": SUPPLY_PLAN}]


def test_a_change_that_makes_nothing_kinder_and_is_no_last_day_is_no_finding() -> None:
    told = account(ACCEPTED, changed("2022-03-03", SINGLE), kind=DUAL)
    assert [one.code for one in within.findings(told) if one.code.startswith("KIND")] == []


def test_what_a_change_makes_kinder_is_named() -> None:
    found = within.findings(account(ACCEPTED, changed("2022-03-03", SINGLE), kind=STARRED))
    (kinder,) = [dict(one.figures)["kinder"] for one in found if one.code == "KIND_CHANGED"]
    assert kinder == "design-review, mid-inspection"


def told_of_requests(*facts: Fact, **more: Any) -> list[dict[str, str | int]]:
    found = within.findings(account(ACCEPTED, *facts, **more))
    return [dict(one.figures) for one in found if one.code == "REQUEST_NOT_TOLD"]


def test_p4_a_request_that_is_not_told_is_found_with_the_days_since_the_step_before() -> None:
    found = told_of_requests(PLANNED, NOT_ASKED_FOR, DONE)
    assert found == [{"segment": COMPLETION, "working_days": 59}]


def test_a_request_that_the_end_or_a_correction_tells_is_told() -> None:
    ended = fact(COMPLETION, END, "2022-05-31", requested_ms=ms("2022-05-30"))
    at = ms("2022-05-29")
    amended = fact("", Action.AMEND, "2022-05-30", amends=NOT_ASKED_FOR.event, requested_ms=at, **APPROVED)
    assert told_of_requests(PLANNED, ASKED_FOR, DONE) == []
    assert told_of_requests(PLANNED, NOT_ASKED_FOR, ended) == []
    assert told_of_requests(PLANNED, NOT_ASKED_FOR, DONE, amended) == []


def test_what_opens_by_itself_or_on_the_day_of_the_step_before_needs_no_request() -> None:
    assert told_of_requests(fact(SUPPLY_PLAN, START, "2022-03-10"), fact(SUPPLY_PLAN, END, "2022-03-11")) == []
    assert told_of_requests(fact(COMPLETION, START, "2022-03-10"), kind=SANLING) == []
    assert told_of_requests(PLANNED, fact(COMPLETION, START, "2022-03-04T16:00:00")) == []


def test_every_reason_of_a_claim_has_a_class() -> None:
    assert {one.value for one in Why} <= CODES.keys()


def test_there_are_at_least_twenty_ways_and_every_class_of_the_regulator_has_one() -> None:
    told = {*(one.code for one in CHEATS), *(code for _, _, code in OUTSIDE), "SAME_SECOND_IN_CASES", "NOT_IN_HUB"}
    assert len(told) > 20
    assert {CODES[one].of for one in told} == set(Class)


# ---- what only other systems know ----------------------------------------------------------------------------------


def read(tmp_path: Path, sort: Sort, *lines: str) -> list[Row]:
    """The lines of a file."""
    path = tmp_path / f"{sort}.csv"
    path.write_text("\n".join([",".join(files.titles(sort)), *lines]), "utf-8")
    found = list(files.read(path, sort))
    assert all(isinstance(one, Row) for one in found), found
    return [one for one in found if isinstance(one, Row)]


OUTSIDE = (
    (Sort.FIRST_READINGS, "A1,,2022-03-09 08:00:00", "ENERGISED_EARLY"),
    (Sort.FIRST_READINGS, "A1,,2022-03-18", "ENDED_BEFORE_ENERGISED"),
    (Sort.CONTACTS, "A1,,2022-02-24 15:00:00", "CONTACT_BEFORE_APPLICATION"),
    (Sort.COMPLAINTS, "A1,,2022-02-24,", "COMPLAINT_BEFORE_APPLICATION"),
    (Sort.COMPLAINTS, "A1,,2022-03-24,重复或延迟启动流程", "COMPLAINED"),
    (Sort.ARCHIVE, "A1,7,2022-03-15,2022-03-02,", "DATES_DIFFER"),
    (Sort.ARCHIVE, "A1,7,2022-03-16,2022-03-02,5", "RATING_NOT_MADE"),
)


@pytest.mark.parametrize(("sort", "line", "code"), OUTSIDE)
def test_p4_what_another_system_knows_of_a_case_is_a_finding(tmp_path: Path, sort: Sort, line: str, code: str) -> None:
    (found,) = outside.findings(account(*HONEST), read(tmp_path, sort, line))
    assert (found.code, found.case_id) == (code, CASE)
    assert f"{sort} line 2" in [f"{one.sort} {one.ref}" for one in found.shown_by]


def test_p4_a_rating_that_the_archive_has_not_and_a_complaint_of_no_class_are_findings(tmp_path: Path) -> None:
    archived = read(tmp_path, Sort.ARCHIVE, "A1,7,2022-03-16,2022-03-02,")
    assert [one.code for one in outside.findings(account(*HONEST, rating=1), archived)] == ["RATING_MISSING"]
    (told,) = outside.findings(account(*HONEST), read(tmp_path, Sort.COMPLAINTS, "A1,,2022-03-24,"))
    assert (told.code, told.of) == ("COMPLAINED", Class.BEYOND_LIST)


def test_p4_an_acceptance_of_another_day_is_late_too(tmp_path: Path) -> None:
    rows = read(tmp_path, Sort.ARCHIVE, "A1,7,2022-03-16,2022-03-08,")
    found = list(outside.findings(account(*HONEST), rows))
    assert [(one.code, one.figures) for one in found] == [
        ("DATES_DIFFER", ()),
        ("STARTED_LATE", (("working_days", 5),)),
    ]


def test_p4_a_customer_who_is_first_contacted_days_later_was_kept_waiting(tmp_path: Path) -> None:
    rows = read(tmp_path, Sort.CONTACTS, "A1,,2022-03-09 10:00:00", "A1,,2022-03-03 10:00:00")
    (found,) = outside.findings(account(*HONEST), rows)
    assert (found.code, found.of, found.figures) == ("STARTED_LATE", Class.RESTARTED, (("working_days", 2),))
    assert [one.ref for one in found.shown_by] == [CASE.hex(), "line 3"]


READINGS = (
    ("2022-03-16T17:30:00", ()),
    ("2022-03-09T08:00:00", ("ENERGISED_EARLY",)),
    ("2022-03-18T08:00:00", ("ENDED_BEFORE_ENERGISED",)),
)


@pytest.mark.parametrize(("at", "codes"), READINGS)
def test_p4_the_first_reading_that_a_step_tells_is_compared_with_its_segment(at: str, codes: tuple[str, ...]) -> None:
    found = list(outside.findings(account(*HONEST), [], {ms(at): b"record"}))
    assert tuple(one.code for one in found) == codes
    assert all(("step", b"record".hex()) in [(one.sort, one.ref) for one in each.shown_by] for each in found)


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("A1,,2022-03-16", []),
        ("A1,,2022-03-16 09:00:00", []),
        ("A1,,2022-03-15", ["READING_DIFFERS"]),
        ("A1,,2022-03-17", ["ENDED_BEFORE_ENERGISED", "READING_DIFFERS"]),
    ],
)
def test_p4_the_first_reading_that_a_step_tells_is_compared_with_the_metering_system(
    tmp_path: Path, line: str, codes: list[str]
) -> None:
    rows = read(tmp_path, Sort.FIRST_READINGS, line)
    told = {ms("2022-03-16T16:40:00"): b"record"}
    assert [one.code for one in outside.findings(account(*HONEST), rows, told)] == codes


def test_what_agrees_with_the_hub_is_no_finding(tmp_path: Path) -> None:
    rows = [
        *read(tmp_path, Sort.ARCHIVE, "A1,7,2022-03-16 18:00:00,2022-03-02,5"),
        *read(tmp_path, Sort.FIRST_READINGS, "A1,,2022-03-16", "A1,,2022-03-15 11:00:00"),
        *read(tmp_path, Sort.CONTACTS, "A1,,2022-03-01", "A1,,2022-03-09 10:00:00"),
    ]
    assert list(outside.findings(account(*HONEST, rating=5), rows)) == []


def test_a_contact_on_a_day_before_the_acceptance_is_said_to_have_begun(tmp_path: Path) -> None:
    told = account(fact(ACCEPTANCE, START, "2022-03-02"))
    contact = read(tmp_path, Sort.CONTACTS, "A1,,2022-03-01 15:00:00")
    (found,) = outside.findings(told, contact)
    assert found.code == "CONTACT_BEFORE_ACCEPTANCE"
    assert list(outside.findings(account(fact(ACCEPTANCE, END, "2022-03-02")), contact)) == [], "no begin is told"


def test_what_the_hub_may_not_have_been_told_by_the_last_day_accuses_no_one(tmp_path: Path) -> None:
    """A step table is loaded once a night: what happened on the last day comes after it."""
    rows = [
        *read(tmp_path, Sort.ARCHIVE, "A1,7,2022-03-16 16:45:07,2022-03-02,"),
        *read(tmp_path, Sort.FIRST_READINGS, "A1,,2022-03-16 16:45:00"),
    ]
    early = [replace(account(*HONEST[:3]), today=date(2022, 3, day)) for day in (16, 17)]
    found = [[one.code for one in outside.findings(told, rows)] for told in early]
    assert found == [[], ["ARCHIVED_OPEN", "ENERGISED_EARLY"]]


def test_p4_a_rating_in_a_file_that_was_written_later_may_have_been_made_since(tmp_path: Path) -> None:
    (row,) = read(tmp_path, Sort.ARCHIVE, "A1,7,2022-03-16,2022-03-02,5")
    later = row._replace(goes_on=True)
    assert list(outside.findings(account(*HONEST), [later])) == []
    assert [one.code for one in outside.findings(account(*HONEST, rating=2), [later])] == ["RATING_NOT_MADE"]


def test_p4_what_a_line_says_beside_a_bad_cell_is_compared(tmp_path: Path) -> None:
    def found(sort: Sort, line: str, **more: Any) -> list[str]:
        path = tmp_path / "bad.csv"
        path.write_text("\n".join([",".join(files.titles(sort)), line]), "utf-8")
        rows = [one for one in files.read(path, sort) if isinstance(one, Row)]
        return [one.code for one in outside.findings(account(*HONEST, **more), rows)]

    assert found(Sort.ARCHIVE, "A1,7,2022-03-15,,五", rating=5) == ["DATES_DIFFER"]
    assert found(Sort.ARCHIVE, "A1,7,soon,,4", rating=5) == ["RATING_NOT_MADE"]
    assert found(Sort.COMPLAINTS, "A1,7,soon,其他") == ["COMPLAINED"]
    assert found(Sort.CONTACTS, "A1,7,soon") == found(Sort.FIRST_READINGS, "A1,7,soon") == []


def test_a_number_that_may_be_rounded_accuses_no_one_where_no_case_has_it(tmp_path: Path) -> None:
    rounded, whole = read(
        tmp_path, Sort.ARCHIVE, ",120104000000123000,2022-03-16,,", ",120104000000123456,2022-03-16,,"
    )
    assert [outside.unknown(one).code for one in (rounded, whole)] == ["FILE_ROW_UNREADABLE", "NOT_IN_HUB"]


def test_lines_are_in_the_order_of_their_numbers() -> None:
    told = [outside.unreadable(files.Unread(Sort.CONTACTS, line, "no number")) for line in (10, 2, 9)]
    assert [one.shown_by[0].ref for one in sorted(told, key=lambda one: one.order)] == ["line 2", "line 9", "line 10"]


def test_an_archived_case_that_never_ended_and_one_with_two_processes(tmp_path: Path) -> None:
    rows = read(tmp_path, Sort.ARCHIVE, "A1,7,2022-03-16,2022-03-02,", "A1,8,2022-03-16,2022-03-02,")
    codes = [one.code for one in outside.findings(account(ACCEPTED), rows)]
    assert codes == ["ARCHIVED_OPEN", "ARCHIVED_OPEN", "ARCHIVED_TWICE"]


def test_a_case_that_is_archived_twice_under_one_number(tmp_path: Path) -> None:
    rows = read(tmp_path, Sort.ARCHIVE, "A1,7,2022-03-16,2022-03-02,", "A1,7,2022-03-16,2022-03-02,")
    assert [one.code for one in outside.findings(account(*HONEST), rows)] == ["ARCHIVED_TWICE"]


def test_a_number_that_no_case_has_and_a_line_that_cannot_be_read(tmp_path: Path) -> None:
    (row,) = read(tmp_path, Sort.ARCHIVE, "Z9,9,2022-03-16,,")
    assert outside.unknown(row).of is Class.OFF_SYSTEM
    path = tmp_path / "bad.csv"
    path.write_text("application_no,app_no,read_at\n,,2022-03-01\nA1,,soon\n2147483647,,2022-03-01\n", "utf-8")
    told = [outside.unreadable(one) for one in files.read(path, Sort.FIRST_READINGS) if not isinstance(one, Row)]
    assert [(one.shown_by[0].ref, one.shown_by[0].told) for one in told] == [
        ("line 2", "no number"),
        ("line 3", "A1: read_at is no time"),
        ("line 4", "no number"),
    ]


# ---- many cases together -------------------------------------------------------------------------------------------


def together(number: int) -> Iterator[Finding]:
    seconds = across.Seconds()
    for nth in range(number):
        seconds.add(account(fact(ACCEPTANCE, END, "2022-03-02T10:00:00"), case_id=bytes([nth]) * 16))
    return seconds.findings()


def test_p4_segments_of_several_cases_that_ended_in_one_second() -> None:
    (found,) = together(3)
    assert (found.code, found.of, len(found.shown_by)) == ("SAME_SECOND_IN_CASES", Class.TIMES_CHANGED, 3)
    assert list(together(2)) == []


def test_findings_have_one_order_in_whatever_order_they_are_found() -> None:
    found = [one for cheat in CHEATS for one in within.findings(cheat.told())]
    orders = [one.order for one in found]
    assert len(set(orders)) == len(set(found))
    assert [CLASSES.index(one.of) for one in sorted(found, key=lambda one: one.order)] == sorted(
        CLASSES.index(one.of) for one in found
    )
