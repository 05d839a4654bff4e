"""A joint transfer with arrears, to its end; and two titles that end after their delivery: one before the
hub is told that electricity is on, which is taken back, and one after that, of which the utility gets a notice."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select

from hub.bootstrap import Hub
from hub.cases.by import By
from hub.cases.tables import piece
from hub.cases.transfer.states import State
from hub.cases.transfer.tables import transfer
from hub.records.tables import tally
from sandbox import applications, launch
from sandbox.errors import Misconfigured
from sandbox.world.world import World, WorldSpec

ROLE: Final = "utility_transfers"
REGISTRY: Final = "property_title"
WITHDRAWN, RECALLED = "tenant", "at-counter"
"""The applications whose title ends: before the hub is told that electricity is on, and after that."""
Wait = Callable[[Callable[[], bool]], None]
"""Waits until something is so."""


class Transfers(NamedTuple):
    """The conservation line of joint transfers: each report of the utility is verified, or came again. ``withdrawn``,
    ``noticed``: pieces of titles that ended, which the utility has."""

    submitted: int
    done: int
    reported: int
    verified: int
    duplicate: int
    rejected: int
    withdrawn: int
    noticed: int

    @property
    def balanced(self) -> bool:
        """Whether every transfer is done, no report is lost or rejected, and both titles that ended were told once."""
        read = self.reported == self.verified + self.duplicate and not self.rejected
        return read and 0 < self.submitted == self.done and (self.withdrawn, self.noticed) == (1, 1)


def play(hub: Hub, sandbox: launch.Running, by: By, wait: Wait) -> None:
    """Submit a transfer of an account with arrears. The registry enters the title although they are open; then they are
    paid, and the account is transferred. What was done before a kill is not done again."""
    service, body = hub.transfers(), applications.of_transfers(_world(sandbox))
    (matter,) = body["matters"]
    account = {"consNo": matter["accounts"][0]}
    if not service.find(body["channel"], body["external_no"]):
        sandbox.control(ROLE, "account", account | {"arrears": True})
    (case_id,) = service.submit(body, by).case_ids

    def state() -> str:
        return str(service.show(case_id)["state"])

    wait(lambda: state() != State.CHECKING)
    if state() == State.ARREARS:
        holders = [{"name": one["name"], "idNo": one["resident_id"]} for one in matter["new_holders"]]
        sandbox.control(REGISTRY, "enter", {"unitNo": matter["unit_no"], "kind": "TRANSFER", "holders": holders})
        wait(lambda: state() != State.ARREARS)
    if state() == State.OWING:
        sandbox.control(ROLE, "pay", account)
    wait(lambda: state() == State.DONE)


def end_title(sandbox: launch.Running, entry: Mapping[str, Any]) -> None:
    """Let the registry revoke the title of an application's site, unless it has done so."""
    with suppress(Misconfigured):  # it was done before a kill
        sandbox.control(REGISTRY, "enter", {"unitNo": entry["body"]["site"]["unit_no"], "kind": "REVOKED"})


def count(hub: Hub, sandbox: launch.Running) -> Transfers:
    """The line, as it is now."""
    reported = int(sandbox.control(ROLE, "counts")["reported"])
    with hub.store.read() as connection:
        states = list(connection.execute(select(transfer.c.state)).scalars())
        told = connection.execute(select(tally).where(tally.c.source == ROLE)).one_or_none()
        has = select(piece.c.kind, func.count()).where(piece.c.state == "acknowledged").group_by(piece.c.kind)
        pieces: dict[str, int] = {row[0]: row[1] for row in connection.execute(has)}
    verified, duplicate, rejected = (told.verified, told.duplicate, told.rejected) if told else (0, 0, 0)
    withdrawn, noticed = pieces.get("withdrawal", 0), pieces.get("recall", 0)
    return Transfers(
        len(states), states.count(State.DONE.value), reported, verified, duplicate, rejected, withdrawn, noticed
    )


def _world(sandbox: launch.Running) -> World:
    made = json.loads((sandbox.home / "world.json").read_text("utf-8"))
    return World(WorldSpec(**{name: made[name] for name in WorldSpec.__dataclass_fields__}))
