"""Rate and daily quota: kept by all processes together, and over at midnight in Beijing."""

import pytest

from hub.connect.host.quota import DailyQuota, Rate
from hub.errors import NotNow, Unavailable
from hub.ingest.control import StoredQuota
from hub.stores.database import Database
from tests.clocks import HandClock


def test_a_burst_is_free_and_then_turns_are_waited_for(clock: HandClock) -> None:
    rate = Rate(10, 3, clock)
    assert [round(rate.take(1), 3) for _ in range(5)] == [0, 0, 0, 0.1, 0.2]
    clock.pass_s(10)
    assert rate.take(1) == 0


def test_beyond_ones_patience_nothing_is_taken(clock: HandClock) -> None:
    rate = Rate(1, 1, clock)
    rate.take(0)
    with pytest.raises(Unavailable) as told:
        rate.take(0.5)
    assert told.value.retry_after_s == 1
    clock.pass_s(1)
    assert rate.take(0) == 0


def test_a_used_up_quota_is_unavailable_until_midnight_in_beijing(clock: HandClock, store: Database) -> None:
    quota = DailyQuota("sample", 3, clock, StoredQuota(store))
    for _ in range(3):
        quota.take()
    assert quota.left() == 0
    with pytest.raises(Unavailable) as told:
        quota.take()
    assert told.value.retry_after_s == 15 * 3_600  # 09:00 there
    clock.pass_s(15 * 3_600)
    assert quota.left() == 3
    quota.take()


def test_two_processes_share_one_quota(clock: HandClock, store: Database) -> None:
    first, second = (DailyQuota("sample", 10, clock, StoredQuota(store)) for _ in range(2))
    for quota in (first, second) * 5:
        quota.take()
    for quota in (first, second):
        with pytest.raises(Unavailable):
            quota.take()


def test_without_a_book_it_holds_for_the_process(clock: HandClock) -> None:
    quota = DailyQuota("sample", 250, clock, None)
    for _ in range(250):
        quota.take()
    with pytest.raises(Unavailable):
        quota.take()


def test_no_quota_is_no_bound(clock: HandClock) -> None:
    quota = DailyQuota("sample", 0, clock, None)
    quota.take()
    assert quota.left() is None


def test_a_feed_leaves_a_share_of_the_quota_for_look_ups_of_all_processes(clock: HandClock, store: Database) -> None:
    feed, look_ups = (DailyQuota("sample", 10, clock, StoredQuota(store), 0.3) for _ in range(2))
    for _ in range(7):
        feed.take(feed=True)
    with pytest.raises(NotNow, match=r"the rest of the day's quota \(3 calls\) is for look-ups") as told:
        feed.take(feed=True)
    assert told.value.retry_after_s == 15 * 3_600  # 09:00 there
    for _ in range(3):
        look_ups.take()
    with pytest.raises(NotNow, match=r"no calls are left in the day's quota \(10\)"):
        look_ups.take()
