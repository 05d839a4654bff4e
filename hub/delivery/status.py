"""The state of each sink, as operators see it: does its stage work, how many pieces wait, and what failed last."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from hub.delivery.tables import attempt, sink_trouble
from hub.ports import Clock, Store
from hub.runtime.status import GONE, StageReports, StageStatus

RUNNING: Final = "RUNNING"
UNASSIGNED: Final = "UNASSIGNED"
"""No hub process runs its stage."""
ABSENT: Final = "ABSENT"
"""It is not in the settings."""


class SinkStatus(NamedTuple):
    """One sink. ``state``: that of its stage, UNASSIGNED or ABSENT. ``waiting``: its pieces that have not ended;
    ``failing``: those of them whose last attempt failed. ``trouble``: of the delivery that failed last, with what a
    person can do about it, when (process time, ms) and for which case; it stays when that is over. ``stage_trouble``:
    why the stage itself does not work, such as a wrong setting."""

    name: str
    state: str = UNASSIGNED
    worker: str = ""
    waiting: int = 0
    failing: int = 0
    trouble: str = ""
    remedy: str = ""
    trouble_ms: int = 0
    case_id: str = ""
    stage_trouble: str = ""

    @property
    def told(self) -> str:
        """The trouble with its remedy, for people; "" for none."""
        return " — ".join(filter(None, (self.trouble, self.remedy)))


def statuses(store: Store, clock: Clock, configured: Iterable[str]) -> list[SinkStatus]:
    """The status of every sink that is configured, that pieces wait for, or that was in trouble once, in the order of
    names. Raises ``Unavailable``."""
    stages = {one.stage.removeprefix("deliver."): one for one in _best(StageReports(store, clock).all())}
    with store.read() as connection:
        counts = _counts(connection)
        last = {row.sink: row for row in connection.execute(select(sink_trouble))}
    configured = set(configured)
    found = []
    for name in sorted(configured | counts.keys() | last.keys()):
        waiting, failing = counts.get(name, (0, 0))
        one = SinkStatus(name, UNASSIGNED if name in configured else ABSENT, waiting=waiting, failing=failing)
        if (stage := stages.get(name)) and name in configured:
            one = one._replace(state=stage.state, worker=stage.worker, stage_trouble=stage.trouble)
        if row := last.get(name):
            told = {"trouble": row.trouble, "remedy": row.remedy or "", "trouble_ms": row.trouble_ms}
            one = one._replace(**told, case_id=bytes(row.case_id).hex())
        found.append(one)
    return found


def _best(reports: Iterable[StageStatus]) -> list[StageStatus]:
    """The stages that deliver; where several processes run one, a running one last."""
    own = [one for one in reports if one.stage.startswith("deliver.") and one.state != GONE]
    return sorted(own, key=lambda one: one.state == RUNNING)


def _counts(connection: Connection) -> dict[str, tuple[int, int]]:
    query = select(attempt.c.sink, func.count(), func.count(attempt.c.trouble)).group_by(attempt.c.sink)
    return {sink: (waiting, failing) for sink, waiting, failing in connection.execute(query)}
