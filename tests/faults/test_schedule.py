"""A seed is a schedule: the same one each time, and all of them together meet every family and every call."""

from tests.faults.schedule import CALLS, POINTS, made_from


def test_a_seed_makes_the_same_schedule_again() -> None:
    assert [made_from(seed) for seed in range(50)] == [made_from(seed) for seed in range(50)]


def test_the_schedules_meet_every_call_and_every_crash_point() -> None:
    schedules = [made_from(seed) for seed in range(104)]
    assert len({one.family for one in schedules}) == 13
    assert {fault.detail for one in schedules for fault in one.faults} >= set(CALLS)
    assert {point.partition(":")[0] for one in schedules for _, point in one.crashes} == set(POINTS)
