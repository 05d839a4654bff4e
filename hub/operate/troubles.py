"""What is in trouble now: sources, sinks and stages, with the reason in words, for ``hub doctor`` and ``/ready``."""

from typing import Final, NamedTuple

from hub.delivery.status import statuses
from hub.ingest.control import FAILED, UNASSIGNED, Report, Reports
from hub.operate.held import held
from hub.ports import Clock, Store
from hub.runtime.status import GONE, StageReports, StageStatus

RUNNING: Final = "RUNNING"
WAIT_TOLD_S: Final = 86_400
"""How long a record may wait for another one before that is a trouble, seconds of business time."""


class Trouble(NamedTuple):
    """One part that does not work now. ``part``: for people. ``state``: of its feed or stage, or how much waits.
    ``words``: why, with the remedy where it is known; empty when its process does not say. ``since_ms``: when it last
    worked, or of a sink when it failed last; process time, 0 when it never worked."""

    part: str
    state: str
    words: str
    since_ms: int

    @property
    def told(self) -> str:
        """One line for people."""
        return f"{self.part} {self.state}: {self.words}" if self.words else f"{self.part} {self.state}"


def of_sources(store: Store, clock: Clock) -> list[Trouble]:
    """The feeds that fail now. A feed that no process runs is not among them. Raises ``Unavailable``."""
    reports = Reports(store, clock)
    failing = [one for one in reports.all() if _fails(one) or reports.stale(one)]
    return [Trouble(f"source {one.name}", _state(one), one.trouble, one.fetched_ms) for one in failing]


def _fails(report: Report) -> bool:
    return report.state == FAILED or (report.failures > 0 and report.state != UNASSIGNED)


def _state(report: Report) -> str:
    """A feed that waits for a source that is away still counts as running."""
    return f"{report.failures} failures in a row" if report.state == RUNNING and report.failures else report.state


def of_sinks(store: Store, clock: Clock) -> list[Trouble]:
    """The sinks with pieces whose last attempt failed, each with what failed last. Raises ``Unavailable``."""
    failing = [one for one in statuses(store, clock, ()) if one.failing]
    return [
        Trouble(f"sink {one.name}", f"{one.failing} pieces not delivered", one.told, one.trouble_ms) for one in failing
    ]


def of_stages(store: Store, clock: Clock) -> list[Trouble]:
    """The stages of all hubs that do not work, except those of processes that ended without saying so. Raises
    ``Unavailable``."""
    failing = [one for one in StageReports(store, clock).all() if one.state not in (RUNNING, GONE)]
    return [Trouble(f"stage {one.stage} of {one.worker}", one.state, one.trouble, one.last_step_ms) for one in failing]


def of_waiting(store: Store, clock: Clock) -> list[Trouble]:
    """The sources with records that have waited too long for a record about the same thing. Raises ``Unavailable``."""
    with store.read() as connection:
        found = held(connection)
    late = [one for one in found if (clock.now() - one.since).total_seconds() > WAIT_TOLD_S]
    return [
        Trouble(
            f"source {one.source}",
            f"{one.records} records wait",
            f"no {one.waits_for} for them is verified — `hub rejected list --kind {one.waits_for}` shows why",
            int(one.since.timestamp() * 1000),
        )
        for one in late
    ]


def silent(store: Store, clock: Clock) -> list[StageStatus]:
    """The stages of processes that ended without saying so. Raises ``Unavailable``."""
    return [one for one in StageReports(store, clock).all() if one.state == GONE]
