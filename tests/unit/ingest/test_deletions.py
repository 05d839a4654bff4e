"""When a full reload is over: rows that have not come yet are not deleted (P1)."""

from hub.ingest.deletions import STILL_MAX_MS, Reload

HOUR_MS = 3_600_000


def test_a_reload_is_over_when_it_stood_still_for_as_long_as_it_took() -> None:
    reload, since = Reload(), 1_000_000
    missing = 100
    for now in range(since + 1_000, since + 60_000, 1_000):
        missing -= 1
        assert not reload.over(since, missing, now)
    last = since + 59_000
    assert not reload.over(since, missing, last + 58_000)
    assert reload.over(since, missing, last + 59_000)


def test_a_row_that_comes_after_a_pause_begins_the_wait_again() -> None:
    reload, since = Reload(), 1_000_000
    assert not reload.over(since, 15, since + 12_000)
    assert not reload.over(since, 15, since + 18_000)
    assert not reload.over(since, 14, since + 23_000)
    assert not reload.over(since, 14, since + 45_000)
    assert reload.over(since, 14, since + 46_000)


def test_a_reload_that_left_nothing_out_is_over() -> None:
    assert Reload().over(1_000, 0, 1_000)


def test_deletions_that_are_recorded_do_not_begin_the_wait_again() -> None:
    reload, since = Reload(), 1_000_000
    reload.over(since, 1_200, since + 5_000)
    assert reload.over(since, 1_200, since + 10_000)
    reload.found(500)
    assert reload.over(since, 700, since + 10_001)


def test_a_reload_that_was_found_long_after_it_ended_waits_an_hour_at_most() -> None:
    reload, since = Reload(), 1_000_000
    assert not reload.over(since, 3, since + 9 * HOUR_MS)
    assert reload.over(since, 3, since + 9 * HOUR_MS + STILL_MAX_MS)
