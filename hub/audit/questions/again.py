"""Whether an application was made before for the same and given up: from what was applied for, reported and taken back,
so that no stored link has to be believed. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from hub.audit.account import Account, shown, submission
from hub.audit.findings.finding import Shown
from hub.cases.connection.command import Application
from hub.cases.connection.steps.again import GIVEN_UP
from hub.cases.connection.steps.sites import text_of
from hub.cases.steps.judge import State


class Same(NamedTuple):
    """What two applications of one holder have in common when they are for the same. ``site``: the unit that its titles
    are of, otherwise how it is identified, or the text of an address that identifies none."""

    subject_id: bytes
    site: bytes | tuple[str, str]
    capacity_kw: float | None


def same(subject_id: bytes, application: Application, unit: bytes | None) -> Same:
    """What an application is compared by. ``unit``: that of the titles of its site, where all are of one."""
    site = unit or application.site_identity() or ("text", text_of(application))
    return Same(subject_id, site, application.capacity_kw)


def follows(account: Account, earlier: Iterable[Account]) -> tuple[Shown, ...]:
    """The submission of the first one of ``earlier``, in their order, that was given up, and what shows that; nothing
    where none was."""
    for one in earlier:
        if one.case_id != account.case_id and (end := _given_up(one)):
            return submission(one), end
    return ()


def _given_up(one: Account) -> Shown | None:
    """The step that ended it without electricity, or that it was taken back at the hub and has no end."""
    if one.history.end in GIVEN_UP:
        ends = (told for told in one.reported if told.state is State.COUNTED and told.fact.action is one.history.end)
        return next((shown(told) for told in ends if told.at_ms == one.history.ended_ms), None)
    if one.history.end is None and one.cancelled:
        return Shown("cancel", f"event {one.cancelled.number}", one.cancelled.at_ms, one.cancelled.by)
    return None
