"""The last day for the utility's answer: counted once, from the day on which the question was asked, and again where a
notice about working days came. Pure."""

from datetime import date
from typing import Any

from hub.cases.calendar import Calendar
from hub.cases.policies.model import Policy
from hub.cases.transfer.events import Dated
from hub.cases.transfer.states import CHECKED, TRANSFERRED, Ask, State


def awaits(state: State) -> Ask | None:
    """The question whose answer is awaited in this state; ``None`` for none."""
    return Ask.CHECK if state in CHECKED else Ask.TRANSFER if state in TRANSFERRED else None


def dated(table: Policy, calendar: Calendar, ask: Ask | None, asked_on: date) -> Dated | None:
    """When the answer to a question of that day is due; ``None`` where the table sets no limit, or none is awaited."""
    days = {Ask.CHECK: table.transfer.check_days, Ask.TRANSFER: table.transfer.transfer_days, None: None}[ask]
    if days is None:
        return None
    found = calendar.add(asked_on, days, table.starting_day_counts)
    return Dated(asked_on=asked_on, due_on=found.day, provisional=found.provisional, edition=calendar.number)


def again(row: Any, table: Policy, calendar: Calendar, today: date) -> Dated | None:
    """The same question (``row`` of ``transfer``) by the calendar as it is now; ``None`` where nothing about it is new.
    A last day that is over stands: what was promised is not changed afterwards."""
    if not row.asked_on or not row.due_on or date.fromisoformat(row.due_on) < today:
        return None
    found = dated(table, calendar, awaits(State(row.state)), date.fromisoformat(row.asked_on))
    new = found and (row.edition != found.edition or bool(row.provisional) != found.provisional)
    return found if new else None
