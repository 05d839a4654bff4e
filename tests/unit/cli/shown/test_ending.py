"""An application as people see it: its last day while it runs, and how it ended."""

from typing import Any

from hub.cli.shown.application import due

RUNS: dict[str, Any] = {"due_on": "2026-03-11", "segment": None, "segment_due_on": None, "provisional": False}


def test_a_case_that_runs_has_its_last_day_and_one_that_ended_says_how() -> None:
    assert due(RUNS | {"ended": None, "ended_at": None}) == "due 2026-03-11"
    on = due(RUNS | {"ended": "END", "ended_at": "2026-03-02T01:22:00.000Z"})
    assert on == "electricity on 已送电 2026-03-02 09:22:00 (China time)"
