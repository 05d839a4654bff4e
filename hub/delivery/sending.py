"""What is sent: the address of a piece, and its body. Before a record leaves the hub it is checked once more (P3): it
must still be the current version, and its fields must match its commitments."""

from typing import Any

from sqlalchemy import Connection, select

from hub.cases import reasons
from hub.cases.events import Piece
from hub.cases.journal import Journal
from hub.cases.procedure import Body, MustNotSend, Sending, WillNotDo
from hub.delivery import filed
from hub.delivery.claims import Claimed
from hub.errors import TamperDetected
from hub.ports import Address
from hub.privacy.opening import Opened, Opener, check_commitments
from hub.privacy.references import References
from hub.records.tables import current, record
from hub.topics.places import read_value


def address(references: References, claimed: Claimed) -> Address:
    """The address of the piece: procedure, kind, the hub's number of the case and the key of the piece. The same at
    every attempt, in every process (P2)."""
    case, piece = claimed.case, claimed.piece
    number = references.hub_number(case.case_id)
    key = references.piece_key(case.case_id, piece.kind, piece.record_id, piece.reading)
    return Address(case.procedure, piece.kind, number, key)


def body(journal: Journal, opener: Opener, references: References, connection: Connection, claimed: Claimed) -> Body:
    """The body (JSON values), made by the piece's procedure. Raises ``WillNotDo`` for a record that has changed since
    the decision, ``MustNotSend`` for one that does not open, ``Unavailable`` when log or vault is."""
    piece = claimed.piece
    make = journal.procedures.get(claimed.case.procedure).maker(piece.kind)
    if piece.record_id is None:
        sending = Sending(claimed.case, piece, refer=references.record_reference)
        return make(journal.given, connection, sending, journal.moment())
    judged_ms = still_counts(connection, piece)
    found = opened(journal.given.log, opener, piece)
    reference = references.record_reference(piece.record_id)
    made = make(journal.given, connection, Sending(claimed.case, piece, found, judged_ms, reference), journal.moment())
    file = filed.part(connection, claimed.key[0], found, references.delivery_id(*claimed.key))
    return {**made, **({"file": file} if file else {})}


def still_counts(connection: Connection, piece: Piece) -> int:
    """When the record was verified, business time in ms. Raises ``WillNotDo`` when it is not the current version any
    more, or was read again since."""
    query = (
        select(record.c.judged_ms, current.c.status, current.c.operation, current.c.reading)
        .join(current, (current.c.row_id == record.c.row_id) & (current.c.record_id == record.c.record_id))
        .where(record.c.record_id == piece.record_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None or (row.status, row.operation, row.reading) != ("CURRENT", "UPSERT", piece.reading):
        raise WillNotDo(reasons.CHANGED)
    return int(row.judged_ms)


def opened(log: Any, opener: Opener, piece: Piece) -> Opened:
    """The record from the log, with its fields checked against its commitments. Raises ``MustNotSend``."""
    assert piece.topic is not None and piece.partition is not None and piece.offset is not None
    try:
        found = opener.open([read_value(log, piece.topic, piece.partition, piece.offset)])[0]
        if found.problem is not None and found.problem.code == reasons.ERASED:
            raise MustNotSend(reasons.ERASED)
        if found.problem is not None or not _is(found, piece):
            raise MustNotSend(reasons.SEAL_BROKEN)
        check_commitments(found)
    except TamperDetected:
        raise MustNotSend(reasons.SEAL_BROKEN) from None
    return found


def _is(opened: Opened, piece: Piece) -> bool:
    """Whether this is the record, and the reading of it, that was decided about."""
    envelope = opened.envelope
    return (envelope["record_id"], envelope["reading"]) == (piece.record_id, piece.reading)
