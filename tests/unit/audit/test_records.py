"""P4, P6: what the records of steps say beside the steps: reasons, the contract, the first reading."""

from typing import Any

import pytest

from hub.audit import outside
from hub.audit.findings.classes import Class
from hub.audit.questions import records
from hub.audit.questions.records import Said
from hub.cases.steps.facts import ACCEPTANCE, SUPPLY_PLAN, Action, Fact
from tests.unit.audit.cases import END, RETURN, START, account, fact, ms

PLANNED = fact(SUPPLY_PLAN, END, "2022-03-04", explained=True)


def codes(told: Fact, **said: Any) -> list[str]:
    return [one.code for one in records.findings(account(told), [Said(told.record_id, said)])]


@pytest.mark.parametrize("action", [one for one in Action if one is not Action.REQUEST])
@pytest.mark.parametrize(
    "said",
    [
        *({"reason": "请补交施工许可证"}, {"reason": "用电承 诺 书"}, {"reason": "缺施工證"}, {"reason": "開工許可"}),
        *({"reason_code": "规划许可证"}, {"reason": None, "reason_code": "ＰＬＡＮＮＩＮＧ　ＰＥＲＭＩＴ"}),
    ],
)
def test_p6_a_forbidden_paper_in_any_reason_of_any_step_is_found(action: Action, said: dict[str, Any]) -> None:
    told = fact(SUPPLY_PLAN, action, "2022-03-03", explained=True)
    (found,) = records.findings(account(told), [Said(told.record_id, said)])
    assert (found.code, found.of) == ("ASKED_IN_STEP", Class.BEYOND_LIST)
    assert not any(word in found.shown_by[0].told for word in said.values() if word), "only the policy's words (P5)"


@pytest.mark.parametrize("reason", ["接地电阻不合格", "资料规划 许久未补", "05", "", None])
def test_another_reason_is_no_finding(reason: str | None) -> None:
    assert codes(PLANNED, reason=reason, reason_code=reason) == []


@pytest.mark.parametrize(
    ("signed", "found"),
    [
        ("2022-02-28T18:00:00", ["CONTRACT_BEFORE_APPLICATION"]),
        ("2022-03-01T00:00:00", []),
        ("2022-03-04T10:04:00", []),
        ("2023-03-04T10:00:00", ["TOLD_FUTURE"]),
    ],
)
def test_p4_a_contract_of_a_day_before_the_application_or_of_the_future(signed: str, found: list[str]) -> None:
    assert codes(PLANNED, contract_signed_at_ms=ms(signed)) == found


def test_p4_a_first_reading_of_the_future_is_found_and_an_appointment_is_none() -> None:
    assert codes(PLANNED, first_reading_at_ms=ms("2022-03-05")) == ["TOLD_FUTURE"]
    assert codes(PLANNED, appointment_at_ms=ms("2022-03-05")) == []


@pytest.mark.parametrize(("segment", "action"), [(ACCEPTANCE, START), (ACCEPTANCE, END), (SUPPLY_PLAN, RETURN)])
def test_p4_a_first_reading_is_compared_from_any_step(segment: str, action: Action) -> None:
    told = fact(segment, action, "2022-03-02")
    read = records.readings([Said(told.record_id, {"first_reading_at_ms": ms("2022-01-01")})])
    (found,) = outside.findings(account(told), [], read)
    assert (found.code, found.shown_by[0].ref) == ("ENERGISED_EARLY", told.record_id.hex())


def test_a_first_reading_that_is_a_date_is_of_the_whole_day() -> None:
    begun = fact("completion", START, "2022-03-14T09:30:00", requested_ms=ms("2022-03-14T09:00:00"))
    told = account(fact(ACCEPTANCE, END, "2022-03-02"), fact(SUPPLY_PLAN, END, "2022-03-04"), begun)
    assert list(outside.findings(told, [], {ms("2022-03-14T00:00:00"): b"record"})) == []
    assert [one.code for one in outside.findings(told, [], {ms("2022-03-13T00:00:00"): b"record"})] == [
        "ENERGISED_EARLY"
    ]
