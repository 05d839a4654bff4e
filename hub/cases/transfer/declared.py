"""Which change of hands a joint transfer declares: one to its own new holders, of an account that there is."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, select

from hub.cases.transfer.tables import transfer, transfer_holder

MATTERS_MAX = 200
"""Most transfers of one unit that are looked at, the last ones."""


class Matter(NamedTuple):
    """A transfer with its new holders. ``mandate``: one of them acts for all."""

    case_id: bytes
    holders: frozenset[bytes]
    mandate: bool


def fits(declared: frozenset[bytes], mandate: bool, titles: Sequence[frozenset[bytes]]) -> bool:
    """Whether new holders are those of one of these titles of one day, or of all together: each co-owner may have one.

    >>> fits(frozenset({b"a", b"b"}), False, [frozenset({b"a"}), frozenset({b"b"})])
    True
    """
    together = frozenset[bytes]().union(*titles)
    return any(one == declared or (mandate and one > declared) for one in (*titles, together))


def of_no_account() -> ColumnElement[bool]:
    """Of rows of ``transfer``: it failed at the check, so that there is no such account. The answer to a question for
    the transfer is another one."""
    return (transfer.c.state == "failed") & (transfer.c.transfers == 0)


def matters(connection: Connection, ids: Select[Any]) -> list[Matter]:
    """The transfers of a query of ids, in its order."""
    listed = [bytes(one) for one in connection.execute(ids.limit(MATTERS_MAX)).scalars()]
    rows = select(transfer.c.case_id, transfer.c.mandate, transfer_holder.c.holder_id).join(
        transfer_holder, transfer_holder.c.case_id == transfer.c.case_id
    )
    found: dict[bytes, list[Any]] = {one: [] for one in listed}
    for row in connection.execute(rows.where(transfer.c.case_id.in_(listed))):
        found[bytes(row.case_id)].append(row)
    return [
        Matter(one, frozenset(bytes(row.holder_id) for row in rows), bool(rows[0].mandate))
        for one, rows in found.items()
        if rows
    ]
