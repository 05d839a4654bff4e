"""The clock of an application, from what the utility reported, over the API: P4, every line says how it was counted."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator
from rich.console import Console

from hub.cases import case as cases
from hub.cases.imports.notices import Notices
from hub.cases.journal import Decided
from hub.cases.steps.events import Reapplied
from hub.cases.steps.facts import COMPLETION, SUPPLY_PLAN
from hub.cli.shown import clock as _clock
from hub.web.api import applications
from hub.web.api.app import create
from hub.web.api.document import openapi
from hub.web.auth.access import Access
from hub.web.auth.refusals import Refusals
from hub.web.auth.tokens import Tokens
from tests import limits, samples
from tests.callers import token
from tests.casework import BY, ConnectionSystem, House, body
from tests.limits import DUAL_STARRED, OTHER, OTHER_INTO, RESIDENT_INTO, Example
from tests.unit.cases.connection.test_steps import number

AS_SUBMITTED: dict[str, dict[str, Any]] = {
    "low-other": {"sanling": False},
    "low-resident": {"customer_class": "RESIDENT", "capacity_kw": 8, "applicant": {"resident_id": samples.PERSON}},
    "high-dual": {"voltage": "HIGH_10KV", "sources": 2, "sanling": False},
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, kinds=frozenset())
    yield house
    house.close()


def go_to(house: House, day: str) -> None:
    """Nine o'clock in China."""
    wanted = datetime.fromisoformat(f"{day}T01:00:00").replace(tzinfo=UTC)
    house.clock.pass_s((wanted - house.clock.now()).total_seconds())


def reported(house: House, one: Example, last: bool = True) -> bytes:
    """The application of an example, on the day of its submission, and each step on its day; of one whose whole process
    is timed, with or without its last step."""
    go_to(house, one.submitted)
    case_id = house.submit(body(**AS_SUBMITTED[one.kind.case_type], important=one.kind.starred)).case_id
    house.due()
    house.deliver(ConnectionSystem())
    facts = limits.facts(one)
    for n, fact in enumerate(facts if last or len(one.limits) > 1 else facts[:-1]):
        house.clock.pass_s(max(0.0, (fact.occurred_ms - house.clock.now_ms()) / 1000) + 60)
        told = samples.step(f"E-{n}", fact.action.value, fact.segment, fact.occurred_ms, application_no=number(case_id))
        house.verified(told)
        house.project()
        house.due()
    return case_id


def asked(house: House, case_id: bytes, **client: Any) -> Any:
    access = Access(Tokens(house.store, house.clock), house.clock)
    refusals = Refusals(house.store, house.clock)
    app = create(house.clock, applications.router(house.applications, house.holdings, house.tokens, access, refusals))
    bearer = {"Authorization": f"Bearer {token(house.store, house.clock, **client)}"}
    return TestClient(app).get(f"/applications/{case_id.hex()}/clock", headers=bearer)


def test_p4_the_clock_of_a_case_says_how_every_line_was_counted(house: House) -> None:
    case_id = reported(house, OTHER)
    answer = asked(house, case_id)
    shown = answer.json()
    document = openapi.document()
    schema = {"$ref": "#/components/schemas/ClockShown", "components": document["components"]}
    assert [error.message for error in Draft202012Validator(schema).iter_errors(shown)] == []
    (kind,) = shown["kinds"]
    assert [(line["segment"], line["working_days"], line["limit"]) for line in kind["lines"]] == [
        ("acceptance", 1, 1),
        ("supply-plan", 2, 2),
        ("completion", 2, 2),
    ]
    assert (kind["total"]["working_days"], shown["over"], shown["ended"]) == (5, False, "END")
    assert kind["lines"][0]["make_up"] == ["2022-04-02"]
    out = Console(width=300)
    with out.capture() as printed:
        _clock.show(shown, out)
    assert "04-02班 (1)" in printed.get()


def test_the_clock_of_another_channels_application_is_not_shown(house: House) -> None:
    case_id = house.submit(body()).case_id
    assert asked(house, case_id, name="others", channels=("counter",)).status_code == 404


@pytest.mark.parametrize("one", [RESIDENT_INTO, OTHER_INTO, DUAL_STARRED], ids=lambda one: one.name)
def test_p4_a_date_in_a_year_without_its_notice_becomes_final_when_the_notice_comes(house: House, one: Example) -> None:
    """Up to the begin of what reaches into that year; then the notice is imported. ``test_limits`` has every kind."""
    case_id = reported(house, one._replace(limits=one.limits[:-1]) if len(one.limits) > 1 else one, last=False)
    running = one.limits[-1]
    if running.requested:
        go_to(house, running.requested)
        begun = samples.step(
            "E-9", "START", COMPLETION, limits.ms(running.requested, 9), application_no=number(case_id)
        )
        house.verified(begun)
        house.project()
        house.due()
    assert told(house, case_id) == (one.provisional, True)
    Notices(house.store, house.journal).import_file(limits.NOTICE_2027.encode(), BY)
    house.due()
    assert told(house, case_id) == (running.last, False)
    house.relay()
    assert all(found.equal for found in house.remade().values())


def test_what_the_connection_system_is_told_is_what_is_left_by_the_clock(house: House) -> None:
    sink = ConnectionSystem()
    go_to(house, "2022-09-08")
    case_id = house.submit(body(voltage="HIGH_10KV", sanling=False)).case_id
    house.deliver(sink)
    go_to(house, "2022-09-09")
    house.verified(samples.step("E-1", "END", "acceptance", house.clock.now_ms(), application_no=number(case_id)))
    house.project()
    go_to(house, "2022-09-14")
    house.deliver(sink)
    told = [one for effects in sink.effects.values() for one in effects if one["kind"] == "dates"]
    assert [(one["segment"], one["segmentDueOn"], one["workingDaysLeft"]) for one in told] == [
        (SUPPLY_PLAN, "2022-09-26", 17 - 1 - 2)
    ]


def test_p4_an_application_that_was_made_again_shows_the_days_since_the_first_one(house: House) -> None:
    go_to(house, "2022-03-01")
    first = house.submit(body()).case_id
    go_to(house, "2022-03-15")
    again = house.submit(body("A-2")).case_id
    with house.store.write() as connection:
        locked = cases.lock(connection, [again])[again]
        house.journal.append(connection, [Decided(locked, [Reapplied(first_id=first, later_id=again)])])
    go_to(house, "2022-03-16")
    shown = house.applications.clock(again)
    assert shown["first"] == {"application_id": first.hex(), "submitted_on": "2022-03-01", "working_days": 11}
    assert shown["kinds"][0]["whole"]["working_days"] == 1
    assert house.applications.clock(first)["first"] is None


def told(house: House, case_id: bytes) -> tuple[Any, ...]:
    shown = house.applications.clock(case_id)["told"]
    return shown["due_on"] or shown["segment_due_on"], shown["provisional"]


def test_days_are_chinas(house: House) -> None:
    go_to(house, "2022-04-01")
    shown = house.applications.clock(house.submit(body()).case_id)
    assert shown["today"] == date(2022, 4, 1).isoformat()
