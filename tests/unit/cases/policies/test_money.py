"""A charge on a resident's or a 三零 case is a finding (§9; P6)."""

from dataclasses import replace

import pytest

from hub.cases import clocks, policy
from hub.cases.policies.money import boundaries, charges, fee
from hub.cases.steps.facts import Action, Fact, Kind
from hub.cases.steps.judge import History, judge

POLICY = policy.by_version("tianjin-2022")
HOUR = 3_600_000
SANLING, OTHER, HIGH = Kind("low-sanling", False), Kind("low-other", False), Kind("high-single", False)


def fact(number: int, action: Action, hours: int, becomes: Kind | None = None) -> Fact:
    name, at = bytes([number]) * 16, hours * HOUR
    return Fact(name, name, "", action, at, at, explained=True, approved=True, becomes=becomes)


def history(kind: Kind, *facts: Fact) -> History:
    return judge(facts, 0, kind, clocks.timed(POLICY))


def found(kind: Kind, *facts: Fact, of: str = "NON_RESIDENT") -> list[bytes]:
    return [one.fact.event[:1] for one, _ in charges(history(kind, *facts), POLICY, of)]


def reaches(kind: Kind, *facts: Fact, of: str = "NON_RESIDENT") -> set[str]:
    """What the investment boundary of a case says beside what depends on the project."""
    return {one.name for one in boundaries(history(kind, *facts), POLICY, of) if one.rows}


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
    told = history(SANLING, fact(1, Action.CHARGE, 2))
    assert [clause for _, clause in charges(told, POLICY, "NON_RESIDENT")] == ["津工信电力〔2021〕8号 §9"]


def test_p6_a_resident_pays_nothing_at_any_voltage() -> None:
    assert found(HIGH, fact(1, Action.CHARGE, 2), of="RESIDENT") == [b"\x01"]
    assert fee(history(HIGH), POLICY, "RESIDENT").free
    assert reaches(HIGH, of="RESIDENT") == {"resident"}
    assert not fee(history(HIGH), POLICY, "NON_RESIDENT").free
    assert reaches(HIGH) == set()


def test_p6_a_correction_moves_no_charge_to_before_the_promise() -> None:
    became, charge = fact(2, Action.CHANGE, 4, SANLING), fact(1, Action.CHARGE, 6)
    amended = replace(fact(3, Action.AMEND, 2), amends=charge.event, recorded_ms=8 * HOUR, received_ms=8 * HOUR)
    told = history(OTHER, became, charge, amended)
    assert [one.at_ms for one in told.facts if one.fact is charge] == [2 * HOUR]
    assert found(OTHER, became, charge, amended) == [b"\x01"]


def test_p6_what_was_promised_stays_in_the_fee_and_in_the_boundary_after_a_change() -> None:
    changed = fact(2, Action.CHANGE, 4, OTHER)
    assert fee(history(SANLING, changed), POLICY, "NON_RESIDENT").free
    assert reaches(SANLING, changed) == {"sanling"}
    assert {one.name for one in boundaries(history(OTHER), POLICY, "")} == {
        "parks", "substitution", "charging", "three-battles",
    }  # fmt: skip
