"""What follows when a title changes hands after electricity is on. Pure.

    title goes to others ─▶ handed over ──┬─ a transfer is declared in time ─▶ declared
                     ▲                    ├─ the change is in force no more ─▶ handed back
                     │                    └─ none until the last day ─▶ undeclared: the sinks are told
                     │                         ├─ a transfer is declared now ─▶ declared: the notice is taken back
                     └── in force again ───────┴─ the change is in force no more ─▶ handed back: so is it

A mortgage or a change of particulars is no transfer and starts nothing. The account's holder may be among the new
holders: then it stays where it is. A notice stays where the title passed on to others: the account did not follow.
"""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from hub.cases.calendar import Calendar, day_of
from hub.cases.case import Case
from hub.cases.connection.handed.events import HANDOVER, Declared, HandedBack, HandedOver, Undeclared
from hub.cases.connection.handed.gather import ENDED, TOLD, WAITING, Handed
from hub.cases.events import Event, Piece
from hub.cases.evidence.over import Now
from hub.cases.evidence.titles import Title
from hub.cases.policies.model import Policy
from hub.cases.procedure import SinkInfo
from hub.cases.transfer.declared import declare_until

Hands = dict[date, list[Title]]


def hands(case: Case, handed: Handed, table: Policy) -> Hands:
    """The changes of hands that are in force, by the date of the entry. Titles of one day belong together: each
    co-owner may have one."""
    if handed.former is None:
        return {}
    kinds = table.transfer
    entries = [entry for one in handed.later if (entry := one.entry(kinds.transfers, kinds.corrections))]
    found: Hands = {}
    for day, same_day in groupby(sorted(entries, key=lambda one: one.registered_on), lambda one: one.registered_on):
        titles = list(same_day)
        holders = frozenset[bytes]().union(*(one.holders for one in titles))
        if day > handed.former.registered_on and case.subject_id not in holders:
            found[day] = titles
    return found


def handed_over(handed: Handed, hands: Hands, table: Policy, calendar: Calendar) -> list[Event]:
    """The changes that were not noted before, or that are in force again."""
    noted = {row.registered_on for row in handed.rows if row.state != ENDED}
    found: list[Event] = []
    for day, titles in hands.items():
        if day.isoformat() not in noted:
            notice_on = declare_until(table, calendar, max(day, day_of(handed.ended_ms)))
            unit_id, place = titles[0].unit_id, titles[0].place._asdict()
            found.append(HandedOver(**place, unit_id=unit_id, registered_on=day, notice_on=notice_on))
    return found


def told(case: Case, handed: Handed, hands: Hands, first: int, sinks: Sequence[SinkInfo], today: date) -> list[Event]:
    """What the sinks are told of what was noted before. ``first``: the number of the first new piece; ``sinks``: those
    that exist, of which the case was opened with some."""
    accepting = {one.name: case.sinks[one.name] for one in sinks if _takes(one, case)}
    nth = max((one for row in handed.rows for one in (row.nth, row.back_nth) if one), default=0) + 1
    events: list[Event] = []
    for row in handed.rows:
        # What takes a notice back comes after it, so it waits for the outcome of that one.
        had = {name: handed.pieces[row.nth, name] for name in accepting if (row.nth, name) in handed.pieces}
        to = accepting if (what := _follows(row, handed, hands, today)) is Undeclared else had
        pieces = tuple(
            Piece(first + n, name, HANDOVER, after, reading=nth) for n, (name, after) in enumerate(to.items())
        )
        day, number = date.fromisoformat(row.registered_on), nth if pieces else None
        if what is Undeclared:
            events.append(Undeclared(registered_on=day, nth=nth, pieces=pieces))
        elif what is Declared:
            transfer_id = handed.declared[row.registered_on]
            events.append(Declared(registered_on=day, transfer_id=transfer_id, nth=number, pieces=pieces))
        elif what is HandedBack:
            if row.state != TOLD:
                pieces, number = (), None
            events.append(_handed_back(day, handed.over[row.registered_on], number, pieces))
        if what:
            nth, first = nth + (what is Undeclared or bool(pieces)), first + len(pieces)
    return events


def _takes(sink: SinkInfo, case: Case) -> bool:
    return sink.name in case.sinks and sink.takes(case.procedure, HANDOVER)


def _follows(row: Row[Any], handed: Handed, hands: Hands, today: date) -> type[Event] | None:
    """Which event follows for a change that was noted."""
    day, declared = date.fromisoformat(row.registered_on), handed.declared.get(row.registered_on)
    if row.state == ENDED:
        return None
    if declared is not None:
        return Declared if row.state in (WAITING, TOLD) or declared != row.transfer_id else None
    if handed.former is not None and row.registered_on in handed.over and day not in hands:
        passed_on = row.state == TOLD and any(later > day for later in hands)
        return None if passed_on else HandedBack
    # One that is declared no more was for an account that is none.
    return Undeclared if row.state != TOLD and row.notice_on < today.isoformat() else None


def _handed_back(day: date, now: Now, nth: int | None, pieces: tuple[Piece, ...]) -> HandedBack:
    return HandedBack(
        registered_on=day,
        **now.said(),
        nth=nth,
        pieces=pieces,
    )
