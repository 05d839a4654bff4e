"""The limits of joint transfers are data of the policy: none as shipped, and counted where a table has them."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.cases import policy
from hub.cases.imports.notices import Notices
from tests.casework import BY, House
from tests.field.test_calendar import LONGER as NOTICE
from tests.transfers import Town, body, sinks


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    house = House(tmp_path, sinks=sinks())
    yield Town(house)
    house.close()


def clock(town: Town, case_id: bytes) -> tuple[str | None, str | None]:
    shown = town.service.show(case_id)["clock"]
    return shown["awaits"], shown["due_on"]


def test_the_shipped_tables_set_no_limit_and_it_is_said(town: Town) -> None:
    assert {(one.transfer.check_days, one.transfer.transfer_days) for one in policy.shipped()} == {(None, None)}
    (one,) = town.submit(body())
    shown = town.service.show(one)["clock"]
    assert (shown["awaits"], shown["due_on"], shown["clause"]) == ("check", None, "津工信电力〔2021〕8号 §6")
    assert "未规定时限" in shown["zh"] and "no limit is set" in shown["en"]


@pytest.fixture
def limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """By tables with limits of 1 and 5 working days."""
    limits = {"check_days": 1, "transfer_days": 5}
    tables = tuple(
        one.model_copy(update={"transfer": one.transfer.model_copy(update=limits)}) for one in policy.shipped()
    )
    monkeypatch.setattr(policy, "shipped", lambda: tables)
    house = House(tmp_path, sinks=sinks())
    yield Town(house)
    house.close()


def test_limits_of_a_table_are_counted_in_working_days(limited: Town) -> None:
    town = limited
    (one,) = town.submit(body())
    assert clock(town, one) == ("check", "2026-03-03"), "Monday does not count"
    town.told(one, "ARREARS", 1)
    assert clock(town, one) == (None, None), "what the old user owes is no time of the utility"
    town.told(one, "PAID")
    town.told(one, "CLEAR", 2)
    assert clock(town, one) == (None, None), "the registry's time is none of the utility"
    town.entered(issued_on=date(2026, 3, 2))
    assert clock(town, one) == ("transfer", "2026-03-09"), "over a weekend"
    town.told(one, "DONE", 1)
    assert clock(town, one) == (None, None)


def pass_days(town: Town, days: int) -> None:
    town.house.clock.pass_s(days * 86_400)
    town.house.due()
    town.settle()


def test_what_does_not_count_moves_no_last_day(limited: Town) -> None:
    (one,) = limited.submit(body())
    pass_days(limited, 2)
    for result, question in (("PAID", None), ("CLEAR", 7), ("APPLIED", 1)):
        limited.told(one, result, question)
        assert clock(limited, one) == ("check", "2026-03-03")
    limited.entered(issued_on=date(2026, 3, 3))
    assert limited.states() == ["entered"] and clock(limited, one) == ("check", "2026-03-03"), "the same question"
    limited.told(one, "CLEAR", 1)
    assert clock(limited, one) == ("transfer", "2026-03-11")
    limited.told(one, "APPLIED", 1)
    pass_days(limited, 3)
    limited.told(one, "APPLIED", 1)
    assert clock(limited, one) == ("transfer", "2026-03-11"), "accepted, and not done"
    limited.told(one, "OWING", 1)
    assert clock(limited, one) == (None, None)
    limited.told(one, "PAID")
    assert clock(limited, one) == ("transfer", "2026-03-13"), "a new question, asked on a Saturday"


def test_an_entry_that_is_lost_leaves_the_question_that_is_open_its_last_day(limited: Town) -> None:
    (one,) = limited.submit(body())
    limited.entered(key="same")
    pass_days(limited, 2)
    limited.heard(limited.title(key="same") | {"status": "CANCELLED"})
    assert limited.states() == ["checking"] and clock(limited, one) == ("check", "2026-03-03")


def test_what_is_late_is_shown_everywhere(limited: Town) -> None:
    (one,) = limited.submit(body())
    assert [line["overdue"] for line in limited.service.list()] == [False]
    pass_days(limited, 2)
    shown = limited.service.show(one)
    assert shown["overdue"] and shown["clock"]["overdue"] and not shown["provisional"]
    assert limited.service.list()[0]["overdue"]
    lines = [(line["what"], line["said"]) for line in limited.service.story(one)]
    assert ("limit", "2026-03-03") in lines and lines[-1] == ("limit.overdue", "2026-03-03")
    limited.told(one, "CLEAR", 1)
    assert not limited.service.show(one)["overdue"]
    assert "limit" not in [line["what"] for line in limited.service.story(one)]


def test_a_notice_that_comes_later_counts_again_and_takes_the_mark_off(limited: Town) -> None:
    limited.house.clock.pass_s(302 * 86_400)  # 2026-12-29
    (one,) = limited.submit(body())
    limited.told(one, "CLEAR", 1)
    limited.entered()
    shown = limited.service.show(one)
    assert (shown["due_on"], shown["provisional"]) == ("2027-01-06", True), "2027 has no notice yet"
    assert limited.house.due() == 0
    Notices(limited.house.store, limited.house.journal).import_file(NOTICE.encode(), BY)
    assert limited.house.due() == 1 and limited.house.due() == 0
    shown = limited.service.show(one)
    assert (shown["due_on"], shown["provisional"], shown["clock"]["asked_on"]) == ("2027-01-08", False, "2026-12-29")
    limited.house.relay()
    assert all(table.equal for table in limited.house.remade().values())
