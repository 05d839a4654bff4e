"""Cases of every procedure as JSON values, for ``hub cases``: opaque ids, states, times. Personal values and reasons in
words are in each procedure's own view."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from hub.cases.tables import case, piece
from hub.cases.times import iso
from hub.errors import RecordRejected

Json = dict[str, Any]
LIST_MAX = 200


def listing(connection: Connection, procedure: str = "", after: bytes = b"", limit: int = 50) -> list[Json]:
    """Cases, newest first, of one procedure or of all; at most ``limit``, never more than 200. ``after`` is the id of
    the last case of the page before. Raises ``RecordRejected`` (NO_SUCH_CASE) when there is no such case."""
    query = select(case).order_by(case.c.opened_ms.desc(), case.c.case_id.desc())
    if procedure:
        query = query.where(case.c.procedure == procedure)
    if after:
        query = _older(query, _row(connection, after))
    rows = connection.execute(query.limit(min(limit, LIST_MAX))).all()
    found = _pieces(connection, [bytes(row.case_id) for row in rows])
    return [_shown(row, found.get(bytes(row.case_id), [])) for row in rows]


def one(connection: Connection, case_id: bytes) -> Json:
    """One case with its pieces. Raises ``RecordRejected`` (NO_SUCH_CASE)."""
    return _shown(_row(connection, case_id), _pieces(connection, [case_id]).get(case_id, []))


def _older(query: Select[Any], last: Row[Any]) -> Select[Any]:
    same = (case.c.opened_ms == last.opened_ms) & (case.c.case_id < last.case_id)
    return query.where((case.c.opened_ms < last.opened_ms) | same)


def _row(connection: Connection, case_id: bytes) -> Row[Any]:
    row = connection.execute(select(case).where(case.c.case_id == case_id)).one_or_none()
    if row is None:
        raise RecordRejected("NO_SUCH_CASE")
    return row


def _pieces(connection: Connection, ids: Sequence[bytes]) -> dict[bytes, list[Row[Any]]]:
    found: dict[bytes, list[Row[Any]]] = {}
    query = select(piece).where(piece.c.case_id.in_(ids)).order_by(piece.c.case_id, piece.c.piece)
    for row in connection.execute(query):
        found.setdefault(bytes(row.case_id), []).append(row)
    return found


def _shown(row: Row[Any], pieces: Sequence[Row[Any]]) -> Json:
    return {
        "case_id": bytes(row.case_id).hex(),
        "procedure": row.procedure,
        "state": "held" if row.held else "open",
        "opened_at": iso(row.opened_ms),
        "events": row.number,
        "pieces": [_piece(one) for one in pieces],
    }


def _piece(row: Row[Any]) -> Json:
    return {
        "piece": row.piece,
        "sink": row.sink,
        "kind": row.kind,
        "state": row.state,
        "decided_at": iso(row.decided_ms),
        "ended_at": iso(row.ended_ms),
        "reason": row.reason,
    }
