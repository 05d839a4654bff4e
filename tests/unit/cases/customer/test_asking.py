"""P2, P4: the customer asks the hub for the next segment: its clock opens by the hub's own time, in any order of
arrival, once; and what cannot be asked for is refused with its clause and kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from hub.cases.by import By
from hub.cases.connection.tables import application
from hub.cases.customer import asking
from hub.cases.customer.service import APPLICANT
from hub.cases.reasons import words
from hub.cases.steps.tables import segment_request
from hub.errors import RecordRejected
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests import samples
from tests.casework import ConnectionSystem, House, body

MINUTE, HOUR, DAY_S = 60_000, 3_600_000, 86_400
STARRED = {"voltage": "HIGH_10KV", "sanling": False, "important": True}
PLAIN = STARRED | {"important": False}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, kinds=frozenset())
    yield made
    made.close()


class Case:
    """One application that the connection system has, and what its utility says."""

    def __init__(self, house: House, **changes: Any) -> None:
        self.house, self.system = house, ConnectionSystem()
        self.case_id = house.submit(body("A-1", **changes)).case_id
        house.due()
        house.deliver(self.system)
        self.number = References(MasterKey(bytes(32)), "utility_crm").hub_number(self.case_id)
        self.begun_ms = house.clock.now_ms()

    def step(self, action: str, segment: str, at_ms: int | None = None, **more: Any) -> dict[str, Any]:
        at_ms = self.house.clock.now_ms() if at_ms is None else at_ms
        name = f"{action} {segment} {at_ms}"
        return samples.step(name, action, segment, at_ms, application_no=self.number, **more)

    def tell(self, *steps: dict[str, Any]) -> None:
        self.house.verified(*steps)
        self.house.project()

    def planned(self) -> None:
        """Up to the answer with the supply plan; then a day passes."""
        self.house.clock.pass_s(3 * 3600)
        at_ms = self.begun_ms
        self.tell(
            self.step("END", "acceptance", at_ms + HOUR),
            self.step("END", "supply-plan", at_ms + 2 * HOUR),
        )
        self.house.clock.pass_s(DAY_S)

    def ask(self, segment: str, by: By = APPLICANT) -> dict[str, Any]:
        return self.house.customers.ask(self.case_id, {"segment": segment}, by)

    def refused(self, segment: str) -> tuple[str, tuple[str, ...]]:
        with pytest.raises(RecordRejected) as refused:
            self.ask(segment)
        return refused.value.code, refused.value.allowed

    def lines(self) -> list[tuple[str, str, str | None]]:
        """Of each line of the clock: its segment, what opened it, and when the hub was asked."""
        (kind,) = self.house.applications.clock(self.case_id)["kinds"]
        return [(one["segment"], one["opened_by"], one["asked"] and one["asked"]["at"]) for one in kind["lines"]]


def test_the_customer_asks_and_sees_by_when_the_utility_answers(house: House) -> None:
    case = Case(house, **STARRED)
    case.planned()
    before = house.customers.progress(case.case_id)
    assert (before["turn"], before["may_ask"], before["asked"]) == ("CUSTOMER", ["design-review"], None)
    house.deliver(case.system)
    shown = case.ask("design-review")
    assert (shown["turn"], shown["may_ask"]) == ("UTILITY", [])
    assert shown["asked"]["segment"] == "design-review"
    assert shown["asked"]["answer_by"] == shown["due_on"] == house.applications.show(case.case_id)["segment_due_on"]
    assert shown["asked"]["asked_on"] in shown["where_zh"]
    assert [opened for _, opened, _ in case.lines()] == ["submission", "step-before", "hub-request"]
    house.deliver(case.system)
    told = [one for effects in case.system.effects.values() for one in effects if one["kind"] == "dates"]
    assert (told[-1]["segment"], told[-1]["segmentDueOn"]) == ("design-review", shown["due_on"])
    assert told[-1]["askedOn"] == shown["asked"]["asked_on"]
    assert all("askedOn" not in one for one in told[:-1])


def test_p2_the_same_request_again_changes_nothing_and_rebuild_equals_live(house: House) -> None:
    case = Case(house, **STARRED)
    case.planned()
    first = case.ask("design-review")
    assert case.ask("design-review", By("token:1", "counter")) == first
    (row,) = house.rows(segment_request)
    assert (row.segment, row.refused, row.asked_ms) == ("design-review", "", house.clock.now_ms())
    house.clock.pass_s(DAY_S)
    assert case.ask("design-review")["asked"] == first["asked"], "kept, and nothing of the clock is another"
    house.relay()
    assert all(one.equal for one in house.remade().values())


@pytest.mark.parametrize("told", ["none", "later", "earlier"])
@pytest.mark.parametrize("starts", [False, True])
def test_p4_the_clock_runs_from_the_earlier_request(house: House, told: str, starts: bool) -> None:
    case = Case(house, **PLAIN)
    case.planned()
    asked_ms = house.clock.now_ms()
    case.ask("completion")
    house.clock.pass_s(5 * DAY_S)
    requested = {"later": asked_ms + 3 * 24 * HOUR, "earlier": asked_ms - HOUR}
    more = {"requested_at_ms": requested[told]} if told in requested else {}
    case.tell(case.step("START", "completion", **more) if starts else case.step("END", "completion", **more))
    (_, _, (_, opened_by, at)) = case.lines()
    assert opened_by == ("request" if told == "earlier" else "hub-request")
    assert at is not None
    (kind,) = house.applications.clock(case.case_id)["kinds"]
    assert kind["lines"][-1]["opened_on"] == house.customers.progress(case.case_id)["steps"][-1]["begun_on"]


def test_p4_an_answer_that_is_told_late_keeps_no_customer_waiting(house: House) -> None:
    """Refused by what is known, kept, and counted when the utility tells that the step before was done by then."""
    case = Case(house, **PLAIN)
    house.clock.pass_s(5 * HOUR // 1000)
    case.tell(case.step("END", "acceptance", case.begun_ms + HOUR))
    assert case.refused("completion") == ("REQUEST_NOT_NEXT", ())
    asked_ms = house.clock.now_ms()
    house.clock.pass_s(2 * DAY_S)
    case.tell(case.step("END", "supply-plan", asked_ms - HOUR))
    assert [opened for _, opened, _ in case.lines()] == ["submission", "step-before", "hub-request"]
    shown = case.ask("completion")
    house.relay()
    assert all(one.equal for one in house.remade().values())
    assert house.customers.progress(case.case_id) == shown


@pytest.mark.parametrize("late", [False, True])
def test_p4_the_order_of_arrival_means_nothing(house: House, late: bool) -> None:
    """The utility tells all before the customer asks, or all of it after."""
    case = Case(house, **STARRED)
    house.clock.pass_s(4 * HOUR // 1000)
    told = [
        case.step("END", "acceptance", case.begun_ms + HOUR),
        case.step("END", "supply-plan", case.begun_ms + 2 * HOUR),
        case.step("END", "design-review", case.begun_ms + 4 * HOUR, requested_at_ms=case.begun_ms + 3 * HOUR),
    ]
    if not late:
        case.tell(*told)
        case.ask("mid-inspection")
    else:
        assert case.refused("mid-inspection")[0] == "REQUEST_NOT_NEXT"
        case.tell(*told[::-1])
    assert [opened for _, opened, _ in case.lines()][2:] == ["request", "hub-request"]
    house.relay()
    assert all(one.equal for one in house.remade().values())


def test_what_cannot_be_asked_for_is_refused_with_its_clause_and_kept_once_a_day(house: House) -> None:
    case = Case(house, **PLAIN)
    house.clock.pass_s(3600)
    assert case.refused("completion") == ("REQUEST_NOT_NEXT", ()), "before acceptance"
    assert case.refused("completion") == ("REQUEST_NOT_NEXT", ())
    assert case.refused("acceptance") == ("REQUEST_NOT_NEEDED", ())
    case.planned()
    assert case.refused("design-review") == ("REQUEST_NO_SEGMENT", ("completion",)), "a starred one of another kind"
    assert case.refused("supply-plan") == ("REQUEST_DONE", ("completion",))
    case.ask("completion")
    house.clock.pass_s(3600)
    case.tell(case.step("END", "completion"))
    house.clock.pass_s(60)
    assert case.refused("completion") == ("REQUEST_AFTER_END", ())
    kept = [(row.segment, row.refused) for row in house.rows(segment_request)]
    assert kept == [
        ("completion", "REQUEST_NOT_NEXT"), ("acceptance", "REQUEST_NOT_NEEDED"),
        ("design-review", "REQUEST_NO_SEGMENT"), ("supply-plan", "REQUEST_DONE"), ("completion", ""),
        ("completion", "REQUEST_AFTER_END"),
    ]  # fmt: skip
    assert all("附件2" in words(code).zh and "annex 2" in words(code).en for code in asking.CODES[:-1])


def test_a_starred_segment_is_asked_for_in_its_order(house: House) -> None:
    case = Case(house, **STARRED)
    case.planned()
    assert case.refused("completion") == ("REQUEST_NOT_NEXT", ("design-review",))
    case.ask("design-review")
    assert case.refused("mid-inspection") == ("REQUEST_NOT_NEXT", ()), "while the one before it runs"
    house.clock.pass_s(3600)
    case.tell(case.step("RETURN", "design-review"))
    house.clock.pass_s(60)
    assert case.refused("mid-inspection") == ("REQUEST_NOT_NEXT", ("design-review",))
    case.ask("design-review")
    assert [row.refused for row in house.rows(segment_request)].count("") == 2, "a new round on the same day"
    assert [segment for segment, *_ in case.lines()][2:] == ["design-review", "design-review"]


def test_of_an_application_that_was_taken_back_a_request_is_kept_and_opens_nothing(house: House) -> None:
    case = Case(house, **PLAIN)
    case.planned()
    house.applications.cancel(case.case_id, By("token:1"))
    assert case.refused("completion") == ("REQUEST_TAKEN_BACK", ())
    assert [row.refused for row in house.rows(segment_request)] == ["REQUEST_TAKEN_BACK"]
    assert len(case.lines()) == 2
    house.relay()
    assert all(one.equal for one in house.remade().values())


def test_under_totals_only_the_utility_answers_by_the_end_of_the_total(house: House) -> None:
    case = Case(house, **PLAIN)
    with house.store.write() as connection:
        connection.execute(update(application).values(policy="tianjin-2021"))
    case.planned()
    may = house.customers.progress(case.case_id)["may_ask"]
    assert may == ["design-review", "mid-inspection", "completion"], "the table does not say who needs which"
    shown = case.ask("completion")
    clock = house.applications.clock(case.case_id)["kinds"][0]
    assert clock["lines"][-1]["limit"] is None
    assert shown["asked"]["answer_by"] == clock["total"]["due_on"]


def test_where_the_whole_process_is_timed_nothing_is_to_be_asked_for(house: House) -> None:
    case = Case(house)
    house.clock.pass_s(3600)
    case.tell(case.step("END", "acceptance", case.begun_ms + MINUTE))
    assert case.refused("completion") == ("REQUEST_NOT_NEEDED", ())


def test_requests_are_bounded_and_read_strictly(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "REQUESTS_MAX", 1)
    case = Case(house, **PLAIN)
    case.planned()
    case.ask("completion")
    assert case.refused("design-review")[0] == "REQUESTS_FULL"
    for document, code in (({"segment": "any"}, "FIELD_INVALID"), ({}, "FIELD_MISSING"),
                           ({"segment": "completion", "permit": "x"}, "NOT_ASKED")):  # fmt: skip
        with pytest.raises(RecordRejected) as refused:
            house.customers.ask(case.case_id, document, APPLICANT)
        assert refused.value.code == code
    with pytest.raises(RecordRejected, match="NO_SUCH_APPLICATION"):
        house.customers.ask(bytes(16), {"segment": "completion"}, APPLICANT)
