"""The service of materials. The API and ``hub application materials`` call it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from hub.cases import case as cases
from hub.cases.by import By
from hub.cases.case import Case
from hub.cases.connection.materials import decide, shown
from hub.cases.connection.materials.command import Handed, P, Request, read
from hub.cases.connection.materials.decide import Refused
from hub.cases.connection.materials.events import Documented, Noticed
from hub.cases.connection.materials.shown import REQUESTS_MAX, Found
from hub.cases.connection.steps.histories import history_of
from hub.cases.connection.tables import row_of
from hub.cases.journal import Decided, Journal
from hub.cases.procedure import Opens
from hub.cases.steps.judge import History
from hub.errors import RecordRejected
from hub.ports import Store

Json = dict[str, Any]
DOCUMENTS_MAX = 200
"""Most documents of one application."""


@dataclass(frozen=True, slots=True)
class Materials:
    """Shows the materials of an application, takes documents and requests. All methods raise ``RecordRejected``
    (NO_SUCH_APPLICATION)."""

    store: Store
    opener: Opens
    journal: Journal

    def channel(self, case_id: bytes) -> str:
        """The channel that the application came through."""
        with self.store.read() as connection:
            found: str = row_of(connection, case_id).channel
            return found

    def show(self, case_id: bytes) -> Json:
        """Everything about the materials and the money of an application, as JSON values."""
        with self.store.read() as connection:
            row = row_of(connection, case_id)
            history = history_of(connection, case_id)
            return shown.shown(self._found(connection, row, history), row, history, self.opener)

    def hand_in(self, case_id: bytes, given: Mapping[str, Any], by: By) -> Json:
        """Take the reference and the digest of a document that the customer handed in. The same one again changes
        nothing (P2). Raises ``RecordRejected``: the codes of ``command.read``; MATERIAL_NOT_LISTED or MATERIAL_FETCHED,
        which is recorded; DOCUMENTS_FULL."""
        handed = self._read(case_id, given, Handed, by)
        with self.store.write() as connection:
            row, locked, found = self.locked(connection, case_id)
            made = decide.document(found.known, handed)
            if isinstance(made, Documented) and len(found.papers) >= DOCUMENTS_MAX:
                raise RecordRejected("DOCUMENTS_FULL", "material")
            self.append(connection, locked, made, found, by._replace(channel=row.channel))
        return self._answer(case_id, made)

    def ask(self, case_id: bytes, given: Mapping[str, Any], by: By) -> Json:
        """Ask the customer for materials: the one-time notice of a segment. A request beyond the policy's list, for
        what the hub fetches, after the notice or after the end, is refused with its clause and recorded (P6).

        Raises ``RecordRejected``: the codes of ``command.read``; MATERIAL_NOT_LISTED, MATERIAL_FETCHED,
        MATERIAL_AWAITED, NOTICE_GIVEN, NOTICE_AFTER_END.
        """
        wanted = self._read(case_id, given, Request, by)
        with self.store.write() as connection:
            row, locked, found = self.locked(connection, case_id)
            made = decide.notice(found.known, wanted)
            self.append(connection, locked, made, found, by._replace(channel=row.channel))
        return self._answer(case_id, made)

    def _read(self, case_id: bytes, given: Mapping[str, Any], part: type[P], by: By) -> P:
        try:
            return read(given, part)
        except RecordRejected:
            with self.store.write() as connection:
                row, locked, found = self.locked(connection, case_id)
                self.unread(connection, locked, given, found, by._replace(channel=row.channel))
            raise

    def _answer(self, case_id: bytes, made: Noticed | Documented | Refused | None) -> Json:
        if isinstance(made, Refused):
            raise RecordRejected(made.code, made.place, allowed=made.allowed)
        return self.show(case_id)

    def locked(self, connection: Connection, case_id: bytes) -> tuple[Row[Any], Case, Found]:
        """An application with what is stored about its materials, locked."""
        locked = cases.lock(connection, [case_id])
        row = row_of(connection, case_id)
        return row, locked[case_id], self._found(connection, row, history_of(connection, case_id))

    def _found(self, connection: Connection, row: Row[Any], history: History) -> Found:
        return shown.find(connection, row, history, self.opener)

    def append(
        self, connection: Connection, locked: Case, made: Noticed | Documented | Refused | None, found: Found, by: By
    ) -> None:
        """Write what was decided. Of very many refusals no more are recorded."""
        if made is None or (isinstance(made, Refused) and len(found.requests) >= REQUESTS_MAX):
            return
        event = made.event if isinstance(made, Refused) else made
        self.journal.append(connection, [Decided(locked, [event], by)])

    def unread(self, connection: Connection, locked: Case, given: Mapping[str, Any], found: Found, by: By) -> None:
        """Record a request that cannot be read, when it names anything: a demand is none the less one for its form."""
        if (event := decide.unread(found.known, given)) and len(found.requests) < REQUESTS_MAX:
            self.journal.append(connection, [Decided(locked, [event], by)])
