"""Titles that changed hands as they are written into the table, sent to sinks, and shown."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from hub.cases import reasons
from hub.cases.connection.handed.events import Declared, HandedBack, HandedOver, Undeclared
from hub.cases.connection.handed.gather import DECLARED, ENDED, TOLD, WAITING
from hub.cases.connection.handed.tables import handover
from hub.cases.events import Entry, Event
from hub.cases.evidence import over, titles
from hub.cases.evidence.told import change, taken_back
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
    ENDED: Words(
        "该次产权变更的登记已失效或更正，不再是变更。",
        "That change of hands is in force no more: its title was cancelled or corrected.",
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
    values = row | days | {"learned_ms": entry.occurred_at_ms}
    of = handover.c.case_id == entry.case_id, handover.c.registered_on == days["registered_on"]
    if not connection.execute(update(handover).where(*of).values(**values)).rowcount:  # in force again
        connection.execute(insert(handover), values)


def _undeclared(connection: Connection, entry: Entry) -> None:
    assert isinstance(entry.event, Undeclared)
    _set(connection, entry, state=TOLD, nth=entry.event.nth, told_ms=entry.occurred_at_ms)


def _declared(connection: Connection, entry: Entry) -> None:
    assert isinstance(entry.event, Declared)
    _set(connection, entry, state=DECLARED, back_nth=entry.event.nth, transfer_id=entry.event.transfer_id)


def _handed_back(connection: Connection, entry: Entry) -> None:
    assert isinstance(entry.event, HandedBack)
    _set(connection, entry, state=ENDED, back_nth=entry.event.nth)


def _set(connection: Connection, entry: Entry, **values: Any) -> None:
    assert isinstance(entry.event, Undeclared | Declared | HandedBack)
    of = handover.c.case_id == entry.case_id, handover.c.registered_on == entry.event.registered_on.isoformat()
    connection.execute(update(handover).where(*of).values(**values))


_WRITE: dict[type[Event], Callable[[Connection, Entry], None]] = {
    HandedOver: _handed_over,
    Undeclared: _undeclared,
    Declared: _declared,
    HandedBack: _handed_back,
}


def project(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write what changed hands into the table. The running hub and ``hub rebuild`` both call it."""
    for entry in entries:
        _WRITE[type(entry.event)](connection, entry)


# ---- sinks and people ----------------------------------------------------------------------------------------------


def body(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:  # noqa: ARG001
    """A notice that the title changed hands and the account did not, without who has it now; or, with ``takesBack``,
    that a transfer was declared since, or that the change is in force no more. Raises ``WillNotDo`` for a notice of a
    title that has changed, or whose transfer was declared before the notice left."""
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
        why = _ended(given, connection, sending, row) if row.state == ENDED else {}
        return told | {"takesBack": taken_back(connection, sending).reading} | why
    if row.state != TOLD:
        raise WillNotDo(reasons.CHANGED)
    at = _title_now(given, connection, row)
    return told | {"takesBack": None} | titles.body(given, connection, sending, at, purpose)


def _ended(given: Given, connection: Connection, sending: Sending, row: Row[Any]) -> Body:
    now = over.instead(connection, bytes(row.record_id), given.authorities)
    if now is None:
        raise WillNotDo(reasons.CHANGED)
    return change(sending, bytes(row.record_id), row.reading, now)


def _title_now(given: Given, connection: Connection, row: Row[Any]) -> Any:
    """The title of that day as it is now: buyers mortgage what they have bought. The one that was noted, where none
    opens any more."""
    found = titles.in_force(given, connection, bytes(row.unit_id))
    of_day = (one.place for one in found if row.registered_on in one.days())
    return next(of_day, row)


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
