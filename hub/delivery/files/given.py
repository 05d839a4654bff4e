"""Gives the file of a licence to the system that has its evidence: looked at again each time, and written down before
it is given (P3, P4)."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from hub.cases import reasons
from hub.cases.by import By
from hub.cases.case import PieceState
from hub.cases.connection.tables import application
from hub.cases.connection.warnings.due import taken_back
from hub.cases.procedure import MustNotSend, WillNotDo
from hub.cases.tables import piece
from hub.delivery import filed, sending
from hub.delivery.claims import Claimed
from hub.delivery.filed import FileState, Why
from hub.delivery.files import events
from hub.delivery.offers import Offers
from hub.errors import RecordRejected, TamperDetected
from hub.parts import Parts
from hub.privacy.opening import Opened
from hub.stores import outbox

_STANDS = (PieceState.PENDING, PieceState.ACKNOWLEDGED)
_WHY = {FileState.WANTED: Why.NOT_YET, FileState.ERASED: Why.ERASED}


class Given(NamedTuple):
    """A file: its bytes, its media type and its SHA-256 (32 bytes)."""

    content: bytes
    media_type: str
    digest: bytes


class Files:
    """The files of every sink's evidence. Thread-safe."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def give(self, sink: str, delivery_id: str, by: By) -> Given:
        """The file beside the evidence with this id. An event says who got it, or why it was not given.

        Raises ``RecordRejected``: NO_SUCH_DELIVERY for an id that is not one of this sink's, FILE_NOT_WANTED for a
        delivery without a file, FILE_NOT_YET, the reason why it is missing, FILE_RECALLED for evidence that does not
        stand any more, FILE_ERASED, FILE_DAMAGED, FILE_NOT_GRANTED; ``Unavailable`` when log, vault or store is.
        """
        claimed, row = self._known(sink, delivery_id)
        try:
            given = self._opened(claimed, row)
        except RecordRejected as no:
            self._write(row, events.REFUSED, sink, by, no.code)
            raise
        self._write(row, events.GIVEN, sink, by)
        return given

    def _known(self, sink: str, delivery_id: str) -> tuple[Claimed, Row[Any]]:
        parts = self._parts
        key = parts.references(sink).read_delivery_id(delivery_id)
        offers = Offers(parts.store, sink, parts.instance)
        claimed = offers.get(key, parts.clock.process_ms()) if key else None
        if claimed is None:
            raise RecordRejected("NO_SUCH_DELIVERY")
        with parts.store.read() as connection:
            record_id = claimed.piece.record_id
            row = filed.find(connection, claimed.key[0], record_id) if record_id else None
        if row is None:
            raise RecordRejected(Why.NOT_WANTED)
        return claimed, row

    def _opened(self, claimed: Claimed, row: Row[Any]) -> Given:
        opened = self._stands(claimed, row.source)
        if row.state != FileState.STORED:
            raise RecordRejected(_WHY.get(row.state) or row.reason)
        try:
            content, digest = (filed.unseal(claimed.key[0], opened, one) for one in (row.sealed, row.sealed_digest))
        except TamperDetected:
            raise RecordRejected(Why.DAMAGED) from None
        return Given(content, row.media_type, digest)

    def _stands(self, claimed: Claimed, source: str) -> Opened:
        """The record of the evidence, if the evidence stands and may be used."""
        with self._parts.store.read() as connection:
            try:
                sending.still_counts(connection, claimed.piece)
            except WillNotDo:
                raise RecordRejected(Why.RECALLED) from None
            if not _stands(connection, claimed) or taken_back(connection, claimed.key[0]):
                raise RecordRejected(Why.RECALLED)
            self._check_purpose(connection, claimed, source)
        try:
            return sending.opened(self._parts.log, self._parts.opener, claimed.piece)
        except MustNotSend as stop:
            erased = stop.reason == reasons.ERASED
            raise RecordRejected(Why.ERASED if erased else Why.DAMAGED) from None

    def _check_purpose(self, connection: Connection, claimed: Claimed, source: str) -> None:
        """A grant or a purpose may have changed since the file was fetched."""
        case_id = claimed.key[0]
        purpose = connection.execute(select(application.c.purpose).where(application.c.case_id == case_id)).scalar_one()
        given = self._parts.journal().given
        rule = given.purposes.get(purpose).evidence.get(claimed.piece.kind)
        if rule is None or not rule.file or not given.permits(source, purpose):
            raise RecordRejected(Why.NOT_GRANTED)

    def _write(self, row: Row[Any], action: str, sink: str, by: By, reason: str | None = None) -> None:
        event = events.message(self._parts.clock, row, action, reason, sink=sink, by=by)
        with self._parts.store.write() as connection:
            outbox.put(connection, [event])


def _stands(connection: Connection, claimed: Claimed) -> bool:
    """Whether the sink has the evidence, or may get it."""
    case_id, number = claimed.key
    query = select(piece.c.state).where(piece.c.case_id == case_id, piece.c.piece == number)
    return connection.execute(query).scalar_one() in _STANDS
