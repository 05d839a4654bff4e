"""Titles that changed hands as they are written into the table, sent to sinks, and shown."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from hub.cases import reasons
from hub.cases.connection.handed.events import Declared, HandedOver, Undeclared
from hub.cases.connection.handed.gather import DECLARED, TOLD, WAITING
from hub.cases.connection.handed.tables import handover
from hub.cases.events import Entry, Event
from hub.cases.evidence import titles
from hub.cases.procedure import Body, Given, Moment, Sending, WillNotDo
from hub.cases.reasons import Words
from hub.cases.times import iso

PURPOSE: Final = "undeclared-transfer"
WORDS: Final = {
    WAITING: Words(
        "产权已变更，户号是否过户尚待申请。",
        "The title changed hands; the account's transfer may still be declared.",
    ),
    TOLD: Words(
        "产权已变更而户号未申请过户，已告知供电企业。",
        "The title changed hands and no transfer of the account was declared: the utility was told.",
    ),
    DECLARED: Words("产权已变更，已申请联合过户。", "The title changed hands, and a joint transfer was declared."),
}
_PLACE = ("record_id", "reading", "topic", "partition", "offset", "unit_id")


# ---- the table -----------------------------------------------------------------------------------------------------


def _handed_over(connection: Connection, entry: Entry) -> None:
    event = entry.event
    assert isinstance(event, HandedOver)
    row = {name: getattr(event, name) for name in _PLACE} | {"case_id": entry.case_id, "state": WAITING}
    days = {name: getattr(event, name).isoformat() for name in ("registered_on", "notice_on")}
    connection.execute(insert(handover), row | days | {"learned_ms": entry.occurred_at_ms})


def _undeclared(connection: Connection, entry: Entry) -> None:
    assert isinstance(entry.event, Undeclared)
    _set(connection, entry, state=TOLD, nth=entry.event.nth, told_ms=entry.occurred_at_ms)


def _declared(connection: Connection, entry: Entry) -> None:
    assert isinstance(entry.event, Declared)
    _set(connection, entry, state=DECLARED, back_nth=entry.event.nth, transfer_id=entry.event.transfer_id)


def _set(connection: Connection, entry: Entry, **values: Any) -> None:
    assert isinstance(entry.event, Undeclared | Declared)
    of = handover.c.case_id == entry.case_id, handover.c.registered_on == entry.event.registered_on.isoformat()
    connection.execute(update(handover).where(*of).values(**values))


_WRITE: dict[type[Event], Callable[[Connection, Entry], None]] = {
    HandedOver: _handed_over,
    Undeclared: _undeclared,
    Declared: _declared,
}


def project(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write what changed hands into the table. The running hub and ``hub rebuild`` both call it."""
    for entry in entries:
        _WRITE[type(entry.event)](connection, entry)


# ---- sinks and people ----------------------------------------------------------------------------------------------


def body(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:  # noqa: ARG001
    """A notice that the title changed hands and the account did not, without who has it now; or, with ``takesBack``,
    that a transfer was declared since. Raises ``WillNotDo`` for a notice of a title that has changed, or whose
    transfer was declared before the notice left."""
    of_case, nth = handover.c.case_id == sending.case.case_id, sending.piece.reading
    either = (handover.c.nth == nth) | (handover.c.back_nth == nth)
    row = connection.execute(select(handover).where(of_case, either)).one_or_none()
    if row is None:
        raise WillNotDo(reasons.CHANGED)  # it was told again since, by another notice
    purpose = given.purposes.get(PURPOSE)
    basis = next(iter(purpose.bases.values()))
    told = {"noticeNo": nth, "registeredOn": row.registered_on, "purpose": purpose.name}
    told |= {"legalBasis": basis.code, "legalClause": basis.clause}
    if row.back_nth == nth:
        return told | {"takesBack": row.nth}
    if row.state != TOLD:
        raise WillNotDo(reasons.CHANGED)
    return told | {"takesBack": None} | titles.body(given, connection, sending, row, purpose)


def shown(connection: Connection, case_id: bytes) -> list[Body]:
    """The handovers of a case as JSON values, by their dates."""
    query = select(handover).where(handover.c.case_id == case_id).order_by(handover.c.registered_on)
    return [_shown(row) for row in connection.execute(query)]


def _shown(row: Row[Any]) -> Body:
    words = WORDS[row.state]
    return {
        "state": row.state,
        "state_zh": words.zh,
        "state_en": words.en,
        "registered_on": row.registered_on,
        "notice_on": row.notice_on,
        "learned_at": iso(row.learned_ms),
        "told_at": iso(row.told_ms),
    }
