"""The one reader of dates: for connectors, files and rules."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.records import dates
from hub.records.dates import EARLIEST, date_or_none, date_or_same, read_compact, read_date

DAY = date(2021, 3, 4)


@pytest.mark.parametrize(
    "text",
    [
        "2021-03-04", "2021-3-4", "2021/03/04", "2021/3/4", "20210304", "2021年3月4日", "2021年03月04日", "2021年3月4",
        "２０２１-０３-０４", "２０２１年３月４日", "２０２１０３０４", "２０２１．３．４", "2021—03—04", "2021－3－4",
        "2021.03.04", "2021.3.4", "2021年 03 月 04 日", "2021 年 3 月 4 日", "2021年3月4号",
        " 2021-03-04", "2021-03-04\u3000", "\u200e2021-03-04", "2021-03-04\xa010:00", "2021/03/04\ufeff",
        "2021-03-04 10:00", "2021-03-04 10:00:00", "2021-03-04T10:00:00.000Z", "2021-03-04T10:00:00+08:00",
        "2021/3/4 0:00:00", "2021年3月4日 10:00", "2021-03-04 10.00.00.000000 +08:00", "20210304 100000",
        "20210304000000", "20210304235959", "20210304235959999", "202103040000", "20210304T235959+0800",
        "2021年3月4日 12时30分15秒", "2021年3月4日23时", "2021年3月4日9点整", "二〇二一年三月四日",
        "二零二一年 三月 四日", "二○二一年三月四号",
        "2021.03.04 23:59:59", "2021-03-04 24:00:00", "2021-03-04T23:59:60", "2021-03-04T00:00+08:00[Asia/Shanghai]",
    ],
)  # fmt: skip
def test_every_form_that_sources_write_is_the_same_day(text: str) -> None:
    assert read_date(text) == DAY


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "2021", "2021-03", "2021-02-30", "2023-02-29", "2021-13-01", "2021-00-01", "gestern", "2024-W01-1",
        "长期",
        "21-3-4", "0-3-4", "2021/3-4", "2021年3-4日", "2_021-3-4", "+2021-3-4", "2021-3-4-5", "٢٠٢١-٣-٤",
        "2021-03-04 2022-03-04", "2021-03-04至2022-03-04", "2021-03-04 上午", "44259", "0000-01-01",
        "二一年三月四日", "二〇二一年十三月四日", "二〇二一年二月三十日", "2021年3月4日 25时", "2021年3月4日 12时61分",
        "2021.03", "2021.3-4", "2021-²-4", "2021-①-4",
        "98/3/4", "98-03-04", "98.3.4", "980304", "98年3月4日", "021-03-04", "3/4/2021", "04-03-2021",
        "2021-03-04 25:00", "2021-03-04 10:60", "2021-03-04 24:01", "20210304999999", "2021030410", "1614787200000",
        "2021-03-04T10:00+15:00", "2021-03-04T10:00 EST",
        "0001-01-01", "0001-01-01T00:00:00Z", "0098-03-04", "1753-01-01", "1899-12-30", "1900-01-01", "00010101",
    ],
)  # fmt: skip
def test_any_other_text_is_no_date(text: str) -> None:
    assert read_date(text) is None
    assert date_or_same(text) == text


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2023-10-30T16:00:00.000Z", date(2023, 10, 31)),
        ("2023-10-30T15:59:59.999Z", date(2023, 10, 30)),
        ("2023-10-30 16:00:00 UTC", date(2023, 10, 31)),
        ("20231030160000Z", date(2023, 10, 31)),
        ("2023-10-31T00:30:00+09:00", date(2023, 10, 30)),
        ("2023-10-31T01:00:00+09:00", date(2023, 10, 31)),
        ("2023-10-30T12:00:00-05:00", date(2023, 10, 31)),
        ("2023-10-30T12:00-0500", date(2023, 10, 31)),
        ("2023-12-31T16:00Z", date(2024, 1, 1)),
        ("2023-10-30t16:00:00z", date(2023, 10, 31)),
        ("9999-12-31T16:00Z", date.max),
        ("9999-12-31T23:59:59.9999999Z", date.max),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_a_moment_with_an_offset_is_a_day_in_china(text: str, day: date | None) -> None:
    """P4: a date is what happened, where it happened."""
    assert read_date(text) == day


def test_a_long_text_is_no_date_and_is_not_kept() -> None:
    """P1: the cache of dates once held 16,384 texts of any length, which took the memory of the hub."""
    dates._read.cache_clear()
    for place in range(200):
        text = f"{place:08d}" + "x" * 100_000
        assert read_date(text) is None
        assert date_or_none(text) == text
    assert dates._read.cache_info().currsize == 0


@given(st.dates(min_value=EARLIEST))
def test_every_day_is_read_in_every_form(day: date) -> None:
    assert read_date(day.isoformat()) == day
    assert read_date(f"{day:%Y%m%d}") == read_compact(f"{day:%Y%m%d}") == day
    assert read_date(f"{day.year}/{day.month}/{day.day}") == day
    assert date_or_none(f"{day.year}年{day.month}月{day.day}日 10:00:00") == day


@given(st.text(alphabet="0123456789-/年月日 :TZ０", max_size=14))
def test_what_is_read_is_a_day_and_nothing_raises(text: str) -> None:
    found = read_date(text)
    assert found is None or found - timedelta(0) == found


@pytest.mark.parametrize(
    "text",
    [
        "长期",
        "永久",
        "无固定期限",
        "长期有效",
        "永久有效",
        "无期限",
        "長期",
        " 长期",
        "长 期",
        "长期\u200b",
        "终身有效",
        "",
        " ",
    ],
)
def test_no_end_is_null_only_where_null_may_be(text: str) -> None:
    assert date_or_none(text) is None
    assert date_or_same(text) == text


@pytest.mark.parametrize("given", ["9999-12-31", "2099/12/31", "99991231", 99991231, date(9999, 12, 31)])
def test_the_last_day_of_calendars_is_no_end(given: str | int | date) -> None:
    assert date_or_none(given) is None
    assert isinstance(date_or_same(given), date)


@pytest.mark.parametrize("value", [True, 3.5, None, [], {}, 12, 10**30, b"2021-03-04"])
def test_what_is_no_date_comes_back_unchanged(value: object) -> None:
    assert date_or_same(value) == value
    assert date_or_none(value) == value
