"""P4: a record is judged again under the version of the rules that it was judged by, with the same verdict."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from hub.records.rules import CURRENT, RULES, Context
from hub.records.verdict import judge, rules_for

DAY = date(2024, 5, 1)
Plain = Callable[[str], dict[str, Any]]


def under(version: int, kind: str, record: dict[str, Any]) -> list[tuple[str, str]]:
    return [tuple(finding) for finding in judge(kind, record, Context(DAY, version)).findings]


def test_a_former_rule_ends_where_its_successor_of_the_same_name_begins() -> None:
    former = [one for one in RULES if one.until is not None]
    assert former
    for one in former:
        assert one.check.__module__ == "hub.records.rules.version_1"
        next_ones = [other for other in RULES if other.name == one.name and other.since == one.until]
        assert {kind for other in next_ones for kind in other.kinds} >= set(one.kinds), one.name


@pytest.mark.parametrize("kind", ["licence.resident-id", "licence.business", "licence.property-title"])
def test_every_version_runs_its_rules_in_one_order(kind: str) -> None:
    def names(version: int) -> list[str]:
        return [check.__name__ for check in rules_for(kind, version)]

    assert names(1) == [name for name in names(CURRENT) if name in names(1)]


def test_a_land_use_term_that_is_over_was_in_the_wrong_order(plain: Plain) -> None:
    """The term's end ends no title (民法典 §359): rules version 2 does not compare it with the day of issue."""
    record = plain("property-title")
    record["unit"] |= {"issued_on": date(2021, 3, 4), "valid_until": date(2016, 6, 30)}
    assert under(1, "licence.property-title", record) == [("DATE_ORDER", "unit.valid_until")]
    assert under(2, "licence.property-title", record) == []


def test_a_text_in_a_list_is_judged_as_any_other_text(plain: Plain) -> None:
    """Variation selectors are good in names from rules version 2 on."""
    record = plain("business")
    record["enterprise"]["former_names"] = ["葛\ufe00城"]
    assert ("TEXT_CONTROL", "enterprise.former_names.0") in under(1, "licence.business", record)
    assert under(2, "licence.business", record) == []
