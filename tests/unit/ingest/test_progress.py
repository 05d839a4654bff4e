"""How far a feed is, and when it ends."""

from pathlib import Path
from typing import Any

from hub.errors import Unavailable
from hub.ingest.control import Report, Reports
from hub.ingest.feed import Taken
from hub.ingest.progress import TOTAL_EVERY_S, Progress
from tests.casework import House
from tests.clocks import HandClock


def test_the_rate_is_that_of_the_last_minute_with_rows_that_were_known(clock: HandClock) -> None:
    far = Progress(clock)
    far.done = 100
    for rows, read in ((0, 500), (10, 20), (5, 40)):
        clock.pass_s(2)
        far.took(Taken(rows, True, "", read))
    assert (far.done, far.rate_per_s()) == (115, 15.0)
    clock.pass_s(120)
    far.took(Taken(0, False, "", 0))
    assert (far.done, far.rate_per_s()) == (115, 0.0)


def test_a_source_is_counted_seldom_and_one_that_cannot_be_counted_stops_no_feed(clock: HandClock) -> None:
    answers: list[Any] = [7, Unavailable("away"), 9]

    class Counted:
        context = type("Context", (), {"info": type("Info", (), {"name": "titles"})})

        def total(self) -> int:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return int(answer)

    far, source = Progress(clock), Counted()
    found = []
    for _ in range(3):
        for _ in range(2):
            far.count(source)  # type: ignore[arg-type]
        found.append(far.total)
        clock.pass_s(TOTAL_EVERY_S)
    assert found == [7, 7, 9]


def test_the_end_is_told_while_rows_wait_only() -> None:
    far = {"total": 1_000, "done": 400, "rate_per_s": 10.0}
    assert Report("titles", behind_ms=1, **far).left_s == 60  # type: ignore[arg-type]
    assert Report("titles", **far).left_s is None  # type: ignore[arg-type]
    assert Report("titles", behind_ms=1, done=3, rate_per_s=1.0).left_s is None


def test_a_new_process_keeps_what_earlier_ones_took(tmp_path: Path) -> None:
    """Its first reports are made before it knows."""
    house = House(tmp_path)
    reports = Reports(house.store, house.clock)
    for done, kept in ((None, None), (199, 199), (None, 199), (0, 0)):
        reports.put(Report("titles", done=done))
        found = reports.get("titles")
        assert found and found.done == kept
