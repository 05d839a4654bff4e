"""Dates and validity: the quick comparison of the common case says what the full one says."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.records.rules import dates
from hub.records.rules.base import Context
from hub.records.rules.dates import proof_holds, status_known, validity

TODAY = date(2024, 5, 1)
CONTEXT = Context(TODAY)
days = st.integers(-3, 3).map(lambda count: TODAY + timedelta(days=count))


def part(issued: date, start: date | None, end: date | None) -> dict[str, Any]:
    return {"issued_on": issued, "valid_from": start, "valid_until": end}


def record(status: str = "CURRENT", operation: str = "UPSERT") -> dict[str, Any]:
    return {"status": status, "source": {"operation": operation}}


def codes(findings: Any) -> list[str]:
    return [finding.code for finding in findings]


@given(days, st.none() | days, st.none() | days, st.booleans())
def test_the_quick_way_and_the_full_way_agree(
    issued: date, start: date | None, end: date | None, expires: bool
) -> None:
    given_part = part(issued, start, end)
    quick = list(validity(given_part, "p", record(), CONTEXT, expires))
    assert quick == list(dates._findings(given_part, "p", record(), CONTEXT, expires))


@pytest.mark.parametrize(
    ("issued", "start", "end", "found"),
    [
        (0, None, None, []),
        (0, 0, 0, []),
        (-9, -9, -1, ["EXPIRED"]),
        (-9, -9, 0, []),
        (1, None, None, ["DATE_FUTURE"]),
        (0, 1, None, ["NOT_YET_VALID"]),
        (0, 2, 1, ["DATE_ORDER", "NOT_YET_VALID"]),
        (-1, None, -2, ["DATE_ORDER", "EXPIRED"]),
        (-2, 1, 5, ["NOT_YET_VALID"]),
    ],
)
def test_each_day_counts(issued: int, start: int | None, end: int | None, found: list[str]) -> None:
    """Days from the day of judging."""

    def day(count: int | None) -> date | None:
        return None if count is None else TODAY + timedelta(days=count)

    given_part = part(TODAY + timedelta(days=issued), day(start), day(end))
    assert codes(validity(given_part, "p", record(), CONTEXT, expires=True)) == found


@pytest.mark.parametrize("changed", [record("CANCELLED"), record(operation="DELETE")])
def test_what_is_over_and_called_so_is_good_information(changed: dict[str, Any]) -> None:
    over = part(TODAY - timedelta(days=9), None, TODAY - timedelta(days=1))
    assert codes(validity(over, "p", record(), CONTEXT, expires=True)) == ["EXPIRED"]
    assert codes(validity(over, "p", changed, CONTEXT, expires=True)) == []
    assert codes(validity(over, "p", record(), CONTEXT, expires=False)) == []


def test_a_report_has_no_status_that_could_be_unknown() -> None:
    assert codes(status_known({}, CONTEXT)) == []
    assert codes(status_known({"status": "UNKNOWN"}, CONTEXT)) == ["STATUS_UNKNOWN"]


@pytest.mark.parametrize(
    ("proof", "assurance", "found"),
    [
        (None, "SIGNED_RESPONSE", []),
        ("valid", "SIGNED_RESPONSE", []),
        ("invalid", "SIGNED_RESPONSE", ["PROOF_INVALID"]),
        ("invalid", "CHANNEL_ONLY", ["PROOF_INVALID"]),
        ("missing", "SIGNED_RESPONSE", ["PROOF_MISSING"]),
        ("missing", "SEALED_DOCUMENT", ["PROOF_MISSING"]),
        ("missing", "CHANNEL_ONLY", []),
    ],
)
def test_what_the_assurance_promises_is_there(proof: str | None, assurance: str, found: list[str]) -> None:
    assert codes(proof_holds({"assurance": assurance}, Context(TODAY, 1, proof))) == found
