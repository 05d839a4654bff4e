"""The one reader of dates: for connectors, files and rules."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.records.dates import date_or_none, date_or_text, read_compact, read_date

DAY = date(2021, 3, 4)


@pytest.mark.parametrize(
    "text",
    [
        "2021-03-04", "2021-3-4", "2021/03/04", "2021/3/4", "20210304", "2021年3月4日", "2021年03月04日", "2021年3月4",
        "２０２１-０３-０４", "２０２１年３月４日",
        "2021-03-04 10:00", "2021-03-04 10:00:00", "2021-03-04T10:00:00.000Z", "2021-03-04T10:00:00+08:00",
        "2021/3/4 0:00:00", "2021年3月4日 10:00", "2021-03-04 10.00.00.000000 +08:00", "20210304 100000",
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
        "2021-03-04 2022-03-04", "2021-03-04至2022-03-04", "2021-03-04 上午", "44259", "20210304100000", " 2021-03-04",
        "２０２１０３０４", "0000-01-01",
    ],
)  # fmt: skip
def test_any_other_text_is_no_date(text: str) -> None:
    assert read_date(text) is None
    assert date_or_text(text) == text


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_day_is_read_in_every_form(day: date) -> None:
    assert read_date(day.isoformat()) == day
    assert read_date(f"{day:%Y%m%d}") == read_compact(f"{day:%Y%m%d}") == day
    assert read_date(f"{day.year}/{day.month}/{day.day}") == day
    assert date_or_none(f"{day.year}年{day.month}月{day.day}日 10:00:00") == day


@given(st.text(alphabet="0123456789-/年月日 :TZ０", max_size=14))
def test_what_is_read_is_a_day_and_nothing_raises(text: str) -> None:
    found = read_date(text)
    assert found is None or found - timedelta(0) == found


@pytest.mark.parametrize("text", ["长期", "永久", "无固定期限"])
def test_no_end_is_null_only_where_null_may_be(text: str) -> None:
    assert date_or_none(text) is None
    assert date_or_text(text) == text
