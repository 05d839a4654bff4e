"""How a change of a record that sinks have is told, to them and to people."""

from typing import Any

from sqlalchemy import Connection, Row, select

from hub.cases import reasons
from hub.cases.procedure import Body, Sending
from hub.cases.tables import piece
from hub.cases.times import china_time


def reason(code: str) -> str:
    """As people read it: NOT_CURRENT, or SUPERSEDED where a later version is in force."""
    return reasons.SUPERSEDED if code == reasons.CHANGED else code


def told_reason(code: str) -> str:
    """As sinks read it: what a person denied does not count, as what is not in force."""
    return reasons.NOT_CURRENT if code == reasons.NOT_OF_SITE else reason(code)


def change(sending: Sending, record_id: bytes, reading: int, change: Any) -> Body:
    """Which record changed, why it does not count any more, when it changed at its source and when the hub learned it.
    ``change``: has ``reason``, ``changed_ms`` and ``learned_ms``."""
    return {
        "recordId": sending.refer(record_id),
        "reading": reading,
        "reason": told_reason(change.reason),
        "changedAt": china_time(change.changed_ms),
        "learnedAt": china_time(change.learned_ms),
    }


def taken_back(connection: Connection, sending: Sending) -> Row[Any]:
    """The piece that this one takes back: it comes after it."""
    about = piece.c.case_id == sending.case.case_id, piece.c.piece == sending.piece.after
    return connection.execute(select(piece).where(*about)).one()
