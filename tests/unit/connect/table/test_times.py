"""The time of a row, in each form that owners have."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.clock import CHINA
from hub.connect.table.spec import TableSpec
from hub.connect.table.times import Times

AT_MS = 1_704_153_600_000
"""2024-01-02 08:00 in China."""
ONE = {"name": "ex", "key": "id", "time": "at", "columns": ["x"]}


def times(time_as: str, dialect: str = "postgresql", **more: str) -> Times:
    return Times(TableSpec.model_validate({**ONE, "time_as": time_as, **more}), dialect)


@pytest.mark.parametrize(
    ("time_as", "given"),
    [
        ("milliseconds", AT_MS),
        ("milliseconds", Decimal(AT_MS)),
        ("milliseconds", str(AT_MS)),
        ("seconds", AT_MS // 1000),
        ("seconds", Decimal(AT_MS // 1000)),
        ("datetime", datetime(2024, 1, 2, 8)),  # noqa: DTZ001 - as drivers give it
        ("datetime", datetime(2024, 1, 2, tzinfo=UTC)),
        ("datetime", "2024-01-02 08:00:00"),
        ("datetime", "2024-01-02 00:00:00+00"),
        ("text", "2024-01-02 08:00:00"),
        ("text", b"2024-01-02 08:00:00 "),
    ],
)
def test_a_time_is_read_as_milliseconds_however_the_driver_gives_it(time_as: str, given: Any) -> None:
    assert times(time_as).moment(given) == AT_MS


def test_a_day_alone_is_its_midnight_in_china() -> None:
    assert times("datetime").moment(date(2024, 1, 2)) == AT_MS - 8 * 3_600_000


@pytest.mark.parametrize(
    ("time_as", "given"),
    [
        ("milliseconds", "yesterday"),
        ("milliseconds", True),
        ("milliseconds", float("nan")),
        ("seconds", Decimal("Infinity")),
        ("datetime", "infinity"),
        ("datetime", 7),
        ("text", "2024-1"),
        ("text", 20240102),
    ],
)
def test_what_is_no_time_is_refused(time_as: str, given: Any) -> None:
    with pytest.raises((ArithmeticError, TypeError, ValueError, AttributeError)):
        times(time_as).moment(given)


@pytest.mark.parametrize(
    ("dialect", "sent"),
    [
        ("postgresql", "2024-01-02 08:00:00.250000+08:00"),
        ("mariadb", "2024-01-02 08:00:00.250000"),
        ("oracle", datetime(2024, 1, 2, 8, 0, 0, 250_000)),  # noqa: DTZ001 - as its driver takes it
    ],
)
def test_a_date_and_time_is_sent_so_that_the_database_compares_it_as_its_own(dialect: str, sent: Any) -> None:
    assert times("datetime", dialect).bound(AT_MS + 250) == sent


@given(st.integers(0, 8_000_000_000_000_000))
def test_p1_a_cursor_comes_back_to_the_same_microsecond(microseconds: int) -> None:
    """A place that is rounded down would read its rows again without end, one that is rounded up would pass some."""
    form = times("datetime", "oracle")
    at = datetime.fromtimestamp(0, CHINA).replace(tzinfo=None)
    moment = form.moment(at + (datetime.resolution * microseconds))
    assert form.bound(moment) == at + datetime.resolution * microseconds


@given(st.integers(0, 4_000_000_000), st.integers(0, 4_000_000_000))
def test_p1_later_times_are_larger_texts(one_s: int, other_s: int) -> None:
    form = times("text", time_format="%Y%m%d%H%M%S")
    one, other = form.bound(one_s * 1000), form.bound(other_s * 1000)
    assert (one < other) == (one_s < other_s)
    assert form.moment(one) == one_s * 1000


@pytest.mark.parametrize("wrong", ["%d.%m.%Y", "%Y", "%H:%M", "%y%m%d", "%Y-%m-%d %S"])
def test_a_form_whose_texts_are_not_in_the_order_of_time_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="in this order"):
        times("text", time_format=wrong)
