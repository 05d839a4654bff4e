"""Histories of joint transfers through topics and tables, on both engines, each with the end that it must have. After
each one everything is delivered again in another order, and nothing changes (P2); the tables can be made again from the
topics with equal content (P4); the registry's entry was never held up."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hub.cases.transfer.command import MATTERS_MAX
from hub.cases.transfer.tables import transfer_title
from hub.errors import RecordRejected, Unavailable
from tests import samples
from tests.casework import BY, House
from tests.transfers import (
    ACCOUNT,
    CO_OWNER,
    DEVELOPER,
    HEIR,
    NEW,
    OLD,
    OLD_TITLE_NO,
    SECOND_ACCOUNT,
    Town,
    body,
    matter,
    sinks,
    unit,
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    house = House(tmp_path, sinks=sinks(), url=url)
    yield Town(house)
    house.close()


def arrears_at_neither(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    assert town.states() == ["ready"]
    town.entered()
    town.told(one, "APPLIED", 1)
    town.told(one, "DONE", 1)
    (sent,) = town.bodies("transfer")
    assert sent["registeredOn"] == "2026-03-03" and sent["keepTariff"] is True and sent["consNo"] == ACCOUNT
    assert sent["verifiedAt"] == "2026-03-02T09:00+08:00", "when the hub verified the title, not its source's time"
    assert sent["fields"]["unit"]["area_m2"] == "88.50" and sent["newHolders"][0]["idNo"] == samples.OTHER_PERSON
    return ["registration", "check", "transfer"]


def arrears_at_the_check(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "ARREARS", 1)
    assert town.states() == ["arrears"]
    assert town.kinds() == ["registration", "check"], "it is not asked again before it is paid"
    town.told(one, "PAID")
    town.told(one, "CLEAR", 2)
    town.entered()
    town.told(one, "DONE", 1)
    assert [sent["questionNo"] for sent in town.bodies("check")] == [1, 2]
    return ["registration", "check", "check", "transfer"]


def arrears_at_the_transfer(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered()
    town.told(one, "OWING", 1)
    assert town.states() == ["owing"], "the title is entered, only the electricity side is pending"
    town.told(one, "PAID")
    town.told(one, "APPLIED", 2)
    town.told(one, "DONE", 2)
    assert [sent["questionNo"] for sent in town.bodies("transfer")] == [1, 2]
    return ["registration", "check", "transfer", "transfer"]


def the_entry_does_not_wait_for_the_arrears(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "ARREARS", 1)
    town.entered()
    assert town.states() == ["owing"]
    town.told(one, "PAID")
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def paid_is_heard_before_the_arrears(town: Town) -> list[str]:
    (one,) = town.submit(body())
    now_ms = town.house.clock.now_ms()
    town.told(one, "PAID", at_ms=now_ms + 2)
    town.told(one, "ARREARS", 1, at_ms=now_ms + 1)
    assert town.states() == ["checking"]
    town.told(one, "CLEAR", 2)
    town.entered()
    town.told(one, "DONE", 1)
    return ["registration", "check", "check", "transfer"]


def two_accounts_one_in_arrears(town: Town) -> list[str]:
    one, two = town.submit(body(matter(accounts=[ACCOUNT, SECOND_ACCOUNT])))
    town.told(one, "CLEAR", 1)
    town.told(two, "ARREARS", 1)
    town.entered()
    town.told(one, "DONE", 1)
    assert town.states() == ["done", "owing"], "each account on its own"
    town.told(two, "PAID")
    town.told(two, "DONE", 1)
    return [*(["registration", "check"] * 2), "transfer", "transfer"]


def two_titles_of_one_account(town: Town) -> list[str]:
    one, two = town.submit(body(matter(), matter(unit_no=unit(2))))
    for each in (one, two):
        town.told(each, "CLEAR", 1)
    town.entered()
    assert town.states() == ["transferring", "ready"]
    town.entered(unit_no=unit(2))
    town.told(one, "DONE", 1)
    town.told(two, "DONE", 1)
    return [*(["registration", "check"] * 2), "transfer", "transfer"]


def a_mortgage_starts_nothing(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered(mortgaged=True, registration_type="抵押权登记")
    town.entered(registration_type="300", registration_reason="权利人姓名变更")
    assert town.states() == ["ready"] and not town.house.rows(transfer_title)
    town.entered(mortgaged=True)
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def other_holders_are_overlooked(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered(HEIR)
    town.entered(NEW, CO_OWNER)
    found = sorted(row.what for row in town.house.rows(transfer_title))
    assert found == ["HOLDER_UNCONFIRMED", "OTHER_HOLDERS"]
    assert town.states() == ["ready"]
    town.entered(NEW)  # of the same day
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def first_registration_in_bulk(town: Town) -> list[str]:
    matters = [
        matter(unit_no=unit(nth), accounts=[f"13000000{nth}0"], old_holders=[DEVELOPER])
        | {"new_holders": [{**(NEW, CO_OWNER, HEIR)[nth % 3], "confirmed": True}], "keep_tariff": False}
        for nth in range(1, 7)
    ]
    ids = town.submit(body(*matters, reason="FIRST_REGISTRATION"))
    town.heard(*(town.report(one, "CLEAR", 1) for one in ids))
    town.heard(
        *(town.title((NEW, CO_OWNER, HEIR)[nth % 3], unit_no=unit(nth), registration_type="100") for nth in range(1, 7))
    )
    assert town.states() == ["transferring"] * 6
    town.heard(*(town.report(one, "DONE", 1) for one in ids))
    return [*(["registration"] * 6), *(["check"] * 6), *(["transfer"] * 6)]


def cancelled_before_the_entry(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.cancel(one)
    town.cancel(one)
    assert town.bodies("cancellation")[0]["registeredOn"] is None and not town.bodies("notice")
    town.entered()  # the registry's side goes on, and the account stays with its old holder
    (notice,) = town.bodies("notice")
    assert notice["consNo"] == ACCOUNT and "holders" not in notice["fields"], "without who has it now (P3)"
    return ["registration", "check", "cancellation", "notice"]


def cancelled_after_the_entry(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "ARREARS", 1)
    town.entered()
    town.cancel(one)
    assert town.bodies("cancellation")[0]["registeredOn"] == "2026-03-03"
    assert len(town.bodies("notice")) == 1
    town.told(one, "PAID")
    return ["registration", "check", "cancellation", "notice"]


def the_crm_is_away_for_an_hour(town: Town) -> list[str]:
    away = Unavailable("connection refused")
    town.crm.failures = [away] * 3
    (one,) = town.submit(body())
    town.entered()
    assert town.states() == ["entered"] and not town.crm.effects, "the entry is heard while the utility is away"
    town.house.clock.pass_s(3_600)
    town.crm.failures = []
    town.settle()
    town.crm.failures = ["dropped"]
    town.told(one, "CLEAR", 1)  # the push takes effect, and its answer is lost
    town.house.clock.pass_s(600)
    town.settle()
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def co_owners_who_all_confirm(town: Town) -> list[str]:
    (one,) = town.submit(body(matter(new_holders=[{**NEW, "confirmed": True}, {**CO_OWNER, "confirmed": True}])))
    town.told(one, "CLEAR", 1)
    town.entered(NEW)  # each has a title of one's own
    assert town.states() == ["ready"]
    town.entered(CO_OWNER)
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def one_co_owner_with_a_mandate(town: Town) -> list[str]:
    mandate = {"form": "DECLARATION", "reference": "W-17"}
    (one,) = town.submit(body(matter(new_holders=[NEW], mandate=mandate)))
    town.told(one, "CLEAR", 1)
    town.entered(NEW, CO_OWNER)
    town.told(one, "DONE", 1)
    assert town.bodies("transfer")[0]["mandate"] == mandate
    return ["registration", "check", "transfer"]


def an_old_title_number(town: Town) -> list[str]:
    town.entered(OLD, title_no=OLD_TITLE_NO, issued_on=date(2003, 5, 6), registration_type="")
    written = "房地证津字第 104010912345 号"
    (one,) = town.submit(body(matter(unit_no=None, title_no=written)))
    town.told(one, "CLEAR", 1)
    town.entered()
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def an_old_title_that_is_known_later(town: Town) -> list[str]:
    (one,) = town.submit(body(matter(unit_no=None, title_no=OLD_TITLE_NO)))
    town.told(one, "CLEAR", 1)
    town.entered(OLD, title_no=OLD_TITLE_NO, issued_on=date(2003, 5, 6))
    town.entered()
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def an_undeclared_transfer(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered()
    town.told(one, "DONE", 1)
    town.entered(HEIR, issued_on=date(2026, 9, 1))
    town.entered(HEIR, issued_on=date(2026, 9, 1), registration_type="300")
    assert [sent["registeredOn"] for sent in town.bodies("notice")] == ["2026-09-01"]
    return ["registration", "check", "transfer", "notice"]


def a_declared_transfer_after_another(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered()
    town.told(one, "DONE", 1)
    town.house.clock.pass_s(86_400)
    again = matter(old_holders=[NEW], new_holders=[{**HEIR, "confirmed": True}])
    (two,) = town.submit(body(again, number="T-2"))
    town.entered(HEIR, issued_on=date(2026, 9, 1))
    town.told(two, "CLEAR", 1)
    town.told(two, "DONE", 1)
    assert not town.bodies("notice"), "it was declared"
    return [*(["registration", "check", "transfer"] * 2)]


def a_later_transfer_that_is_none(town: Town) -> list[str]:
    """To other holders, or for an account that is none: neither says anything of this change of hands."""
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered()
    town.told(one, "DONE", 1)
    town.house.clock.pass_s(86_400)
    again = matter(old_holders=[NEW], new_holders=[{**HEIR, "confirmed": True}])
    (two,) = town.submit(body(again, number="T-2"))
    town.entered(CO_OWNER, issued_on=date(2026, 9, 1))
    assert len(town.bodies("notice")) == 1, "to another than declared"
    town.told(two, "NO_ACCOUNT", 1)
    town.entered(HEIR, issued_on=date(2026, 10, 1))
    assert len(town.bodies("notice")) == 2, "declared for an account that is none"
    town.told(two, "DONE")
    return ["registration", "check", "transfer", "notice", "registration", "check", "notice"]


def an_inheritance_with_an_old_number(town: Town) -> list[str]:
    legacy = {"name": "王伟", "resident_id": "360426910101007"}
    (one,) = town.submit(
        body(matter(old_holders=[legacy], new_holders=[{**HEIR, "confirmed": True}]), reason="INHERITANCE")
    )
    town.told(one, "CLEAR", 1, account_holder="OTHER")
    town.entered(HEIR, registration_reason="继承")
    town.told(one, "DONE", 1)
    assert town.service.show(one)["account_holder"] == "OTHER"
    return ["registration", "check", "transfer"]


def a_division_between_co_owners(town: Town) -> list[str]:
    town.entered(OLD, NEW, issued_on=date(2010, 1, 4))
    (one,) = town.submit(body(matter(old_holders=[OLD, NEW]), reason="DIVISION"))
    assert town.states() == ["checking"], "the title of both is no entry for one"
    town.told(one, "CLEAR", 1)
    town.entered(NEW, registration_reason="析产")
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def an_entry_before_the_submission(town: Town) -> list[str]:
    town.entered()
    (one,) = town.submit(body())
    assert town.states() == ["entered"]
    town.told(one, "CLEAR", 1)
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def particulars_change_while_arrears_are_open(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "ARREARS", 1)
    town.entered(key="same")
    town.heard(town.title(key="same", registration_type="300", issued_on=date(2026, 3, 10)))
    town.told(one, "PAID")
    town.settle()
    (sent,) = town.bodies("transfer")
    assert sent["registeredOn"] == "2026-03-03", "of the transfer, not of the change in its row"
    town.told(one, "DONE")
    return ["registration", "check", "transfer"]


def the_entry_is_corrected_while_arrears_are_open(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "ARREARS", 1)
    town.entered(key="same")
    town.heard(town.title(key="same", registration_type="500", area_m2="90.00"))
    town.told(one, "PAID")
    town.settle()
    (sent,) = town.bodies("transfer")
    assert sent["fields"]["unit"]["area_m2"] == "90.00", "as it is now"
    town.told(one, "DONE")
    return ["registration", "check", "transfer"]


def declared_after_a_change_of_particulars(town: Town) -> list[str]:
    town.entered(key="same")
    town.heard(town.title(key="same", registration_type="300", issued_on=date(2026, 3, 10)))
    (one,) = town.submit(body())
    assert town.service.show(one)["registered_on"] == "2026-03-03"
    town.told(one, "CLEAR", 1)
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def particulars_that_name_the_new_holder_are_no_entry(town: Town) -> list[str]:
    """Also where the row was entered by a transfer once: that one was to the old holder."""
    town.entered(OLD, key="same", issued_on=date(2015, 1, 1))
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered(key="same", registration_type="300", issued_on=date(2026, 3, 3))
    assert town.states() == ["ready"] and not town.house.rows(transfer_title)
    town.entered(key="same", issued_on=date(2026, 3, 9))
    assert town.service.show(one)["registered_on"] == "2026-03-09"
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def a_developer_s_title_that_names_the_buyer_by_particulars_is_no_entry(town: Town) -> list[str]:
    (one,) = town.submit(body(matter(old_holders=[DEVELOPER]), reason="FIRST_REGISTRATION"))
    town.told(one, "CLEAR", 1)
    town.entered(DEVELOPER, key="same", registration_type="100", issued_on=date(2026, 3, 1))
    town.entered(key="same", registration_type="300")
    assert town.states() == ["ready"]
    town.entered(key="same", issued_on=date(2026, 3, 9))
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def the_new_holder_s_number_is_corrected_in_the_entry(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered(CO_OWNER, key="same")
    assert town.states() == ["ready"]
    town.entered(key="same", registration_type="500", issued_on=date(2026, 3, 10))
    assert town.service.show(one)["registered_on"] == "2026-03-03"
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def a_mandate_takes_no_title_that_names_the_old_holder(town: Town) -> list[str]:
    """Spouses had one title; the survivor and a child inherit, the survivor acts for both."""
    town.entered(OLD, NEW, key="both", issued_on=date(2015, 1, 1))
    (one,) = town.submit(body(matter(mandate={"form": "DECLARATION", "reference": "D-1"}), reason="INHERITANCE"))
    town.told(one, "CLEAR", 1)
    assert town.states() == ["ready"], "nothing was entered yet"
    town.heard(town.title(OLD, NEW, key="both", issued_on=date(2015, 1, 1)) | {"status": "SUPERSEDED"})
    town.entered(NEW, HEIR, issued_on=date(2026, 3, 9))
    assert town.service.show(one)["registered_on"] == "2026-03-09"
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def a_co_owner_s_own_former_title_is_no_entry(town: Town) -> list[str]:
    """Each had one, of one day; one of them inherits. Also after the other one has ended."""
    first = {"issued_on": date(2015, 1, 1)}
    town.entered(OLD, key="old", **first)
    town.entered(NEW, key="own", **first)
    (one,) = town.submit(body(matter(old_holders=[OLD, NEW]), reason="INHERITANCE"))
    town.told(one, "CLEAR", 1)
    town.heard(town.title(OLD, key="old", **first) | {"status": "CANCELLED"})
    town.heard(town.title(NEW, key="own", mortgaged=True, **first))
    assert town.states() == ["ready"]
    town.entered(NEW, issued_on=date(2026, 3, 9))
    assert town.service.show(one)["registered_on"] == "2026-03-09"
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def a_former_title_that_was_never_closed_is_no_entry(town: Town) -> list[str]:
    town.entered(NEW, key="former", issued_on=date(2010, 1, 4))
    town.entered(OLD, key="old", issued_on=date(2015, 1, 1))
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    assert town.states() == ["ready"]
    town.heard(town.title(OLD, key="old", issued_on=date(2015, 1, 1)) | {"status": "SUPERSEDED"})
    assert town.states() == ["ready"], "that it has ended makes the former one no entry"
    town.entered(issued_on=date(2026, 3, 9))
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def sold_back_and_again(town: Town) -> list[str]:
    back = matter(old_holders=[NEW], new_holders=[{**OLD, "confirmed": True}])
    for nth, (each, holder, day) in enumerate(((matter(), NEW, 3), (back, OLD, 10), (matter(), NEW, 20)), 1):
        (one,) = town.submit(body(each, number=f"T-{nth}"))
        town.told(one, "CLEAR", 1)
        assert town.service.show(one)["registered_on"] is None, "the title of an earlier sale is none of this one"
        town.entered(holder, issued_on=date(2026, 3, day))
        town.told(one, "DONE", 1)
        town.house.clock.pass_s(10 * 86_400)
    assert [sent["registeredOn"] for sent in town.bodies("transfer")] == ["2026-03-03", "2026-03-10", "2026-03-20"]
    return ["registration", "check", "transfer"] * 3


def a_developer_s_title_and_the_buyer_s_of_one_day(town: Town) -> list[str]:
    day = {"issued_on": date(2026, 3, 1)}
    town.entered(DEVELOPER, registration_type="100", **day)
    town.entered(NEW, **day)
    (one,) = town.submit(body(matter(old_holders=[DEVELOPER]), reason="FIRST_REGISTRATION"))
    assert town.service.show(one)["registered_on"] == "2026-03-01", "declared late"
    town.told(one, "CLEAR", 1)
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def particulars_of_another_s_title_change(town: Town) -> list[str]:
    """One who was overlooked is overlooked once, and no transfer starts by a change of particulars alone."""
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered(HEIR, key="other")
    town.heard(town.title(HEIR, key="other", registration_type="300", issued_on=date(2026, 3, 10)))
    town.entered(NEW, key="none", registration_type="300")
    assert [row.what for row in town.house.rows(transfer_title)] == ["OTHER_HOLDERS"]
    assert town.states() == ["ready"]
    town.entered()
    town.told(one, "DONE", 1)
    return ["registration", "check", "transfer"]


def the_entry_is_corrected_after_it_was_told(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered(key="same")
    town.told(one, "APPLIED", 1)
    town.house.clock.pass_s(600)
    number = town.bodies("transfer")[0]["fields"]["unit"]["title_no"]
    town.heard(town.title(key="same", title_no=number, mortgaged=True))
    assert not town.bodies("notice"), "a mortgage is nothing that was told"
    town.heard(town.title(key="same", area_m2="90.00"))
    (told,) = town.bodies("notice")
    assert (told["takesBack"], told["reason"], told["registeredOn"]) == (1, "SUPERSEDED", "2026-03-03")
    assert told["recordId"] == town.bodies("transfer")[0]["recordId"] and told["fields"] == {}
    assert told["learnedAt"] == "2026-03-02T09:10+08:00", "when the hub learned it"
    town.told(one, "DONE", 1)
    town.heard(town.title(HEIR, key="same"))
    assert [sent["takesBack"] for sent in town.bodies("notice")] == [1, 1], "done, and corrected to another holder"
    return ["registration", "check", "transfer", "notice", "notice"]


def the_entry_ends_after_it_is_done(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered(key="same")
    town.told(one, "DONE", 1)
    town.heard(town.title(key="same") | {"status": "CANCELLED"})
    (told,) = town.bodies("notice")
    assert (told["reason"], told["consNo"]) == ("NOT_CURRENT", ACCOUNT)
    (shown,) = town.service.show(one)["recalls"]
    assert (shown["reason"], shown["registered_on"]) == ("NOT_CURRENT", "2026-03-03") and shown["learned_at"]
    assert "recall.NOT_CURRENT" in [line["what"] for line in town.service.story(one)]
    return ["registration", "check", "transfer", "notice"]


def the_title_goes_on_in_the_same_row(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered(key="same")
    town.told(one, "DONE", 1)
    town.heard(town.title(HEIR, key="same", issued_on=date(2026, 9, 1)))
    (told,) = town.bodies("notice")
    assert "takesBack" not in told, "a new transfer, which nobody declared: no correction"
    return ["registration", "check", "transfer", "notice"]


def the_entry_ends_while_arrears_are_open(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "ARREARS", 1)
    town.entered(key="same")
    town.heard(town.title(key="same") | {"status": "CANCELLED"})
    shown = town.service.show(one)
    assert (shown["state"], shown["registered_on"], shown["recalls"]) == ("arrears", None, []), "nothing was told"
    town.told(one, "PAID")
    town.told(one, "CLEAR", 2)
    assert town.states() == ["ready"]
    town.entered(key="new", issued_on=date(2026, 4, 1))
    town.told(one, "DONE", 1)
    return ["registration", "check", "check", "transfer"]


def the_entry_ends_while_it_owes_after_it_was_told(town: Town) -> list[str]:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered(key="same")
    town.told(one, "OWING", 1)
    town.heard(town.title(key="same") | {"status": "CANCELLED"})
    assert town.states() == ["arrears"] and len(town.bodies("notice")) == 1
    town.entered(key="new", issued_on=date(2026, 4, 1))
    town.told(one, "PAID")
    town.told(one, "DONE", 2)
    assert [sent["registeredOn"] for sent in town.bodies("transfer")] == ["2026-03-03", "2026-04-01"]
    return ["registration", "check", "transfer", "notice", "transfer"]


ENDS_DONE: list[Callable[[Town], list[str]]] = [
    arrears_at_neither,
    arrears_at_the_check,
    arrears_at_the_transfer,
    the_entry_does_not_wait_for_the_arrears,
    paid_is_heard_before_the_arrears,
    two_accounts_one_in_arrears,
    two_titles_of_one_account,
    a_mortgage_starts_nothing,
    other_holders_are_overlooked,
    first_registration_in_bulk,
    the_crm_is_away_for_an_hour,
    co_owners_who_all_confirm,
    one_co_owner_with_a_mandate,
    an_old_title_number,
    an_old_title_that_is_known_later,
    an_undeclared_transfer,
    a_later_transfer_that_is_none,
    a_declared_transfer_after_another,
    an_inheritance_with_an_old_number,
    a_division_between_co_owners,
    an_entry_before_the_submission,
    particulars_change_while_arrears_are_open,
    the_entry_is_corrected_while_arrears_are_open,
    declared_after_a_change_of_particulars,
    particulars_that_name_the_new_holder_are_no_entry,
    a_developer_s_title_that_names_the_buyer_by_particulars_is_no_entry,
    the_new_holder_s_number_is_corrected_in_the_entry,
    a_mandate_takes_no_title_that_names_the_old_holder,
    a_co_owner_s_own_former_title_is_no_entry,
    a_former_title_that_was_never_closed_is_no_entry,
    sold_back_and_again,
    a_developer_s_title_and_the_buyer_s_of_one_day,
    particulars_of_another_s_title_change,
    the_entry_is_corrected_after_it_was_told,
    the_entry_ends_after_it_is_done,
    the_title_goes_on_in_the_same_row,
    the_entry_ends_while_arrears_are_open,
    the_entry_ends_while_it_owes_after_it_was_told,
]


@pytest.mark.parametrize("history", ENDS_DONE, ids=lambda one: one.__name__)
def test_a_history_that_ends_with_the_transfer(history: Callable[[Town], list[str]], town: Town) -> None:
    _plays(history, town, "done")


@pytest.mark.parametrize(
    "history", [cancelled_before_the_entry, cancelled_after_the_entry], ids=lambda one: one.__name__
)
def test_a_history_that_is_cancelled(history: Callable[[Town], list[str]], town: Town) -> None:
    _plays(history, town, "cancelled")


def _plays(history: Callable[[Town], list[str]], town: Town, end: str) -> None:
    pieces = history(town)
    assert set(town.states()) == {end}
    assert sorted(town.kinds()) == sorted(pieces)
    before = town.states(), town.kinds()
    town.again()
    assert (town.states(), town.kinds()) == before
    town.house.relay()
    different = {name: one for name, one in town.house.remade().items() if not one.equal}
    assert not different


def test_a_failed_transfer_has_the_utility_s_opinion(town: Town) -> None:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered()
    town.told(one, "FAILED", 1, opinion="户名与原产权人不符")
    shown = town.service.show(one)
    assert shown["state"] == "failed" and shown["registered_on"] == "2026-03-03"
    assert shown["reports"][-1]["opinion"] == "户名与原产权人不符"
    assert "户名" not in str([row._mapping for row in town.house.rows(transfer_title)])


def test_a_notice_whose_title_changes_before_it_leaves_takes_nothing_from_the_transfer(town: Town) -> None:
    (one,) = town.submit(body())
    town.told(one, "CLEAR", 1)
    town.entered()
    town.told(one, "DONE", 1)
    town.house.verified(town.title(HEIR, key="later", issued_on=date(2026, 9, 1)))
    town.house.project()
    town.house.verified(town.title(HEIR, key="later", issued_on=date(2026, 9, 2)))
    town.settle()
    town.settle()
    shown = town.service.show(one)
    assert (shown["state"], shown["registered_on"]) == ("done", "2026-03-03")
    assert [sent["registeredOn"] for sent in town.bodies("notice")] == ["2026-09-02"]


def test_another_content_of_an_event_is_stored_and_shown_and_changes_nothing(town: Town) -> None:
    (one,) = town.submit(body())
    at_ms = town.house.clock.now_ms() + 60_000
    first = town.report(one, "CLEAR", 1, at_ms=at_ms, opinion="户号无欠费")
    town.heard(first)
    for nth, changes in enumerate(
        [{"result": "ARREARS"}, {"opinion": "户号有欠费"}, {"occurred_at_ms": at_ms + 60_000}], 2
    ):
        other = samples.transfer_report("E1", first["report"]["transfer_no"], "CLEAR", 1)
        other["report"] |= first["report"] | changes
        other["source"] |= {"key": first["source"]["key"], "version": nth}
        town.heard(other)
    town.entered()
    town.told(one, "DONE", 1)
    reports = town.service.show(one)["reports"]
    assert [(told["result"], told["counted"], told["conflict"]) for told in reports] == [
        *(("CLEAR", True, True), ("DONE", True, False)),
        *(("ARREARS", False, True), ("CLEAR", False, True), ("CLEAR", False, True)),
    ]
    assert reports[3]["opinion"] == "户号有欠费"
    assert [line["what"] for line in town.service.story(one)].count("conflict.ARREARS") == 1
    town.again()
    town.house.relay()
    assert len(town.service.show(one)["reports"]) == 5 and all(table.equal for table in town.house.remade().values())


def test_what_happened_in_the_same_moment_is_heard_in_the_order_of_the_procedure(town: Town) -> None:
    """The utility's times may be whole seconds; the keys of its events are in no order."""
    transfers = town.submit(body(matter(accounts=[f"120004567{nth}" for nth in range(8)])))
    for one in transfers:
        town.told(one, "CLEAR", 1)
    town.entered()
    at_ms = town.house.clock.now_ms() + 6_000_000
    for one in transfers:
        town.heard(*(town.report(one, result, 1, at_ms=at_ms) for result in ("DONE", "APPLIED")))
    for one in transfers:
        told = [(each["result"], each["counted"]) for each in town.service.show(one)["reports"]]
        assert told == [("CLEAR", True), ("APPLIED", True), ("DONE", True)]


def test_one_event_over_two_ways_is_no_conflict_where_one_of_them_says_less(town: Town) -> None:
    (one,) = town.submit(body())
    told = town.report(one, "CLEAR", 1, opinion="户号无欠费")
    less = {**told, "source": told["source"] | {"system": "utility_transfers_table", "key": "17"}}
    less["report"] = told["report"] | {"opinion": None, "account_holder": "UNKNOWN", "operator": None}
    town.heard(told, less)
    (shown,) = town.service.show(one)["reports"]
    assert (shown["counted"], shown["conflict"]) == (True, False)


def test_a_title_that_changes_before_its_piece_leaves_is_looked_for_again(town: Town) -> None:
    (one,) = town.submit(body())
    town.house.verified(town.report(one, "CLEAR", 1), town.title(key="same"))
    town.house.project()
    assert town.states() == ["transferring"]
    town.house.verified(town.title(key="same", issued_on=date(2026, 3, 5)))  # corrected before the piece left
    town.settle()
    town.settle()
    assert [sent["registeredOn"] for sent in town.bodies("transfer")] == ["2026-03-05"]
    town.told(one, "DONE")
    assert town.states() == ["done"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"new_holders": [NEW]}, "HOLDER_UNCONFIRMED"),
        ({"new_holders": [{**NEW, "confirmed": True}, CO_OWNER]}, "HOLDER_UNCONFIRMED"),
        ({"accounts": [ACCOUNT, ACCOUNT]}, "MATTER_TWICE"),
        ({"unit_no": None}, "FIELD_MISSING"),
        ({"mandate": {"form": "DECLARATION", "reference": "W-17", "signed_on": "2099-01-01"}}, "DATE_FUTURE"),
        ({"title_no": OLD_TITLE_NO}, "NOT_ASKED"),
        ({"unit_no": "12"}, "UNIT_FORM"),
        ({"photo": "x"}, "NOT_ASKED"),
    ],
)
def test_what_is_refused(town: Town, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(RecordRejected) as refused:
        town.service.submit(body(matter(**changes)), BY)
    assert refused.value.code == code


def test_p5_a_refusal_says_which_matter_of_many(town: Town) -> None:
    wrong = matter(unit_no=unit(2), new_holders=[{**NEW, "confirmed": "maybe"}])
    with pytest.raises(RecordRejected) as refused:
        town.service.submit(body(matter(), wrong), BY)
    assert refused.value.field == "matters.1.new_holders.0.confirmed"


def test_a_co_owner_who_has_not_confirmed_is_refused_and_may_confirm_later(town: Town) -> None:
    waits = matter(new_holders=[{**NEW, "confirmed": True}, CO_OWNER])
    with pytest.raises(RecordRejected, match="HOLDER_UNCONFIRMED"):
        town.submit(body(waits))
    assert town.states() == [], "there is no such matter yet"
    (one,) = town.submit(body(waits | {"new_holders": [{**each, "confirmed": True} for each in (NEW, CO_OWNER)]}))
    town.told(one, "CLEAR", 1)
    town.entered(NEW, CO_OWNER)
    town.told(one, "DONE", 1)
    assert town.states() == ["done"]


def test_a_bulk_submission_is_registered_as_a_whole_or_not_at_all(town: Town) -> None:
    matters = [matter(unit_no=unit(nth), accounts=[f"13000000{nth}0"], keep_tariff=False) for nth in range(1, 7)]
    wrong = [*matters[:5], matters[5] | {"new_holders": [NEW]}]
    with pytest.raises(RecordRejected, match="HOLDER_UNCONFIRMED"):
        town.submit(body(*wrong, reason="FIRST_REGISTRATION"))
    assert town.states() == [] and not town.crm.effects
    with pytest.raises(RecordRejected):
        town.submit(body(*matters * (MATTERS_MAX // 6 + 1), reason="FIRST_REGISTRATION"))
    assert len(town.submit(body(*matters, reason="FIRST_REGISTRATION"))) == 6
    town.entered(NEW, unit_no=unit(3), registration_type="100")
    assert [sent["keepTariff"] for sent in town.bodies("registration")] == [False] * 6


def test_the_same_number_is_the_same_submission_or_is_taken(town: Town) -> None:
    first = town.service.submit(body(matter(accounts=[ACCOUNT, SECOND_ACCOUNT])), BY)
    again = town.service.submit(body(matter(accounts=[ACCOUNT, SECOND_ACCOUNT])), BY)
    assert (first.case_ids, first.created, again.created) == (again.case_ids, True, False)
    with pytest.raises(RecordRejected, match="EXTERNAL_NO_TAKEN"):
        town.service.submit(body(matter(accounts=[ACCOUNT])), BY)


def test_what_is_done_is_not_cancelled(town: Town) -> None:
    arrears_at_neither(town)
    with pytest.raises(RecordRejected, match="TRANSFER_ENDED"):
        town.service.cancel(town.service.find("gov-platform", "T-1")[0], BY)


def test_a_purpose_of_transfers_is_none_of_a_connection(town: Town) -> None:
    from tests.casework import body as application

    with pytest.raises(RecordRejected, match="PURPOSE_UNKNOWN"):
        town.house.submit(application(purpose="joint-transfer"))
