"""The limits of joint transfers are data of the policy: none as shipped, and counted where a table has them."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub.cases import policy
from tests.casework import House
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


def test_limits_of_a_table_are_counted_in_working_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"check_days": 1, "transfer_days": 5}
    tables = tuple(
        one.model_copy(update={"transfer": one.transfer.model_copy(update=limits)}) for one in policy.shipped()
    )
    monkeypatch.setattr(policy, "shipped", lambda: tables)
    house = House(tmp_path, sinks=sinks())
    town = Town(house)
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
    house.close()
