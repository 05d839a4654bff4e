"""Applications that were given up and made again: same site, holder and capacity. The later one is linked to the first,
so that its time is seen to have begun there. It is found from both sides: when the later one is submitted, and when the
utility tells only afterwards that the earlier one had ended."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, or_, select

from hub.cases.case import Case
from hub.cases.connection.command import TITLE, Application
from hub.cases.connection.hears import Submit
from hub.cases.connection.tables import application
from hub.cases.evidence.tables import need
from hub.cases.procedure import Given
from hub.cases.steps.events import Reapplied
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
    ended = application.c.ended.in_([one.value for one in GIVEN_UP])
    rows = connection.execute(_same(new, [command.ids[identity]]).where(ended).limit(LOOKED_AT_MAX)).all()
    alike = _alike(given, rows, command.application.capacity_kw)
    return [Reapplied(first_id=_first(alike[0]), later_id=new.case_id)] if alike else []


def ended(given: Given, connection: Connection, found: Case, row: Row[Any], history: History) -> list[Reapplied]:
    """The applications that continue this one, if it was given up just now."""
    if history.end not in GIVEN_UP or row.ended is not None:
        return []
    sites = select(need.c.wanted_id).where(need.c.case_id == found.case_id, need.c.kind == TITLE)
    first = found.case_id if row.first_id is None else bytes(row.first_id)
    sites_known = [bytes(one) for one in connection.execute(sites).scalars() if one]
    later = case.c.opened_ms > found.opened_ms, _linked_later(first)
    rows = connection.execute(_same(found, sites_known).where(*later).limit(LOOKED_AT_MAX)).all()
    own = _capacity(given, found.subject_id, bytes(row.sealed)) if rows else None
    return [Reapplied(first_id=first, later_id=bytes(one.case_id)) for one in _alike(given, rows, own)]


def _linked_later(first: bytes) -> ColumnElement[bool]:
    """Applications that are linked to none, or to a later one than ``first``: the utility may tell of the ends in any
    order, and the first start is what counts."""
    opened = case.alias()
    begun = case.alias()
    of_first = select(begun.c.opened_ms).where(begun.c.case_id == first).scalar_subquery()
    of_other = select(opened.c.opened_ms).where(opened.c.case_id == application.c.first_id).scalar_subquery()
    return or_(application.c.first_id.is_(None), of_other > of_first)


def _same(found: Case, sites: Sequence[bytes]) -> Select[Any]:
    """Other applications of the same holder for one of these sites, the oldest first."""
    columns = (application.c.case_id, application.c.sealed, application.c.first_id, case.c.subject_id)
    query = select(*columns).join_from(need, case, case.c.case_id == need.c.case_id)
    return (
        query.join(application, application.c.case_id == case.c.case_id)
        .where(need.c.wanted_id.in_(sites), need.c.kind == TITLE, case.c.subject_id == found.subject_id)
        .where(case.c.case_id != found.case_id)
        .order_by(case.c.opened_ms, case.c.case_id)
    )


def _alike(given: Given, rows: Sequence[Row[Any]], capacity_kw: float | None) -> list[Row[Any]]:
    return [row for row in rows if _capacity(given, bytes(row.subject_id), bytes(row.sealed)) == capacity_kw]


def _capacity(given: Given, subject_id: bytes, sealed: bytes) -> float | None:
    """``None`` where the application was erased."""
    opened = given.opener.open_values([(subject_id, sealed)])[0]
    return Application.model_validate_json(opened).capacity_kw if isinstance(opened, bytes) and opened else None


def _first(row: Row[Any]) -> bytes:
    return bytes(row.case_id if row.first_id is None else row.first_id)
