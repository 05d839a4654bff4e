"""Clocks differ by some minutes, also around midnight: P1, what a source dated by its own clock is not lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap import Hub, open_hub
from hub.clock import SKEW_S
from hub.connect.host.registry import find
from hub.pipeline.reconcile import MISSING, VERIFIED, compare
from hub.ports import DayCount, SourceRow
from hub.records.tables import record
from hub.settings import Settings
from hub.topics.received import Envelopes
from tests import samples
from tests.casework import rows
from tests.clocks import HandClock

NAME = "property_title"
TOMORROW = date(2026, 3, 3)
MIDNIGHT = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
"""Of ``TOMORROW``, in China."""


class Counting:
    """A source that only counts its day."""

    def day(self, day: date) -> DayCount:
        return DayCount(day, frozenset({"T1#1"} if day == TOMORROW else ()))


@contextmanager
def received(home: Path, before_midnight_s: float) -> Iterator[Hub]:
    """A hub that received a title of ``TOMORROW`` so many seconds before that day began on its own clock."""
    clock = HandClock()
    clock.pass_s((MIDNIGHT - clock.now()).total_seconds() - before_midnight_s)
    urls = {f"{name}_url": f"sqlite:///{home / name}.db" for name in ("log", "store", "vault")}
    hub = open_hub(Settings.model_validate({**urls, "master_key_file": home / "master.key"}), clock)
    try:
        title = samples.title()
        title["unit"] |= {"issued_on": TOMORROW, "valid_from": TOMORROW}
        sealed = hub.sealer.seal_page(find(NAME).info, [SourceRow("T1", 1, b"raw", title)], clock.now_ms())
        with_cursor = Envelopes(NAME, hub.settings.partitions, clock.now()).page(sealed, {})
        writer = hub.log.writer("test")
        writer.commit(with_cursor)
        writer.close()
        for name in ("verify", "project"):
            stage = hub.task(name)()
            while stage.step():
                pass
            stage.close()
        clock.pass_s(7200)
        yield hub
    finally:
        hub.close()


def reconciled(hub: Hub) -> list[str]:
    source: Any = Counting()
    return [line.state for line in compare(source, find(NAME).info, TOMORROW, hub.parts).lines]


def verdicts(hub: Hub) -> list[str]:
    with hub.store.read() as connection:
        return [row.state for row in rows(connection, record)]


@pytest.mark.parametrize("before_s", [1, 30, SKEW_S - 1])
def test_p1_a_row_of_a_clock_that_is_ahead_is_neither_refused_nor_missing(tmp_path: Path, before_s: int) -> None:
    with received(tmp_path, before_s) as hub:
        assert verdicts(hub) == ["verified"]
        assert reconciled(hub) == [VERIFIED]


def test_a_row_of_the_next_day_is_refused_before_that(tmp_path: Path) -> None:
    with received(tmp_path, SKEW_S + 1) as hub:
        assert verdicts(hub) == ["rejected"]
        assert reconciled(hub) == [MISSING]
