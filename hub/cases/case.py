"""A case: the aggregate that every change locks first, so that its events have one order."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from hub.cases.tables import case


class PieceState(StrEnum):
    """How far a piece is. Only a pending piece changes its state, with one exception: a release makes a refused or
    stopped piece pending again."""

    PENDING = "pending"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    STOPPED = "stopped"
    WITHDRAWN = "withdrawn"


@dataclass(slots=True)
class Case:
    """One case, as its row says. ``number`` counts its events so far, ``pieces`` the pieces decided so far;
    ``opened_ms`` is business time, in ms since the epoch.
    """

    case_id: bytes
    procedure: str
    subject_id: bytes
    opened_ms: int
    sinks: Mapping[str, int | None] = field(default_factory=dict)
    """The sinks that existed when the case opened: name → number of the piece that registers the case there, or
    ``None``."""
    number: int = 0
    pieces: int = 0
    held: bool = False

    @classmethod
    def from_row(cls, row: Row[Any]) -> "Case":
        """A row of the table ``case``."""
        return cls(
            case_id=bytes(row.case_id),
            procedure=row.procedure,
            subject_id=bytes(row.subject_id),
            opened_ms=row.opened_ms,
            sinks=json.loads(row.sinks),
            number=row.number,
            pieces=row.pieces,
            held=row.held,
        )


def lock(connection: Connection, ids: Collection[bytes]) -> dict[bytes, Case]:
    """Lock these cases until the transaction ends: id → case. Ids without a case are left out. Everything locks in the
    order of ids, so that two transactions never wait for each other."""
    if not ids:
        return {}
    query = select(case).where(case.c.case_id.in_(ids)).order_by(case.c.case_id).with_for_update()
    return {one.case_id: one for one in map(Case.from_row, connection.execute(query))}


def lock_free(connection: Connection, query: Select[Any]) -> list[Case]:
    """Lock the cases that ``query`` selects (rows of ``case``, joined with the table that chose them) and that no other
    transaction holds. Each once, in the order of the query."""
    rows = connection.execute(query.with_for_update(of=case, skip_locked=True))
    return list({one.case_id: one for one in map(Case.from_row, rows)}.values())


def find(connection: Connection, case_id: bytes) -> Case | None:
    """The case as it is, without a lock. ``None`` where there is none."""
    row = connection.execute(select(case).where(case.c.case_id == case_id)).one_or_none()
    return Case.from_row(row) if row is not None else None
