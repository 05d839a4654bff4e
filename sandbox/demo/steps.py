"""The steps of the demonstration's cases: the utility plays each one until electricity is on, over all three ways, and
the counts of both sides are compared."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select

from hub.bootstrap import Hub
from hub.cases.connection.tables import application
from hub.cases.steps.facts import Action
from hub.cases.steps.judge import State
from hub.cases.steps.tables import step
from hub.ingest.tables import sent_row
from hub.records.tables import tally
from sandbox import launch

ROLE: Final = "utility_steps"
TABLE: Final = "utility_steps_table"
SINK: Final = "utility_crm"
SOURCES: Final = (ROLE, TABLE)
PLAYED: Final = (
    ("post", ("duplicate",)),
    ("pull", ("end-before-start",)),
    ("table", ()),
    ("post", ("conflict",)),
    ("pull", ("duplicate",)),
)
"""The way of each case, and what goes wrong on it; then from the beginning again. Electricity comes on in spite of
it."""
_STARRED: Final = "design-review"


class Steps(NamedTuple):
    """The conservation line of steps: what the utility reported is what a clock counts, what came again, and what is a
    claim. ``on``: cases with electricity."""

    sent: int
    applied: int
    duplicate: int
    claimed: int
    rejected: int
    on: int

    @property
    def balanced(self) -> bool:
        """Whether every step that was reported is one of these, and nothing was rejected."""
        return self.sent == self.applied + self.duplicate + self.claimed and not self.rejected


def play(sandbox: launch.Running, hub_url: str, shown: Sequence[Mapping[str, Any]]) -> int:
    """Let the utility report these applications until electricity is on. Returns the steps that it reported. What it
    reported before is not reported again: after a kill it continues in the middle of a case."""
    pairs = zip(shown, cycle(PLAYED), strict=False)
    return sum(_played(sandbox, hub_url, wish(one, *played) | {"once": True}) for one, played in pairs)


def play_one(sandbox: launch.Running, hub_url: str, shown: Mapping[str, Any], way: str, wrong: Sequence[str]) -> int:
    """As ``play``, for one application over one way, with what goes wrong."""
    return _played(sandbox, hub_url, wish(shown, way, wrong))


def _played(sandbox: launch.Running, hub_url: str, wanted: Mapping[str, Any]) -> int:
    return int(sandbox.control(ROLE, "play", {**wanted, "hub": hub_url})["reported"])


def wish(shown: Mapping[str, Any], way: str, wrong: Sequence[str]) -> dict[str, Any]:
    """What the utility is asked to play: an application as it is shown, over one way, with what goes wrong."""
    registered = next(one for one in shown["deliveries"] if one["kind"] == "registration" and one["sink"] == SINK)
    segments = [one["name"] for one in shown["clock"]["segments"]]
    plan = "short" if shown["clock"]["whole_process"] else "starred" if _STARRED in segments else "long"
    numbers = {"externalAppNo": shown["numbers"][SINK], "appNo": registered["receipt"]}
    return {**numbers, "way": way, "wrong": list(wrong), "plan": plan, "since": shown["submitted_at"]}


def count(hub: Hub, sandbox: launch.Running) -> Steps:
    """The line, as it is now."""
    told = sandbox.control(ROLE, "counts")
    with hub.store.read() as connection:
        rows = connection.execute(select(step.c.state, func.count()).group_by(step.c.state))
        states: dict[str, int] = {row[0]: row[1] for row in rows}
        again = connection.execute(select(func.coalesce(func.sum(sent_row.c.again), 0))).scalar_one()
        tallies = connection.execute(select(tally).where(tally.c.source.in_(SOURCES))).all()
        electricity = select(func.count()).where(application.c.ended == Action.END.value)
        on = connection.execute(electricity).scalar_one()
    duplicate = sum(one.duplicate for one in tallies if one.source == ROLE) + int(again)
    rejected = sum(one.rejected for one in tallies)
    # A row of the table that was read twice, while its step ran and when it was done, tells of its start again.
    applied, claimed = states.get(State.COUNTED.value, 0), states.get(State.CLAIM.value, 0)
    sent, there = sum(told["sent"].values()), applied + duplicate + claimed + rejected
    # A step whose first report had no answer, because a kill came between, may have been there already.
    return Steps(sent + min(told["doubted"], max(0, there - sent)), applied, duplicate, claimed, rejected, on)
