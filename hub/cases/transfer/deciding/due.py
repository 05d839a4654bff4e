"""The transfers that must be looked at by the clock: a title went to others and the days to declare a transfer are
over, or a notice about working days came after a last day was counted."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select

from hub.cases import case as cases
from hub.cases import notices
from hub.cases.calendar import china_day
from hub.cases.case import Case
from hub.cases.procedure import Moment
from hub.cases.tables import case
from hub.cases.transfer.declared import has_no_account
from hub.cases.transfer.tables import transfer, transfer_title

_YEARS = 3
"""How many years back the day of a question is looked for."""


def any_due(connection: Connection, moment: Moment) -> bool:
    """Whether there is any."""
    return any(connection.execute(query.limit(1)).first() is not None for query in _due(connection, moment))


def take_due(connection: Connection, moment: Moment, most: int) -> list[Case]:
    """At most ``most`` of them, locked; those that another transaction holds are left out."""
    due = or_(*(case.c.case_id.in_(query) for query in _due(connection, moment)))
    return cases.lock_free(connection, select(case).where(due).order_by(case.c.case_id).limit(most))


def _due(connection: Connection, moment: Moment) -> Iterator[Select[Any]]:
    """The ids of cases, of each sort."""
    today = china_day(moment.now)
    yield _undeclared(today)
    yield _to_count(connection, today)


def _undeclared(today: date) -> Select[Any]:
    """One that another transfer declares waits for as long as that one is of an account that there is."""
    alone = transfer_title.c.declared_by.is_(None) | has_no_account(transfer_title.c.declared_by)
    return select(transfer_title.c.case_id).where(transfer_title.c.notice_on < today.isoformat(), alone)


def _to_count(connection: Connection, today: date) -> Select[Any]:
    imported = notices.rows(connection)
    calendar = notices.of_rows(imported)
    years = [str(year) for year in range(today.year - _YEARS, today.year + 1) if calendar.knows(year)]
    known = and_(
        transfer.c.provisional.is_(True),
        transfer.c.due_on <= calendar.known_until(today).isoformat(),
        func.substr(transfer.c.asked_on, 1, 4).in_(years),
    )
    missed = notices.missed(imported, today, transfer.c.edition, transfer.c.due_on)
    changes = [lacks_it & (transfer.c.asked_on <= row.changed_to) for row, lacks_it in missed]
    runs = transfer.c.asked_on.is_not(None), transfer.c.due_on >= today.isoformat()
    return select(transfer.c.case_id).where(*runs, or_(known, *changes))
