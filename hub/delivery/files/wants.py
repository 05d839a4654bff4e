"""Which evidence wants the file of its licence: decided with the evidence, in its transaction, so that none is lost."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from hub.cases.connection.tables import application
from hub.cases.events import Piece, Relation
from hub.delivery import claims
from hub.delivery.filed import FileState
from hub.delivery.tables import licence_file
from hub.ports import Clock
from hub.privacy.purposes import Purposes
from hub.records.tables import record
from hub.stores import bulk

_ALONE = (Relation.SELF, Relation.NONE)


@dataclass(frozen=True)
class Wants:
    """Called with the pieces of a decision. ``sources``: those that give files."""

    purposes: Purposes
    sources: Collection[str]
    clock: Clock

    def enqueue(self, connection: Connection, case_id: bytes, pieces: Sequence[Piece]) -> None:
        """As ``claims.enqueue``; of evidence about the applicant alone, for a purpose whose archive may have it, the
        file is wanted too. Once for a case and record: a later reading is of the same licence."""
        claims.enqueue(connection, case_id, pieces)
        about = {one.record_id: one.kind for one in pieces if one.record_id and one.holder_relation in _ALONE}
        if about and self.sources and (purpose := self._purpose(connection, case_id)):
            rules = self.purposes.get(purpose).evidence
            wanted = [one for one, kind in about.items() if kind in rules and rules[kind].file]
            self._want(connection, case_id, wanted)

    def _purpose(self, connection: Connection, case_id: bytes) -> str | None:
        """Only connection applications have purposes with files."""
        return connection.execute(select(application.c.purpose).where(application.c.case_id == case_id)).scalar()

    def _want(self, connection: Connection, case_id: bytes, wanted: Sequence[bytes]) -> None:
        given = record.c.record_id.in_(wanted), record.c.source.in_(sorted(self.sources))
        query = select(record.c.record_id, record.c.source, record.c.kind).where(*given).order_by(record.c.record_id)
        rows = connection.execute(query).all()
        now_ms, count = self.clock.process_ms(), len(rows)
        columns = {
            "case_id": [case_id] * count,
            "record_id": [bytes(row.record_id) for row in rows],
            "source": [row.source for row in rows],
            "kind": [row.kind for row in rows],
            "state": [FileState.WANTED.value] * count,
            "told": [False] * count,
            "wanted_ms": [now_ms] * count,
            "next_ms": [now_ms] * count,
            "attempts": [0] * count,
        }
        bulk.add(connection, licence_file, columns)
