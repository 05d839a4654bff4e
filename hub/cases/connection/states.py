"""The states that an operator looks for among applications. One application may be in several."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, or_, select

from hub.cases.calendar import day_of
from hub.cases.case import PieceState
from hub.cases.connection.tables import application
from hub.cases.evidence.needs import NeedState
from hub.cases.evidence.tables import need
from hub.cases.ratings.tables import rating
from hub.cases.reasons import CASE_OVER
from hub.cases.tables import case, piece

REFUSED: Final = "refused"
"""A sink refused a piece, or the hub must not send one."""
STUCK: Final = "stuck"
"""A piece has had no acknowledgement for ``STUCK_AFTER_S``, and no operator holds the application."""
HELD: Final = "held"
"""An operator holds its deliveries."""
WAITING: Final = "waiting"
"""It lacks evidence that is still looked for: after the end of a case the hub does not ask again for what it had."""
LATE: Final = "late"
"""Its last day, or that of its segment, is over, and a piece or evidence of it is still open."""
FOLLOW_UP: Final = "follow-up"
"""A bad rating waits for its follow-up."""
STATES: Final = (REFUSED, STUCK, HELD, WAITING, LATE, FOLLOW_UP)

STUCK_AFTER_S: Final = 3_600


def fits(state: str, now_ms: int) -> ColumnElement[bool]:
    """Whether a row of ``application`` joined with ``case`` is in ``state`` at ``now_ms`` (business time). Raises
    ``KeyError`` for another word than those of ``STATES``."""
    today = day_of(now_ms)
    conditions: Mapping[str, ColumnElement[bool]] = {
        REFUSED: _has_piece(PieceState.REFUSED, PieceState.STOPPED),
        STUCK: case.c.held.is_(False) & _has_piece(PieceState.PENDING, until_ms=now_ms - STUCK_AFTER_S * 1000),
        HELD: case.c.held.is_(True),
        WAITING: _waits(),
        FOLLOW_UP: _followed_up(),
        LATE: _over(today) & or_(_waits(), _has_piece(PieceState.PENDING, PieceState.REFUSED, PieceState.STOPPED)),
    }
    return conditions[state]


def _has_piece(*states: PieceState, until_ms: int | None = None) -> ColumnElement[bool]:
    """Whether the case has a piece in one of these states; with ``until_ms``, one that was decided by then."""
    found = select(piece.c.case_id).where(piece.c.state.in_([one.value for one in states]))
    return case.c.case_id.in_(found if until_ms is None else found.where(piece.c.decided_ms <= until_ms))


def _waits() -> ColumnElement[bool]:
    return case.c.case_id.in_(select(need.c.case_id).where(looked_for()))


def looked_for() -> ColumnElement[bool]:
    """Whether a row of ``need`` is evidence that is missing, and that the hub still looks for."""
    return (need.c.state == NeedState.OPEN.value) & (func.coalesce(need.c.reason, "") != CASE_OVER)


def _followed_up() -> ColumnElement[bool]:
    open_ones = rating.c.follow_up_due_on.is_not(None) & rating.c.outcome.is_(None)
    return case.c.case_id.in_(select(rating.c.case_id).where(open_ones))


def _over(today: date) -> ColumnElement[bool]:
    """Of the whole process, or of the segment that runs."""
    return func.coalesce(application.c.counted_to, application.c.due_on) < today.isoformat()


def of(connection: Connection, case_ids: Collection[bytes], now_ms: int) -> dict[bytes, list[str]]:
    """The states that each of these applications is in, in the order of ``STATES``."""
    found: dict[bytes, list[str]] = {one: [] for one in case_ids}
    both = select(application.c.case_id).join(case, case.c.case_id == application.c.case_id)
    for state in STATES:
        rows = connection.execute(both.where(application.c.case_id.in_(case_ids), fits(state, now_ms)))
        for (case_id,) in rows:
            found[bytes(case_id)].append(state)
    return found
