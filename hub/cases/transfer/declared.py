"""Which joint transfer a change of hands belongs to: the one that was submitted for it, to its own new holders and of
an account that there is; otherwise the one by which the account had its last holder."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, select

from hub.cases.calendar import Calendar, day_of
from hub.cases.policies.model import Policy
from hub.cases.tables import case
from hub.cases.transfer.tables import transfer, transfer_holder

MATTERS_MAX = 200
"""Most transfers of one unit that are looked at, the last ones."""


def fits(declared: frozenset[bytes], mandate: bool, titles: Sequence[frozenset[bytes]]) -> bool:
    """Whether new holders are those of one of these titles of one day, or of all together: each co-owner may have one.

    >>> fits(frozenset({b"a", b"b"}), False, [frozenset({b"a"}), frozenset({b"b"})])
    True
    """
    together = frozenset[bytes]().union(*titles)
    return any(one == declared or (mandate and one > declared) for one in (*titles, together))


class Matter(NamedTuple):
    """A transfer with its new holders. ``mandate``: one of them acts for all; ``registered_on``: the date of its own
    entry, where it is there."""

    case_id: bytes
    holders: frozenset[bytes]
    mandate: bool
    opened_ms: int
    registered_on: date | None = None
    cancelled: bool = False

    def follows(self, day: date) -> bool:
        """Whether what was entered on this day came after its own entry, or after it was submitted."""
        return day > self.registered_on if self.registered_on else day >= day_of(self.opened_ms)

    def declares(self, day: date, titles: Sequence[frozenset[bytes]]) -> bool:
        """Whether it was submitted for this change of hands. One to the same holders after its own entry is another."""
        again = self.registered_on is not None and day > self.registered_on
        return not again and fits(self.holders, self.mandate, titles)


def in_charge(matters: Sequence[Matter], day: date, titles: Sequence[frozenset[bytes]]) -> Matter | None:
    """Of the transfers of one account and unit the one that a change of hands belongs to: that which declares it, the
    last one where several do; otherwise that of the last entry before it, or, with none, the first that was submitted.
    ``None`` where it came before all of them."""
    if declared := [one for one in matters if one.declares(day, titles)]:
        return max(declared, key=lambda one: (not one.cancelled, one.opened_ms, one.case_id))
    before = [one for one in matters if one.follows(day)]
    entered = [one for one in before if one.registered_on]
    if entered:
        return max(entered, key=lambda one: (one.registered_on, one.opened_ms, one.case_id))
    return min(before, key=lambda one: (one.opened_ms, one.case_id), default=None)


def declare_until(table: Policy, calendar: Calendar, since: date) -> date:
    """The last day to declare a transfer of the account after an entry, a submission or electricity on of that day."""
    days = table.transfer.undeclared_days
    return calendar.add(since, days, table.starting_day_counts).day if days else since


def of_no_account() -> ColumnElement[bool]:
    """Of rows of ``transfer``: it failed at the check, so that there is no such account. The answer to a question for
    the transfer is another one."""
    return (transfer.c.state == "failed") & (transfer.c.transfers == 0)


def has_no_account(case_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Of rows that name a transfer: it is of no account."""
    return select(transfer.c.case_id).where(transfer.c.case_id == case_id, of_no_account()).exists()


def matters(connection: Connection, ids: Select[Any]) -> list[Matter]:
    """The transfers of a query of ids, in its order."""
    listed = [bytes(one) for one in connection.execute(ids.limit(MATTERS_MAX)).scalars()]
    columns = transfer.c.case_id, transfer.c.mandate, transfer.c.registered_on, transfer.c.state
    rows = (
        select(*columns, transfer_holder.c.holder_id, case.c.opened_ms)
        .join(transfer_holder, transfer_holder.c.case_id == transfer.c.case_id)
        .join(case, case.c.case_id == transfer.c.case_id)
    )
    found: dict[bytes, list[Any]] = {one: [] for one in listed}
    for row in connection.execute(rows.where(transfer.c.case_id.in_(listed))):
        found[bytes(row.case_id)].append(row)
    return [_matter(one, rows) for one, rows in found.items() if rows]


def _matter(case_id: bytes, rows: Sequence[Any]) -> Matter:
    one, holders = rows[0], frozenset(bytes(row.holder_id) for row in rows)
    entered = date.fromisoformat(one.registered_on) if one.registered_on else None
    return Matter(case_id, holders, bool(one.mandate), one.opened_ms, entered, one.state == "cancelled")
