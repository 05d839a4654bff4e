"""Applications that were given up and made again: same site, holder and capacity. One site is found by its unit's
number and by its address where a title that was verified has both; an address that identifies none by its text. The
later one is linked to the first, so that its time is seen to have begun there. It is found from both sides: when the
later one is submitted, and when the utility tells only afterwards that the earlier one had ended; and when a title
tells that both are for one unit. A link depends on how the applications ended, not on the order in which that was told;
it is taken back when a step shows that the earlier one was not given up. One that was taken back at the hub is given up
from then on, unless electricity is on."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from hub.cases.case import Case
from hub.cases.connection.command import TITLE, Application
from hub.cases.connection.hears import Submit
from hub.cases.connection.steps.sites import ids_of, text_of
from hub.cases.connection.tables import application
from hub.cases.connection.warnings.due import back_of_row, taken_back
from hub.cases.evidence.tables import need
from hub.cases.procedure import Given
from hub.cases.steps.events import Reapplied, Separated
from hub.cases.steps.facts import Action
from hub.cases.steps.judge import History
from hub.cases.tables import case
from hub.stores import partition_locks

GIVEN_UP: Final = (Action.NOT_ACCEPTED, Action.TERMINATE)
_What = tuple[float, str]
"""Capacity, kW, and the text of an address that identifies no site."""
LOOKED_AT_MAX: Final = 50
"""Most applications of one holder for one site that are compared, the oldest ones."""


def submitted(given: Given, connection: Connection, new: Case, command: Submit) -> list[Reapplied]:
    """What a new application continues."""
    left = application.c.ended.is_(None) & back_of_row()
    given_up = application.c.ended.in_([one.value for one in GIVEN_UP]) | left
    if not _with_others(connection, [new]):
        return []
    in_turn(connection, [new])
    identity = command.application.site_identity()
    sites = ids_of(connection, command.ids[identity]) if identity else []
    rows = connection.execute(_same(new, sites).where(given_up).limit(LOOKED_AT_MAX)).all()
    alike = _alike(given, rows, _what(command.application))
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

    def links(
        self, cases: Iterable[Case], placed: Collection[bytes], rows: Mapping[bytes, Row[Any]]
    ) -> dict[bytes, list[Reapplied | Separated]]:
        """Case → what changes: for the later applications of the same, where this one was given up just now, or was not
        given up after all; and for itself, where its title is found now (``placed``): by it other ids of its site may
        be known."""
        cases = list(cases)
        changed = [one for one in cases if self._changes(one, rows)]
        found = _with_others(self._connection, [one for one in cases if one.case_id in placed])
        in_turn(self._connection, [*changed, *found])
        links = {one.case_id: self._later(one, rows[one.case_id]) for one in changed}
        return links | {one.case_id: links.get(one.case_id, []) + self._own(one, rows[one.case_id]) for one in found}

    def _changes(self, one: Case, rows: Mapping[bytes, Row[Any]]) -> bool:
        """Whether it was given up just now, or was not given up after all."""
        if one.case_id not in self._ends and one.case_id not in self._left:
            return False
        was_back, ended = taken_back(self._connection, one.case_id), rows[one.case_id].ended
        return _given_up(ended, was_back) != self._is_given_up(one.case_id, ended, was_back)

    def _later(self, found: Case, row: Row[Any]) -> list[Reapplied | Separated]:
        alike = self._same_as(found, row)
        return [link for later in alike if later.opened_ms > found.opened_ms for link in self._link(later, alike)]

    def _own(self, found: Case, row: Row[Any]) -> list[Reapplied | Separated]:
        alike = self._same_as(found, row)
        return [link for it in alike if bytes(it.case_id) == found.case_id for link in self._link(it, alike)]

    def _same_as(self, found: Case, row: Row[Any]) -> list[Row[Any]]:
        """All applications for the same, this one among them, the oldest first."""
        sites = select(need.c.wanted_id).where(need.c.case_id == found.case_id, need.c.kind == TITLE)
        site = self._connection.execute(sites).scalar()
        known = ids_of(self._connection, bytes(site)) if site else []
        known_by = application.c.case_id.in_([found.case_id, *([bytes(row.first_id)] if row.first_id else [])])
        linked = or_(application.c.first_id == found.case_id, known_by)
        rows = self._connection.execute(_same(found, known, linked).limit(LOOKED_AT_MAX)).all()
        own = _opened(self._given, found.subject_id, bytes(row.sealed)) if len(rows) > 1 else None
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


def _with_others(connection: Connection, cases: Collection[Case]) -> list[Case]:
    """Those of these cases whose holder has others."""
    subjects = {one.subject_id for one in cases}
    query = select(case.c.case_id, case.c.subject_id).where(case.c.subject_id.in_(subjects))
    found: dict[bytes, set[bytes]] = {}
    for case_id, subject_id in connection.execute(query) if subjects else ():
        found.setdefault(bytes(subject_id), set()).add(bytes(case_id))
    return [one for one in cases if found.get(one.subject_id, set()) - {one.case_id}]


def in_turn(connection: Connection, found: Iterable[Case]) -> None:
    """Let one transaction at a time link the applications of these holders: two that do not see each other's ends would
    each name another first one. The locks are held until the transaction ends."""
    parts = {int.from_bytes(one.subject_id[:2]) for one in found}
    partition_locks.take(connection, parts, partition_locks.HOLDERS)


def _given_up(ended: str | None, was_back: bool) -> bool:
    """Whether an application that ended so, and was taken back or not, was given up."""
    return ended in GIVEN_UP or (ended is None and was_back)


def _same(found: Case, sites: Sequence[bytes], linked: ColumnElement[bool] | None = None) -> Select[Any]:
    """Applications of the same holder for one of these sites, the oldest first; without any, those whose address
    identifies no site. ``linked``: the case itself, and those that are linked to it already, too."""
    columns = (application.c.case_id, application.c.sealed, application.c.first_id, application.c.ended)
    query = select(*columns, case.c.subject_id, case.c.opened_ms, back_of_row().label("taken_back")).distinct()
    query = query.join_from(need, case, case.c.case_id == need.c.case_id)
    there: ColumnElement[bool] = need.c.wanted_id.in_(sites) if sites else need.c.wanted_id.is_(None)
    there = and_(there, case.c.case_id != found.case_id) if linked is None else or_(there, linked)
    return (
        query.join(application, application.c.case_id == case.c.case_id)
        .where(there, need.c.kind == TITLE, case.c.subject_id == found.subject_id)
        .order_by(case.c.opened_ms, application.c.case_id)
    )


def _alike(given: Given, rows: Sequence[Row[Any]], what: _What | None) -> list[Row[Any]]:
    return [row for row in rows if _opened(given, bytes(row.subject_id), bytes(row.sealed)) == what]


def _what(wanted: Application) -> _What:
    return wanted.capacity_kw, text_of(wanted)


def _opened(given: Given, subject_id: bytes, sealed: bytes) -> _What | None:
    """``None`` where the application was erased."""
    opened = given.opener.open_values([(subject_id, sealed)])[0]
    return _what(Application.model_validate_json(opened)) if isinstance(opened, bytes) and opened else None
