"""The exchange table: it holds what the truth says, changes in place, reloads by night, has a database's troubles."""

import json
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import pytest

from sandbox import truth
from sandbox.errors import Misconfigured
from sandbox.launch import Running

from .conftest import SIZE


def _rows(running: Running, text: str = "SELECT * FROM ex_bdc_title", *values: Any) -> list[dict[str, Any]]:
    with sqlite3.connect(running.home / "exchange.db", timeout=0.2) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(text, values)]


def _truth(running: Running) -> list[dict[str, Any]]:
    return [line for line in truth.read(running.truth) if line["source"] == "property_title"]


def test_the_table_is_what_the_truth_says(running: Running) -> None:
    rows = {row["rowguid"]: row for row in _rows(running)}
    lines = _truth(running)
    assert len(rows) == len(lines) == SIZE - 1
    assert all(rows[line["key"]]["update_time"] == line["version"] for line in lines)
    assert {row["operatetype"] for row in rows.values()} == {"I"}
    assert len({row["update_time"] for row in rows.values()}) < SIZE / 5


def test_texts_are_gb18030_save_where_the_truth_says_otherwise(running: Running) -> None:
    broken = {line["key"] for line in _truth(running) if line["code"] == "TEXT_ENCODING"}
    for row in _rows(running):
        for column in ("zl", "ghyt", "djyy", "bdcqzh", "fj"):
            if row[column] is None:
                continue
            if row["rowguid"] in broken and column == "zl":
                with pytest.raises(UnicodeDecodeError):
                    row[column].decode("gb18030")
            else:
                assert row[column].decode("gb18030")
    names = [row["qlr"].decode("gb18030") for row in _rows(running, "SELECT qlr FROM ex_bdc_qlr")]
    assert any(any(ord(char) > 0xFFFF for char in name) for name in names) or len(names) > SIZE


def test_shares_sum_to_one_save_where_the_truth_says_otherwise(running: Running) -> None:
    from fractions import Fraction

    wrong = {line["key"] for line in _truth(running) if line["code"] in ("SHARES_SUM", "SHARES_MISSING")}
    shared = _rows(running, "SELECT rowguid FROM ex_bdc_title WHERE gyfs = '2'")
    for row in shared:
        shares = _rows(running, "SELECT qlbl FROM ex_bdc_qlr WHERE title_rowguid = ?", row["rowguid"])
        total = sum(Fraction(share["qlbl"] or 0) for share in shares)
        assert (total == 1) == (row["rowguid"] not in wrong)


def test_rows_change_in_place(fresh: Callable[..., Running]) -> None:
    running = fresh(size=200)
    before = {row["rowguid"]: row for row in _rows(running)}
    told = len(_truth(running))
    done = running.control("property_title", "advance", {"steps": 60})
    after = {row["rowguid"]: row for row in _rows(running)}
    lines = _truth(running)[told:]
    assert done["written"] == len(lines) == 60
    assert len(after) - len(before) == 6
    assert all(after[line["key"]]["update_time"] == line["version"] for line in lines)
    changed = [key for key, row in after.items() if before.get(key) != row]
    assert sorted(changed) == sorted(line["key"] for line in lines)
    assert {row["operatetype"] for row in after.values()} == {"I", "U", "D"}
    removed = {key for key, row in after.items() if row["operatetype"] == "D"}
    assert removed == {line["key"] for line in lines if line["operation"] == "DELETE"}


def test_a_reload_rewrites_every_row_and_leaves_out_the_vanished(fresh: Callable[..., Running]) -> None:
    running = fresh(size=200)
    running.control("property_title", "advance", {"steps": 60})
    before = {row["rowguid"]: row for row in _rows(running)}
    done = running.control("property_title", "reload", {"vanish": 3})
    after = {row["rowguid"]: row for row in _rows(running)}
    removed = {key for key, row in before.items() if row["operatetype"] == "D"}
    assert set(before) - set(after) == removed | set(done["vanished"])
    assert {row["update_time"] for row in after.values()} == {done["update_time"]}
    told = [line["key"] for line in _truth(running) if line.get("vanished")]
    assert sorted(told) == done["vanished"]
    assert not _rows(running, "SELECT * FROM ex_bdc_qlr WHERE title_rowguid NOT IN (SELECT rowguid FROM ex_bdc_title)")


def test_the_late_title_comes_once_when_it_is_released(fresh: Callable[..., Running]) -> None:
    running = fresh()
    entry = next(each for each in json.loads(running.applications.read_text()) if each["id"] == "late-title")
    key = entry["expected"]["title_key"]
    assert not _rows(running, "SELECT * FROM ex_bdc_title WHERE rowguid = ?", key)
    assert running.control("property_title", "release", {})["key"] == key
    running.restart("property_title")
    running.control("property_title", "release", {})
    (row,) = _rows(running, "SELECT * FROM ex_bdc_title WHERE rowguid = ?", key)
    assert row["bdcdyh"] == entry["body"]["site"]["unit_no"]
    assert [line["version"] for line in _truth(running) if line["key"] == key] == [row["update_time"]]


def test_late_rows_are_committed_after_their_time(fresh: Callable[..., Running]) -> None:
    running = fresh()
    running.fault("property_title", "late", share=1, delay_s=0.5)
    assert running.control("property_title", "advance", {"steps": 5})["late"] == 5
    assert {row["operatetype"] for row in _rows(running)} == {"I"}
    told = {line["key"]: line["version"] for line in _truth(running)[-5:]}
    time.sleep(0.9)
    assert {row["rowguid"]: row["update_time"] for row in _rows(running) if row["rowguid"] in told} == told


def test_rows_out_of_order_carry_a_time_that_has_passed(fresh: Callable[..., Running]) -> None:
    running = fresh()
    running.fault("property_title", "out_of_order", share=0.5, delay_s=60)
    running.control("property_title", "advance", {"steps": 20})
    now = time.time_ns() // 1_000_000
    times = [line["version"] for line in _truth(running)[-20:]]
    assert 0 < sum(version < now - 59_000 for version in times) < 20
    assert times != sorted(times)


def test_a_duplicate_is_the_same_row_with_a_new_time_and_no_news(fresh: Callable[..., Running]) -> None:
    running = fresh()
    before = {row["rowguid"]: row for row in _rows(running)}
    running.fault("property_title", "duplicates", share=1)
    told = len(_truth(running))
    running.control("property_title", "advance", {"steps": 5})
    assert len(_truth(running)) == told
    moved = [(before[row["rowguid"]], row) for row in _rows(running) if before[row["rowguid"]] != row]
    assert len(moved) == 5
    assert all(
        {**old, "update_time": 0, "operatetype": ""} == {**new, "update_time": 0, "operatetype": ""}
        for old, new in moved
    )


def test_columns_come_and_go(quiet: Running) -> None:
    for fault, column in (("extra_field", "xz_ext"), ("renamed_field", "mianji")):
        quiet.fault("property_title", fault)
        assert column in _rows(quiet)[0]
        quiet.clear("property_title")
        assert column not in _rows(quiet)[0]
    quiet.fault("property_title", "renamed_field", seconds=3)
    with pytest.raises(Misconfigured):
        quiet.control("property_title", "advance", {"steps": 1})
    time.sleep(3.3)
    assert "mj" in _rows(quiet)[0]


def test_a_locked_database_keeps_readers_out_and_opens_again(quiet: Running) -> None:
    quiet.fault("property_title", "down", seconds=30)
    with pytest.raises(sqlite3.OperationalError):
        _rows(quiet)
    quiet.clear("property_title")
    assert len(_rows(quiet)) == SIZE - 1


@pytest.mark.parametrize("body", [{"steps": 0}, {"steps": 10**6}, {"steps": "many"}])
def test_a_wrong_wish_is_refused(running: Running, body: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        running.control("property_title", "advance", body)
