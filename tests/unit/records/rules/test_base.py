"""Registering rules: for which kinds, with which codes, under which versions."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from hub.errors import Misconfigured
from hub.ports import Plain
from hub.records.declarations import Declaration, DeclaredKind, declarations
from hub.records.kinds import KIND_NAMES
from hub.records.rules import base
from hub.records.rules.base import NOTHING, RULES, Context, Findings, found, rule


@pytest.fixture(autouse=True)
def rules() -> Iterator[None]:
    """What a test registers is taken back."""
    before = list(RULES)
    yield
    RULES[:] = before


def nothing_wrong(_record: Plain, _context: Context) -> Findings:
    return NOTHING


def test_a_rule_of_the_hub_is_for_every_kind_unless_it_says_which() -> None:
    rule("STATUS_UNKNOWN")(nothing_wrong)
    rule("STATUS_UNKNOWN", kinds=("licence.business",))(nothing_wrong)
    every, one = RULES[-2:]
    assert every.kinds == KIND_NAMES
    assert one.kinds == ("licence.business",)
    assert every.name == "nothing-wrong"
    assert [code.code for code in every.codes] == ["STATUS_UNKNOWN"]


def test_a_code_or_a_kind_that_is_not_declared_is_refused() -> None:
    with pytest.raises(Misconfigured, match="has the code NO_SUCH"):
        rule("NO_SUCH")(nothing_wrong)
    with pytest.raises(Misconfigured, match=r"is about licence\.fishing"):
        rule("EXPIRED", kinds=("licence.fishing",))(nothing_wrong)


def test_a_rule_of_a_package_is_for_the_package_s_own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Declaration(declarations()[0].package, [DeclaredKind("meter.reading", "Readings", "读数")], {}, [])
    monkeypatch.setattr(base, "declaration_of", lambda module: own)
    rule("DATE_FUTURE")(nothing_wrong)
    assert RULES[-1].kinds == ("meter.reading",)
    with pytest.raises(Misconfigured, match="its own kinds"):
        rule("DATE_FUTURE", kinds=("licence.business",))(nothing_wrong)


def test_a_rule_is_in_force_from_its_first_version_to_before_its_last() -> None:
    rule("EXPIRED", since=2, until=4)(nothing_wrong)
    assert [version for version in range(1, 6) if RULES[-1].in_force(version)] == [2, 3]
    rule("EXPIRED", since=2)(nothing_wrong)
    assert RULES[-1].in_force(99)


def test_the_day_of_judging_is_china_s() -> None:
    assert Context.at(datetime(2024, 5, 1, 15, 59, 59, tzinfo=UTC)).judged_on == date(2024, 5, 1)
    assert Context.at(datetime(2024, 5, 1, 16, 0, tzinfo=UTC), 3) == Context(date(2024, 5, 2), 3)


def test_nothing_found_is_no_finding() -> None:
    assert found(None, "x") is NOTHING
