"""P4: how a segment began, as the utility says it, beside what the hub knows itself: the customer's request, and the
papers that were handed in."""

from datetime import date
from typing import Any

import pytest

from hub.audit.account import Account, Paper
from hub.audit.findings.finding import Finding
from hub.audit.questions import within
from hub.cases.steps.facts import ACCEPTANCE, COMPLETION, SUPPLY_PLAN, Action, Fact
from tests.unit.audit.cases import CASE, END, HONEST, RETURN, STARRED, START, account, fact, ms

REVIEW = "design-review"
PLANNED = (fact(ACCEPTANCE, END, "2022-03-01T16:00:00"), fact(SUPPLY_PLAN, END, "2022-03-08"))
CODES = {"REQUEST_NOT_TOLD", "REQUEST_TOLD_LATER", "PAPERS_WAITED", "STARTED_LATE"}
BOTH = (Paper("designer-qualification", 4, ms("2022-03-04")), Paper("design", 5, ms("2022-03-10")))


def asked(at: str, segment: str = REVIEW) -> Fact:
    return Fact.request(CASE, 9, segment, ms(at))


def told(*facts: Fact, papers: tuple[Paper, ...] = ()) -> Account:
    return account(*PLANNED, *facts, kind=STARRED, papers=papers)


def found(*facts: Fact, papers: tuple[Paper, ...] = ()) -> list[tuple[str, dict[str, Any]]]:
    every: list[Finding] = list(within.findings(told(*facts, papers=papers)))
    return [(one.code, dict(one.figures)) for one in every if one.code in CODES]


def review(requested: str | None, start: str | None = "2022-03-15", end: str = "2022-03-16") -> list[Fact]:
    """A design review as the utility tells it, by a START or by its END alone."""
    more = {} if requested is None else {"requested_ms": ms(requested)}
    begun = [fact(REVIEW, START, start, **more)] if start else []
    return [*begun, fact(REVIEW, END, end, **({} if start else more))]


@pytest.mark.parametrize("start", ["2022-03-15", None])
def test_a_request_that_is_told_for_a_later_day_than_the_customer_made_it(start: str | None) -> None:
    late = [one for one in found(asked("2022-03-11"), *review("2022-03-14", start)) if one[0] != "STARTED_LATE"]
    assert late == [("REQUEST_TOLD_LATER", {"segment": REVIEW, "working_days": 1})]
    for same in ("2022-03-11T18:00:00", "2022-03-11T08:00:00", "2022-03-10"):
        assert [code for code, _ in found(asked("2022-03-11"), *review(same, start)) if code != "STARTED_LATE"] == []


def test_the_hubs_request_opens_the_clock_so_a_late_start_is_one() -> None:
    assert ("STARTED_LATE", {"working_days": 2}) in found(asked("2022-03-11"), *review("2022-03-15"))
    assert "STARTED_LATE" not in [code for code, _ in found(*review("2022-03-15"))]


@pytest.mark.parametrize("start", ["2022-03-15", None])
def test_a_request_that_the_hub_knows_and_the_utility_does_not_tell(start: str | None) -> None:
    codes = dict(found(asked("2022-03-11"), *review(None, start)))
    days = 2 if start else 3
    assert codes["REQUEST_NOT_TOLD"] == {"segment": REVIEW, "working_days": days}
    (one,) = (one for one in within.findings(told(asked("2022-03-11"), *review(None, start)))
              if one.code == "REQUEST_NOT_TOLD")  # fmt: skip
    assert [shown.sort for shown in one.shown_by] == ["asked", "step"]
    assert found(asked("2022-03-11")) == [], "the utility may still tell it"


def test_a_request_at_the_hub_that_is_early_is_no_finding_about_the_utility() -> None:
    early = told(asked("2022-03-02"))
    assert [one.why for one in early.history.facts if one.why] == ["STEP_OUT_OF_ORDER"]
    assert list(within.findings(early)) == []


@pytest.mark.parametrize(("requested", "days"), [("2022-03-14", 2), ("2022-03-10T20:00:00", None), (None, 3)])
def test_a_segment_that_began_after_the_hub_had_all_its_papers(requested: str | None, days: int | None) -> None:
    waited = [figures for code, figures in found(*review(requested), papers=BOTH) if code == "PAPERS_WAITED"]
    assert waited == ([{"segment": REVIEW, "working_days": days}] if days else [])


def test_papers_that_are_not_all_there_or_a_day_that_the_customer_chose_say_nothing() -> None:
    assert "PAPERS_WAITED" not in dict(found(*review("2022-03-14"), papers=BOTH[1:]))
    chosen = found(asked("2022-03-14"), *review("2022-03-14"), papers=BOTH)
    assert "PAPERS_WAITED" not in dict(chosen)


def test_papers_that_were_there_before_the_step_before_ended_wait_from_its_end() -> None:
    before = tuple(one._replace(handed_ms=ms("2022-03-02")) for one in BOTH)
    assert "PAPERS_WAITED" not in dict(found(*review("2022-03-08T11:00:00"), papers=before))
    assert dict(found(*review("2022-03-10"), papers=before))["PAPERS_WAITED"]["working_days"] == 2


def test_after_a_return_what_was_handed_in_since_is_compared() -> None:
    first = [fact(REVIEW, START, "2022-03-10T11:00:00", requested_ms=ms("2022-03-10T10:30:00")),
             fact(REVIEW, RETURN, "2022-03-11")]  # fmt: skip
    again = [*review("2022-03-17", "2022-03-17T11:00:00", "2022-03-18")]
    new = Paper("design", 8, ms("2022-03-14"))
    assert "PAPERS_WAITED" not in dict(found(*first, *again, papers=BOTH))
    assert dict(found(*first, *again, papers=(*BOTH, new)))["PAPERS_WAITED"]["working_days"] == 3
    assert COMPLETION not in [run.segment for run in told(*first).history.rounds]


def early(*facts: Fact, **more: Any) -> list[Finding]:
    return [one for one in within.findings(account(*facts, **more)) if one.code == "WITHIN_EARLY"]


METER = fact(COMPLETION, Action.WITHIN, "2022-03-09")


def test_p4_work_of_completion_before_its_segment_is_shown_between_what_was_reached_and_what_opened_it() -> None:
    inspection = fact(COMPLETION, Action.WITHIN, "2022-03-07")
    (one,) = early(METER, *HONEST, inspection)
    told = [HONEST[2], inspection, METER, HONEST[3]]
    assert [shown.ref for shown in one.shown_by] == [each.record_id.hex() for each in told]
    assert one.figures == (("steps", 2), ("working_days", 5))


def test_p4_work_of_completion_before_a_segment_that_never_opened_is_found_a_day_later() -> None:
    (one,) = early(METER)
    assert [shown.sort for shown in one.shown_by] == ["submission", "step"]
    assert early(METER, today=date(2022, 3, 9)) == [], "what opened the segment may be told in the night"


@pytest.mark.parametrize(
    "inside",
    [
        fact(COMPLETION, Action.WITHIN, "2022-03-15"),
        fact(COMPLETION, Action.WITHIN, "2022-03-15", requested_ms=ms("2022-03-16")),
        fact(SUPPLY_PLAN, Action.WITHIN, "2022-03-01T12:00:00"),
        fact("", Action.WITHIN, "2022-03-07"),
    ],
)
def test_no_other_work_is_work_of_completion_before_its_segment(inside: Fact) -> None:
    assert early(*HONEST, inside) == []
