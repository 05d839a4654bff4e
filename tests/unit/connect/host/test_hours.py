"""The hours in which a feed may call."""

from datetime import datetime

import pytest

from hub.clock import CHINA
from hub.connect.host.hours import check_hours
from hub.connect.spec import Limits
from hub.errors import NotNow
from tests.clocks import HandClock

NIGHT = "22:00-06:00,12:00-13:00"


def at(moment: str) -> HandClock:
    """A clock that stands at this time in Beijing."""
    clock = HandClock()
    clock.set_s((datetime.fromisoformat(moment).replace(tzinfo=CHINA) - clock.now()).total_seconds())
    return clock


@pytest.mark.parametrize("moment", ["2026-03-02T22:00", "2026-03-03T00:00", "2026-03-03T05:59", "2026-03-03T12:30"])
def test_within_its_hours_a_feed_calls(moment: str) -> None:
    check_hours("titles", NIGHT, at(moment))


@pytest.mark.parametrize(
    ("moment", "wait_s", "begins"),
    [
        ("2026-03-03T06:00", 6 * 3_600, "2026-03-03 at 12:00"),
        ("2026-03-03T13:00", 9 * 3_600, "2026-03-03 at 22:00"),
        ("2026-03-03T21:59", 60, "2026-03-03 at 22:00"),
    ],
)
def test_outside_it_says_when_it_continues(moment: str, wait_s: int, begins: str) -> None:
    with pytest.raises(NotNow, match=begins) as told:
        check_hours("titles", NIGHT, at(moment))
    assert told.value.retry_after_s == wait_s


def test_without_hours_it_calls_all_day() -> None:
    check_hours("titles", "", HandClock())


@pytest.mark.parametrize("hours", ["22:00", "22:00-22:00", "25:00-06:00", "22:00-06:00-07:00", "night"])
def test_hours_that_cannot_be_read_are_refused(hours: str) -> None:
    with pytest.raises(ValueError, match="write hours as 22:00-06:00"):
        Limits(feed_hours=hours)
