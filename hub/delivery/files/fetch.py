"""The stage of one source that gives files: a file that is wanted is fetched, checked and stored sealed.

    wanted ── fetch ──┬─▶ stored ── its term is over, or its evidence does not stand ──▶ erased
       ▲              ├─▶ missing: it does not fit, or the source has none, or says no
       └── no answer ─┘   missing too, after as many calls without an answer as ``RETRY_S`` has waits

A process that dies after the call leaves the file wanted: it is fetched again, and settled once (``rows.py``).
"""

import time
from functools import partial
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from hub.cases import reasons
from hub.cases.case import PieceState
from hub.cases.connection.command import Application
from hub.cases.connection.tables import application
from hub.cases.connection.warnings.due import taken_back
from hub.cases.events import Piece
from hub.cases.procedure import MustNotSend, WillNotDo
from hub.cases.tables import case, piece
from hub.connect.host.guard import GuardedSource
from hub.crash import crash_point
from hub.delivery import filed, sending
from hub.delivery.filed import Why
from hub.delivery.files.rows import Fits, Later, Missing, Wanted
from hub.errors import HubError, NotSent, RecordRejected, Unavailable
from hub.logging import get_logger
from hub.parts import Parts
from hub.ports import Fault, FileQuery
from hub.privacy.opening import Opened
from hub.records.files.licence import media_type
from hub.runtime.stage import OUTBOX, SOURCES, TABLES, Stage

RETRY_S: Final = (5, 30, 120, 600, 3_600, *(6 * 3_600,) * 12)
"""Waits after calls without an answer, seconds: three days in all."""
IDLE_S: Final = 0.2
LOOK_S: Final = 600.0
"""How often it looks for files that are no use to anyone any more, seconds."""
_BESIDE_THE_CALL_S: Final = 60.0
_REASONS: Final = {reasons.PURPOSE_NOT_GRANTED: Why.NOT_GRANTED}
log = get_logger("files")


class Fetch:
    """The running stage. Any number of instances share the work."""

    def __init__(self, parts: Parts, source: GuardedSource) -> None:
        self._parts = parts
        self._source = source
        self._journal = parts.journal()
        self._name = source.context.info.name
        self._wanted = Wanted(parts.store, parts.clock, self._name)
        self._look_s = float("-inf")

    def step(self) -> int:
        """Settle one file, or put it off. Waits a moment when none is due."""
        self._erase()
        row = self._wanted.take(self._source.context.limits.total_timeout_s + _BESIDE_THE_CALL_S)
        if row is None:
            time.sleep(IDLE_S)
            return 0
        found = self._found(row)
        crash_point("file.fetched")
        if isinstance(found, Later):
            self._wanted.put_off(row, found)
        else:
            self._wanted.settle(row, found)
        return 1

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def _erase(self) -> None:
        now_s, grant = self._parts.clock.monotonic_s(), self._source.context.grant
        if grant is None or now_s < self._look_s:
            return
        while self._wanted.erase(grant.erase_after_days):
            pass
        self._look_s = now_s + LOOK_S

    def _found(self, row: Row[Any]) -> Fits | Missing | Later:
        try:
            return self._checked(row)
        except RecordRejected as no:
            return Missing(_REASONS.get(no.code) or (no.code if no.code in list(Why) else Why.REFUSED))
        except NotSent as ours:
            return Later(ours.retry_after_s or RETRY_S[0], counts=False)
        except (WillNotDo, MustNotSend):
            return Missing(Why.RECALLED)
        except HubError as away:
            return self._away(row, away)

    def _away(self, row: Row[Any], trouble: HubError) -> Later | Missing:
        log.warning("no file", source=self._name, error=type(trouble).__name__, attempts=row.attempts + 1)
        if row.attempts >= len(RETRY_S):
            return Missing(Why.UNAVAILABLE)
        asked_s = trouble.retry_after_s if isinstance(trouble, Unavailable) else None
        return Later(max(asked_s or 0, RETRY_S[row.attempts]))

    def _checked(self, row: Row[Any]) -> Fits | Missing:
        """What the source gives, if it fits. Raises ``RecordRejected``: why it does not."""
        case_id = bytes(row.case_id)
        with self._parts.store.read() as connection:
            about = self._about(connection, row)
            if about is None or taken_back(connection, case_id):
                return Missing(Why.RECALLED)
            sending.still_counts(connection, about)
            asked = self._asked(connection, case_id)
        opened = sending.opened(self._parts.log, self._parts.opener, about)
        given = self._source.file(asked(opened.original().key))
        if given is None:
            return Missing(Why.NONE)
        kind, digest = media_type(given.content), sha256(given.content).digest()
        if given.sha256 not in (None, digest):
            return Missing(Why.DIGEST)
        return self._sealed(case_id, opened, kind, given.content, digest)

    def _sealed(self, case_id: bytes, opened: Opened, kind: str, content: bytes, digest: bytes) -> Fits:
        sealed = (filed.seal(case_id, opened, one) for one in (content, digest))
        return Fits(kind, len(content), *sealed)

    def _about(self, connection: Connection, row: Row[Any]) -> Piece | None:
        """The newest piece about the record that a sink has or may get."""
        stands = piece.c.state.in_((PieceState.PENDING.value, PieceState.ACKNOWLEDGED.value))
        where = piece.c.case_id == row.case_id, piece.c.record_id == row.record_id, stands
        found = connection.execute(select(piece).where(*where).order_by(piece.c.piece.desc()).limit(1)).one_or_none()
        return piece_of(found) if found else None

    def _asked(self, connection: Connection, case_id: bytes) -> "partial[FileQuery]":
        """The call without the key of the row. Raises ``MustNotSend`` for an applicant who was erased."""
        row = connection.execute(
            select(application, case.c.subject_id)
            .join(case, case.c.case_id == application.c.case_id)
            .where(application.c.case_id == case_id)
        ).one()
        opened = self._parts.opener.open_values([(bytes(row.subject_id), bytes(row.sealed))])[0]
        if isinstance(opened, Fault):
            raise MustNotSend(opened.code)
        purpose = self._journal.given.purposes.get(row.purpose)
        return partial(
            FileQuery,
            purpose=purpose.name,
            legal_basis=row.legal_basis,
            service_item=purpose.service_item,
            business_number=Application.model_validate_json(opened).external_no,
        )


def piece_of(row: Row[Any]) -> Piece:
    """The piece in a row of its table."""
    found = {name: getattr(row, name) for name in Piece._fields}
    return Piece(**found | {"record_id": bytes(row.record_id)})


def make(source: str, parts: Parts) -> Fetch:
    """The running stage of one source. Raises ``Misconfigured``."""
    return Fetch(parts, parts.connectors.open_source(source))


def stage(source: str) -> Stage:
    """The stage that fetches the files of one source."""
    return Stage(
        f"files.{source}",
        reads=(TABLES, SOURCES),
        writes=(TABLES, OUTBOX),
        make=partial(make, source),
        about="licences that the archive may have → their files, checked and sealed",
    )
