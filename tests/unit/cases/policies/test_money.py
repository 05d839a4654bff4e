"""A charge on a resident's or a 三零 case is a finding (§9; P6)."""

import pytest

from hub.cases import clocks, policy
from hub.cases.policies.money import charges
from hub.cases.steps.facts import Action, Fact, Kind
from hub.cases.steps.judge import judge

POLICY = policy.by_version("tianjin-2022")
HOUR = 3_600_000
SANLING, OTHER = Kind("low-sanling", False), Kind("low-other", False)


def fact(number: int, action: Action, hours: int, becomes: Kind | None = None) -> Fact:
    name, at = bytes([number]) * 16, hours * HOUR
    return Fact(name, name, "", action, at, at, explained=True, approved=True, becomes=becomes)


def found(kind: Kind, *facts: Fact) -> list[bytes]:
    history = judge(facts, 0, kind, clocks.timed(POLICY))
    return [one.fact.event[:1] for one, _ in charges(history, POLICY)]


@pytest.mark.parametrize(
    ("case_type", "is_found"),
    [("low-resident", True), ("low-sanling", True), ("low-other", False), ("high-single", False), ("high-dual", False)],
)
def test_p6_a_charge_is_found_where_nothing_may_be_charged(case_type: str, is_found: bool) -> None:
    assert bool(found(Kind(case_type, False), fact(1, Action.CHARGE, 2))) == is_found


def test_p6_a_case_that_was_promised_to_be_free_stays_free_when_its_kind_is_changed() -> None:
    changed = fact(2, Action.CHANGE, 4, OTHER)
    assert found(SANLING, changed, fact(3, Action.CHARGE, 6)) == [b"\x03"]
    became = fact(2, Action.CHANGE, 4, SANLING)
    assert found(OTHER, became, fact(1, Action.CHARGE, 2), fact(3, Action.CHARGE, 6)) == [b"\x03"]


def test_every_finding_has_its_clause() -> None:
    history = judge([fact(1, Action.CHARGE, 2)], 0, SANLING, clocks.timed(POLICY))
    assert [clause for _, clause in charges(history, POLICY)] == ["津工信电力〔2021〕8号 §9"]
