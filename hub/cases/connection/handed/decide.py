"""What follows when a title changes hands after electricity is on. Pure.

    title goes to others ─▶ handed over ──┬─ a transfer is declared in time ─▶ declared
                                          └─ none until the last day ─▶ undeclared: the sinks are told
                                               └─ a transfer is declared now ─▶ declared: the notice is taken back

A mortgage or a change of particulars is no transfer and starts nothing. The account's holder may be among the new
holders: then it stays where it is.
"""

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from hub.cases.calendar import Calendar, day_of
from hub.cases.case import Case
from hub.cases.connection.handed.events import HANDOVER, Declared, HandedOver, Undeclared
from hub.cases.connection.handed.gather import DECLARED, TOLD, WAITING, Handed
from hub.cases.events import Event, Piece
from hub.cases.policies.model import Policy
from hub.cases.procedure import SinkInfo


def handed_over(case: Case, handed: Handed, table: Policy, calendar: Calendar) -> list[Event]:
    """The entries that were not noted before. Titles of one day belong together: each co-owner may have one."""
    if handed.former is None:
        return []
    noted = {row.registered_on for row in handed.rows}
    entries = [entry for one in handed.later if (entry := one.entry(table.transfer.transfers))]
    later = sorted(entries, key=lambda one: one.registered_on)
    found: list[Event] = []
    for day, same_day in groupby(later, key=lambda one: one.registered_on):
        titles = list(same_day)
        holders = frozenset[bytes]().union(*(one.holders for one in titles))
        new = day > handed.former.registered_on and day.isoformat() not in noted
        if new and case.subject_id not in holders:
            notice_on = _notice_on(max(day, day_of(handed.ended_ms)), table, calendar)
            unit_id, place = titles[0].unit_id, titles[0].place._asdict()
            found.append(HandedOver(**place, unit_id=unit_id, registered_on=day, notice_on=notice_on))
    return found


def _notice_on(since: date, table: Policy, calendar: Calendar) -> date:
    days = table.transfer.undeclared_days
    return calendar.add(since, days, table.starting_day_counts).day if days else since


def told(case: Case, handed: Handed, first: int, sinks: Sequence[SinkInfo], today: date) -> list[Event]:
    """What the sinks are told of what was noted before. ``first``: the number of the first new piece; ``sinks``: those
    that exist, of which the case was opened with some."""
    accepting = [one.name for one in sinks if one.name in case.sinks and one.takes(case.procedure, HANDOVER)]
    nth = max((one for row in handed.rows for one in (row.nth, row.back_nth) if one), default=0) + 1
    events: list[Event] = []
    for row in handed.rows:
        day = date.fromisoformat(row.registered_on)
        declared = handed.declared.get(row.registered_on)
        if declared is None:
            # One that is not any more was for an account that is none.
            if row.state in (WAITING, DECLARED) and row.notice_on < today.isoformat():
                pieces = _pieces(nth, first, [(name, case.sinks[name]) for name in accepting])
                events.append(Undeclared(registered_on=day, nth=nth, pieces=pieces))
                nth, first = nth + 1, first + len(pieces)
        elif row.state in (WAITING, TOLD) or declared != row.transfer_id:
            # It comes after the notice that it takes back, so it waits for the outcome of that one.
            had = [(name, handed.pieces[row.nth, name]) for name in accepting if (row.nth, name) in handed.pieces]
            pieces = _pieces(nth, first, had)
            number = nth if pieces else None
            events.append(Declared(registered_on=day, transfer_id=declared, nth=number, pieces=pieces))
            nth, first = nth + len(pieces[:1]), first + len(pieces)
    return events


def _pieces(nth: int, first: int, to: Sequence[tuple[str, int | None]]) -> tuple[Piece, ...]:
    return tuple(Piece(first + n, name, HANDOVER, after, reading=nth) for n, (name, after) in enumerate(to))
