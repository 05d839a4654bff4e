"""The clocks of applications, as they are now: for people, and for what the sinks are told."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.cases import notices, policy
from hub.cases.calendar import Calendar, day_of
from hub.cases.clocks import Clock, clock
from hub.cases.connection.steps.histories import history_of
from hub.cases.connection.warnings import shown as warnings
from hub.cases.steps.explained import explained
from hub.cases.steps.judge import History
from hub.cases.tables import case

Json = dict[str, Any]


def of(connection: Connection, row: Row[Any], calendar: Calendar, today: date) -> tuple[History, Clock]:
    """What the utility reported of the application of this row, and its clocks at the end of ``today`` (China's)."""
    history = history_of(connection, bytes(row.case_id))
    return history, clock(history, policy.of_case(row), calendar, today)


def shown(connection: Connection, row: Row[Any], today: date) -> Json:
    """The clocks of an application with how every line was counted, the dates that were told last, and the warnings."""
    calendar = notices.calendar(connection)
    history, found = of(connection, row, calendar, today)
    case_id = bytes(row.case_id)
    told = {
        "due_on": row.due_on,
        "segment": row.segment or None,
        "segment_due_on": row.segment_due_on,
        "provisional": bool(row.provisional),
    }
    return {
        "application_id": case_id.hex(),
        "channel": row.channel,
        **explained(found, history, calendar, row.voltage_now or row.voltage),
        "told": told,
        "first": _first(connection, row, found, calendar),
        "warnings": warnings.shown(connection, case_id),
    }


def _first(connection: Connection, row: Row[Any], found: Clock, calendar: Calendar) -> Json | None:
    """Of an application that was made again: the first one, and the working days since it was submitted."""
    if row.first_id in (None, row.case_id):
        return None
    opened_ms = connection.execute(select(case.c.opened_ms).where(case.c.case_id == row.first_id)).scalar_one()
    submitted_on = day_of(opened_ms)
    until = found.now.whole.closed_on or found.today
    days = calendar.between(submitted_on, until, found.policy.starting_day_counts)
    return {
        "application_id": bytes(row.first_id).hex(),
        "submitted_on": submitted_on.isoformat(),
        "working_days": days,
    }
