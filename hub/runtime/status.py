"""The reports of the stages of all processes, in one table. So each process can report the whole installation."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import delete, insert, select

from hub.logging import get_logger
from hub.ports import Clock, Store
from hub.runtime.runner import Progress
from hub.runtime.tables import stage_status
from hub.stores.shared_clock import SharedClock

REPORT_EVERY_S = 2.0
SILENT_MS = 15_000
"""A process without a report for this time is GONE, also if its last state was another, ms."""
FORGOTTEN_MS = 24 * 3_600_000
GONE = "GONE"

log = get_logger("status")


class StageStatus(NamedTuple):
    """One stage of one worker: RUNNING, RESTARTING, STALE, or GONE when its process no longer reports. Times in ms
    since the epoch; ``records`` since the process began."""

    worker: str
    stage: str
    state: str
    records: int
    failures: int
    trouble: str
    last_step_ms: int
    reported_ms: int


class StageReports:
    """The stored reports of all processes. Thread-safe. Raises ``Unavailable`` when the store is away."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def put(self, worker: str, progress: Sequence[Progress]) -> None:
        """Replace the reports of ``worker``, and delete those of workers that have been silent for a day."""
        now_ms, now_s = self._clock.process_ms(), self._clock.monotonic_s()
        rows = [
            StageStatus(
                worker, one.name, one.state(now_s), one.records, one.failures, one.trouble,
                now_ms - int((now_s - one.last_step_s) * 1000), now_ms,
            )._asdict()
            for one in progress
        ]  # fmt: skip
        old = (stage_status.c.worker == worker) | (stage_status.c.reported_ms < now_ms - FORGOTTEN_MS)
        with self._store.write() as connection:
            connection.execute(delete(stage_status).where(old))
            if rows:
                connection.execute(insert(stage_status), rows)

    def all(self) -> list[StageStatus]:
        """The last report of every stage, ordered by worker and stage. Old reports have the state GONE."""
        silent_ms = self._clock.process_ms() - SILENT_MS
        columns = [stage_status.c[name] for name in StageStatus._fields]
        with self._store.read() as connection:
            rows = connection.execute(select(*columns).order_by(stage_status.c.worker, stage_status.c.stage)).all()
        return [
            one._replace(state=GONE) if one.reported_ms < silent_ms else one
            for one in (StageStatus(*row) for row in rows)
        ]


class Report:
    """A task that reports the progress of the other tasks every two seconds, and at its end that they have stopped."""

    def __init__(self, reports: StageReports, worker: str, progress: Callable[[], Sequence[Progress]]) -> None:
        self._reports = reports
        self._worker = worker
        self._progress = progress
        self._left_s = 0.0

    def step(self) -> int:
        if self._left_s <= 0:
            self._reports.put(self._worker, self._progress())
            self._left_s = REPORT_EVERY_S
        time.sleep(_STEP_S)
        self._left_s -= _STEP_S
        return 0

    def close(self) -> None:
        """Delete the worker's reports. Raises ``Unavailable`` when the store is away."""
        self._reports.put(self._worker, ())


class Adjust:
    """A task that adjusts the shared clock, and logs when this machine's own clock is wrong by more than 5 s."""

    def __init__(self, clock: SharedClock) -> None:
        self._clock = clock
        if abs(off_ms := clock.off_ms()) > _OFF_BY_MS:
            log.warning("this machine's clock differs from the database's, which all hubs use", ahead_s=off_ms // 1000)

    def step(self) -> int:
        self._clock.adjust()
        time.sleep(_STEP_S)
        return 0

    def close(self) -> None:
        """Nothing to release."""


_STEP_S = 0.5
_OFF_BY_MS = 5_000
