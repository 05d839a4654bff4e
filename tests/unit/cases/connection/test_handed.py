"""A title that changes hands after electricity is on, and no transfer of the account is declared: the utility gets one
notice, after the days of the policy's table; it is taken back when a transfer is declared. On both engines."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.cases.connection.handed.tables import handover
from hub.cases.policy import in_force
from hub.errors import Unavailable
from tests import samples
from tests.casework import House, body
from tests.transfers import ENTRY_DAY, HEIR, NEW, Town, matter, sinks, unit
from tests.transfers import body as transfer

DAY_S = 86_400
APPLICANT = {"name": "津门电气有限公司", "uscc": samples.USCC}
LATER = date(2026, 3, 20)
"""The working day after the bound of ten working days from the entry, and after a weekend."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    house = House(tmp_path, sinks=sinks(), url=url)
    yield Town(house)
    house.close()


def connected(town: Town, *holders: dict[str, Any], **changes: Any) -> bytes:
    """Electricity is on at the unit, for an applicant who holds its title."""
    town.entered(*holders or (APPLICANT,), key="own", issued_on=date(2020, 5, 6))
    town.heard(samples.business())
    case_id = town.house.submit(body(**{"site": {"unit_no": unit()}, **changes})).case_id
    town.house.due()
    town.house.connected(case_id, town.crm)
    return case_id


def days_pass(town: Town, until: date = LATER) -> None:
    """Until that day; then the timers run."""
    left = until - date(2026, 3, 2)
    town.house.clock.pass_s(left / timedelta(seconds=1) - (town.house.clock.now_ms() - START_MS) / 1000)
    town.house.due()
    town.settle()


START_MS = 1_772_413_200_000
"""When the house's clock begins, 2026-03-02 09:00 in China."""


def notices(town: Town) -> list[dict[str, Any]]:
    return town.bodies("handover")


def state(town: Town, case_id: bytes) -> list[str]:
    return [one["state"] for one in town.house.applications.show(case_id)["handovers"]]


def same_again(town: Town) -> None:
    """Everything arrives once more and changes nothing (P2), and the tables can be made again (P4)."""
    before = notices(town), [tuple(row) for row in town.house.rows(handover)]
    town.again()
    town.house.due()
    town.settle()
    assert (notices(town), [tuple(row) for row in town.house.rows(handover)]) == before
    town.house.relay()
    assert not {name: one for name, one in town.house.remade().items() if not one.equal}


def test_p3_an_undeclared_transfer_is_told_once_after_the_bound_without_who_has_the_title(town: Town) -> None:
    case_id = connected(town)
    town.entered(NEW)
    assert state(town, case_id) == ["WAITING"] and not notices(town)
    (row,) = town.house.rows(handover)
    assert row.notice_on == "2026-03-17", "ten working days after the entry on Tuesday 2026-03-03"
    days_pass(town, date(2026, 3, 17))
    assert not notices(town), "that day may still be used"
    days_pass(town, date(2026, 3, 18))
    (told,) = notices(town)
    assert (told["noticeNo"], told["registeredOn"], told["takesBack"]) == (1, "2026-03-03", None)
    assert told["purpose"] == "undeclared-transfer" and told["legalClause"] == "津工信电力〔2021〕8号 §6"
    assert told["fields"] == {
        "unit": {"unit_no": unit(), "title_no": told["fields"]["unit"]["title_no"], "issued_on": "2026-03-03"}
    }
    assert NEW["resident_id"] not in str(told) and NEW["name"] not in str(told)
    assert state(town, case_id) == ["TOLD"]
    same_again(town)


@pytest.mark.parametrize("kind", ["300", "抵押权登记", "变更登记"])
def test_a_mortgage_or_a_change_of_particulars_starts_nothing(town: Town, kind: str) -> None:
    case_id = connected(town)
    town.entered(NEW, registration_type=kind, mortgaged=True)
    town.entered(APPLICANT, key="own", issued_on=date(2026, 3, 4), registration_type=kind, mortgaged=True)
    days_pass(town)
    assert state(town, case_id) == [] and not notices(town)


def test_a_transfer_that_is_declared_in_time_leaves_nothing_to_tell(town: Town) -> None:
    case_id = connected(town)
    town.entered(NEW)
    town.submit(transfer(matter(old_holders=[APPLICANT])))
    assert state(town, case_id) == ["DECLARED"]
    days_pass(town)
    assert not notices(town)
    same_again(town)


def test_a_transfer_that_is_declared_before_the_entry_leaves_nothing_to_tell(town: Town) -> None:
    case_id = connected(town)
    town.submit(transfer(matter(old_holders=[APPLICANT])))
    town.entered(NEW)
    days_pass(town)
    assert state(town, case_id) in ([], ["DECLARED"]) and not notices(town)


def test_a_transfer_that_is_declared_afterwards_takes_the_notice_back_once(town: Town) -> None:
    case_id = connected(town)
    town.entered(NEW)
    days_pass(town)
    town.submit(transfer(matter(old_holders=[APPLICANT])))
    first, second = notices(town)
    assert (second["noticeNo"], second["takesBack"], second["registeredOn"]) == (2, first["noticeNo"], "2026-03-03")
    assert "fields" not in second
    assert state(town, case_id) == ["DECLARED"]
    same_again(town)


def test_a_transfer_that_is_declared_while_the_notice_waits_stops_both(town: Town) -> None:
    case_id = connected(town)
    town.entered(NEW)
    town.crm.failures = [Unavailable("connection refused")] * 50
    days_pass(town)
    town.service.submit(transfer(matter(old_holders=[APPLICANT])), town_by())
    for _ in range(3):
        town.crm.failures = []
        town.house.clock.pass_s(3_600)
        town.settle()
        town.house.due()
    town.settle()
    assert state(town, case_id) == ["DECLARED"]
    assert [one["takesBack"] for one in notices(town)] in ([], [None, 1]), "never a notice that stays"
    same_again(town)


def test_a_transfer_to_others_declares_nothing(town: Town) -> None:
    case_id = connected(town)
    town.submit(transfer(matter(old_holders=[APPLICANT])))
    town.entered(HEIR)
    days_pass(town)
    (told,) = notices(town)
    assert told["registeredOn"] == "2026-03-03" and state(town, case_id) == ["TOLD"]
    other = matter(old_holders=[APPLICANT], new_holders=[{**HEIR, "confirmed": True}])
    town.submit(transfer(other, number="T-2"))
    assert state(town, case_id) == ["DECLARED"] and [one["takesBack"] for one in notices(town)] == [None, 1]
    same_again(town)


@pytest.mark.parametrize("entered_first", [True, False])
def test_a_transfer_of_no_account_declares_nothing_in_either_order(town: Town, entered_first: bool) -> None:
    case_id = connected(town)
    if entered_first:
        town.entered(NEW)
    (one,) = town.submit(transfer(matter(old_holders=[APPLICANT])))
    town.told(one, "NO_ACCOUNT", 1)
    if not entered_first:
        town.entered(NEW)
    days_pass(town)
    assert state(town, case_id) == ["TOLD"] and len(notices(town)) == 1
    (two,) = town.submit(transfer(matter(old_holders=[APPLICANT]), number="T-2"))
    assert state(town, case_id) == ["DECLARED"] and [told["takesBack"] for told in notices(town)] == [None, 1]
    town.told(two, "NO_ACCOUNT", 1)
    days_pass(town, date(2026, 3, 25))
    assert state(town, case_id) == ["TOLD"] and [told["takesBack"] for told in notices(town)] == [None, 1, None]
    same_again(town)


def test_a_failed_declaration_leaves_the_one_that_stays(town: Town) -> None:
    case_id = connected(town)
    town.entered(NEW)
    town.submit(transfer(matter(old_holders=[APPLICANT])))
    (two,) = town.submit(transfer(matter(old_holders=[APPLICANT], accounts=["1200045679"]), number="T-2"))
    town.told(two, "NO_ACCOUNT", 1)
    days_pass(town)
    assert state(town, case_id) == ["DECLARED"] and not notices(town)
    same_again(town)


def town_by() -> Any:
    from tests.casework import BY

    return BY


def test_each_change_of_hands_is_told_on_its_own(town: Town) -> None:
    case_id = connected(town)
    town.entered(NEW)
    days_pass(town)
    town.entered(HEIR, issued_on=date(2026, 3, 19))
    days_pass(town, date(2026, 5, 20))
    assert [(one["noticeNo"], one["registeredOn"]) for one in notices(town)] == [(1, "2026-03-03"), (2, "2026-03-19")]
    assert state(town, case_id) == ["TOLD", "TOLD"]


def test_co_owners_of_one_day_are_one_change_and_one_who_stays_is_none(town: Town) -> None:
    case_id = connected(town)
    town.heard(town.title(NEW), town.title(HEIR))
    assert state(town, case_id) == ["WAITING"]
    other = connected(town, site={"unit_no": unit()}, external_no="A-2")
    town.entered(APPLICANT, NEW, issued_on=date(2026, 3, 10))
    assert "2026-03-10" not in [one["registered_on"] for one in town.house.applications.show(other)["handovers"]]


def test_a_tenant_s_account_does_not_follow_the_title(town: Town) -> None:
    case_id = connected(town, HEIR)
    evidence = {one["kind"]: one["reason"] for one in town.house.applications.show(case_id)["evidence"]}
    assert evidence["licence.property-title"] == "HELD_BY_OTHER"
    town.entered(NEW)
    days_pass(town)
    assert state(town, case_id) == [] and not notices(town)


def test_before_electricity_is_on_it_is_the_evidence_that_changes(town: Town) -> None:
    town.entered(APPLICANT, key="own", issued_on=date(2020, 5, 6))
    town.heard(samples.business())
    case_id = town.house.submit(body(site={"unit_no": unit()})).case_id
    town.house.due()
    town.entered(NEW)
    days_pass(town)
    assert state(town, case_id) == [] and not notices(town)


def test_p3_a_buyer_s_mortgage_within_the_days_does_not_silence_the_notice(town: Town) -> None:
    case_id = connected(town)
    town.entered(NEW, key="bought")
    town.entered(NEW, key="bought", mortgaged=True, registration_type="抵押权登记")
    days_pass(town)
    (told,) = notices(town)
    assert (told["registeredOn"], told["takesBack"], state(town, case_id)) == ("2026-03-03", None, ["TOLD"])
    same_again(town)


ENDS: dict[str, tuple[tuple[dict[str, Any], ...], dict[str, Any], str]] = {
    "cancelled": ((NEW,), {"status": "CANCELLED"}, "NOT_CURRENT"),
    "deleted": ((NEW,), {"operation": "DELETE"}, "NOT_CURRENT"),
    "corrected": ((APPLICANT,), {}, "SUPERSEDED"),
}


def ends(town: Town, how: str) -> None:
    """The title that the new holder had was a mistake."""
    holders, changes, _ = ENDS[how]
    record = town.title(*holders, key="bought", registration_type="500")
    record |= {name: value for name, value in changes.items() if name == "status"}
    record["source"] |= {name: value for name, value in changes.items() if name == "operation"}
    town.heard(record)


@pytest.mark.parametrize("how", ENDS)
def test_p3_a_notice_is_taken_back_once_when_the_change_is_in_force_no_more(town: Town, how: str) -> None:
    case_id = connected(town)
    town.entered(NEW, key="bought")
    days_pass(town)
    for _ in range(2):
        ends(town, how)
    first, second = notices(town)
    assert (first["takesBack"], second["noticeNo"], second["takesBack"]) == (None, 2, first["noticeNo"])
    assert (second["reason"], second["recordId"]) == (ENDS[how][2], first["recordId"])
    assert second["learnedAt"] == "2026-03-20T09:00+08:00" and second["changedAt"] is None and "fields" not in second
    assert state(town, case_id) == ["ENDED"]
    same_again(town)


@pytest.mark.parametrize("how", ENDS)
def test_nothing_is_told_of_a_change_that_was_in_force_no_more_before_the_bound(town: Town, how: str) -> None:
    case_id = connected(town)
    town.entered(NEW, key="bought")
    ends(town, how)
    days_pass(town)
    assert not notices(town) and state(town, case_id) == ["ENDED"]
    same_again(town)


def test_a_change_that_is_in_force_again_may_be_declared_again_and_is_told_by_a_notice_of_its_own(town: Town) -> None:
    case_id = connected(town)
    town.entered(NEW, key="bought")
    days_pass(town)
    ends(town, "cancelled")
    town.entered(NEW, key="bought")
    town.house.due()
    town.settle()
    assert [(one["noticeNo"], one["takesBack"]) for one in notices(town)] == [(1, None), (2, 1), (3, None)]
    town.submit(transfer(matter(old_holders=[APPLICANT])))
    assert notices(town)[-1]["takesBack"] == 3 and state(town, case_id) == ["DECLARED"]
    same_again(town)


def test_a_notice_stays_where_the_title_passed_on_to_others(town: Town) -> None:
    """The account did not follow either of them."""
    case_id = connected(town)
    town.entered(NEW, key="bought")
    days_pass(town)
    town.entered(HEIR, key="bought", registration_type="200", issued_on=date(2026, 3, 19))
    days_pass(town, date(2026, 5, 20))
    assert [(one["noticeNo"], one["registeredOn"]) for one in notices(town)] == [(1, "2026-03-03"), (2, "2026-03-19")]
    assert state(town, case_id) == ["TOLD", "TOLD"]
    same_again(town)


def test_the_last_of_two_changes_within_the_days_is_told(town: Town) -> None:
    case_id = connected(town)
    town.entered(NEW, key="bought")
    town.entered(HEIR, key="bought", registration_type="200", issued_on=date(2026, 3, 6))
    days_pass(town, date(2026, 5, 20))
    (told,) = notices(town)
    assert told["registeredOn"] == "2026-03-06" and state(town, case_id) == ["ENDED", "TOLD"]
    same_again(town)


def test_the_bound_is_data_of_the_policy() -> None:
    assert in_force(ENTRY_DAY).transfer.undeclared_days == 10
