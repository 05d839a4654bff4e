"""Applications that were given up and made again: same site, holder and capacity. The later one is linked to the first,
so that its time is seen to have begun there. It is found from both sides: when the later one is submitted, and when the
utility tells only afterwards that the earlier one had ended. A link depends on how the applications ended, not on the
order in which that was told; it is taken back when a step shows that the earlier one was not given up. One that was
taken back at the hub is given up from then on, unless electricity is on."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, select

from hub.cases.case import Case
from hub.cases.connection.command import TITLE, Application
from hub.cases.connection.hears import Submit
from hub.cases.connection.tables import application
from hub.cases.connection.warnings.due import back_of_row, taken_back
from hub.cases.evidence.tables import need
from hub.cases.procedure import Given
from hub.cases.steps.events import Reapplied, Separated
from hub.cases.steps.facts import Action
from hub.cases.steps.judge import History
from hub.cases.tables import case

GIVEN_UP: Final = (Action.NOT_ACCEPTED, Action.TERMINATE)
LOOKED_AT_MAX: Final = 50
"""Most applications of one holder for one site that are compared, the oldest ones."""


def submitted(given: Given, connection: Connection, new: Case, command: Submit) -> list[Reapplied]:
    """What a new application continues."""
    identity = command.application.site_identity()
    if identity is None:
        return []
    left = application.c.ended.is_(None) & back_of_row()
    given_up = application.c.ended.in_([one.value for one in GIVEN_UP]) | left
    rows = connection.execute(_same(new, [command.ids[identity]]).where(given_up).limit(LOOKED_AT_MAX)).all()
    alike = _alike(given, rows, command.application.capacity_kw)
    return [Reapplied(first_id=bytes(alike[0].case_id), later_id=new.case_id)] if alike else []


class Ends:
    """The applications that a transaction hears of, with the ends that follow: links are told once, and by the ends of
    all of them. ``histories``: application → its history after what it has just heard. ``left``: those that are taken
    back just now."""

    def __init__(
        self, given: Given, connection: Connection, histories: Mapping[bytes, History], left: Collection[bytes] = ()
    ) -> None:
        self._given, self._connection, self._left = given, connection, left
        self._ends = {case_id: one.end for case_id, one in histories.items()}
        self._firsts: dict[bytes, bytes | None] = {}

    def linked(self, found: Case, row: Row[Any]) -> list[Reapplied | Separated]:
        """What changes for the later applications of the same, where this one was given up just now, or was not given
        up after all."""
        was_back = taken_back(self._connection, found.case_id)
        if _given_up(row.ended, was_back) == self._is_given_up(found.case_id, row.ended, was_back):
            return []
        alike = self._same_as(found, row)
        return [link for later in alike if later.opened_ms > found.opened_ms for link in self._link(later, alike)]

    def _same_as(self, found: Case, row: Row[Any]) -> list[Row[Any]]:
        """All applications for the same, this one among them, the oldest first."""
        sites = select(need.c.wanted_id).where(need.c.case_id == found.case_id, need.c.kind == TITLE)
        known = [bytes(one) for one in self._connection.execute(sites).scalars() if one]
        rows = self._connection.execute(_same(found, known, itself=True).limit(LOOKED_AT_MAX)).all()
        own = _capacity(self._given, found.subject_id, bytes(row.sealed)) if len(rows) > 1 else None
        return _alike(self._given, rows, own)

    def _link(self, later: Row[Any], alike: Sequence[Row[Any]]) -> list[Reapplied | Separated]:
        """The link that a later application gets: to the first one before it that was given up."""
        case_id = bytes(later.case_id)
        told = bytes(later.first_id) if later.first_id else None
        before = self._firsts.get(case_id, told)
        before_it = ((bytes(one.case_id), one) for one in alike if one.opened_ms < later.opened_ms)
        first = next((of for of, one in before_it if self._is_given_up(of, one.ended, one.taken_back)), None)
        self._firsts[case_id] = first
        if first == before:
            return []
        if first is not None:
            return [Reapplied(first_id=first, later_id=case_id)]
        assert before is not None
        return [Separated(first_id=before, later_id=case_id)]

    def _is_given_up(self, case_id: bytes, ended: str | None, was_back: bool) -> bool:
        return _given_up(self._ends.get(case_id, ended), was_back or case_id in self._left)


def _given_up(ended: str | None, was_back: bool) -> bool:
    """Whether an application that ended so, and was taken back or not, was given up."""
    return ended in GIVEN_UP or (ended is None and was_back)


def _same(found: Case, sites: Sequence[bytes], itself: bool = False) -> Select[Any]:
    """Applications of the same holder for one of these sites, the oldest first."""
    columns = (application.c.case_id, application.c.sealed, application.c.first_id, application.c.ended)
    query = select(*columns, case.c.subject_id, case.c.opened_ms, back_of_row().label("taken_back")).distinct()
    query = query.join_from(need, case, case.c.case_id == need.c.case_id)
    query = query if itself else query.where(case.c.case_id != found.case_id)
    return (
        query.join(application, application.c.case_id == case.c.case_id)
        .where(need.c.wanted_id.in_(sites), need.c.kind == TITLE, case.c.subject_id == found.subject_id)
        .order_by(case.c.opened_ms, application.c.case_id)
    )


def _alike(given: Given, rows: Sequence[Row[Any]], capacity_kw: float | None) -> list[Row[Any]]:
    return [row for row in rows if _capacity(given, bytes(row.subject_id), bytes(row.sealed)) == capacity_kw]


def _capacity(given: Given, subject_id: bytes, sealed: bytes) -> float | None:
    """``None`` where the application was erased."""
    opened = given.opener.open_values([(subject_id, sealed)])[0]
    return Application.model_validate_json(opened).capacity_kw if isinstance(opened, bytes) and opened else None
