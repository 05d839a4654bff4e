"""The file of a licence beside its evidence: how long the evidence waits for it, and what it says of it.

The evidence says of a file that was settled before it was sent what it is, or why there is none; of another one only
where it will be (``told`` of its row). So it says the same at every attempt (P2).
"""

import base64
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, exists, select

from hub.cases.procedure import Body
from hub.cases.tables import piece
from hub.delivery.tables import licence_file
from hub.errors import TamperDetected
from hub.privacy import cipher
from hub.privacy.opening import Opened

WAIT_S: Final = 3.0
"""How long evidence waits for the file of its licence at most, seconds."""
_USE: Final = b"onecert-licence-file-v1"


class FileState(StrEnum):
    """How far a file is."""

    WANTED = "wanted"
    STORED = "stored"
    MISSING = "missing"
    ERASED = "erased"


class Why(StrEnum):
    """Why a file is missing or is not given; the words are those of ``hub.cases.reasons``."""

    TOO_LARGE = "FILE_TOO_LARGE"
    TYPE = "FILE_TYPE"
    DIGEST = "FILE_DIGEST"
    NONE = "FILE_NONE"
    NOT_GRANTED = "FILE_NOT_GRANTED"
    REFUSED = "FILE_REFUSED"
    UNAVAILABLE = "FILE_UNAVAILABLE"
    RECALLED = "FILE_RECALLED"
    ERASED = "FILE_ERASED"
    DAMAGED = "FILE_DAMAGED"
    NOT_YET = "FILE_NOT_YET"
    NOT_WANTED = "FILE_NOT_WANTED"


def awaited(now_ms: int) -> ColumnElement[bool]:
    """Whether a row of ``piece`` waits for the file of its record."""
    since_ms = now_ms - int(WAIT_S * 1000)
    wanted = licence_file.c.state == FileState.WANTED.value, licence_file.c.wanted_ms > since_ms
    return exists().where(_of_piece(), *wanted)


def _of_piece() -> ColumnElement[bool]:
    return (licence_file.c.case_id == piece.c.case_id) & (licence_file.c.record_id == piece.c.record_id)


def find(connection: Connection, case_id: bytes, record_id: bytes) -> Row[Any] | None:
    """The row of a file, ``None`` where none is wanted."""
    key = licence_file.c.case_id == case_id, licence_file.c.record_id == record_id
    return connection.execute(select(licence_file).where(*key)).one_or_none()


def part(connection: Connection, case_id: bytes, opened: Opened, delivery_id: str) -> Body | None:
    """What evidence says of the file: ``mediaType``, ``size``, ``digest`` and ``href``; ``href`` alone, where it is or
    will be; ``reason``, why there is none. ``None`` where none is wanted."""
    row = find(connection, case_id, opened.envelope["record_id"])
    if row is None:
        return None
    if row.told and row.state == FileState.MISSING:
        return {"reason": row.reason}
    href = {"href": f"/deliveries/{delivery_id}/file"}
    if not row.told:
        return href
    try:
        digest = unseal(case_id, opened, row.sealed_digest)
    except TamperDetected:
        return {"reason": Why.DAMAGED}
    return {"mediaType": row.media_type, "size": row.size, "digest": told_digest(digest), **href}


def told_digest(digest: bytes) -> str:
    """A SHA-256 as RFC 9530 writes it.

    >>> told_digest(bytes(32))[:14]
    'sha-256=:AAAAA'
    """
    return f"sha-256=:{base64.b64encode(digest).decode()}:"


def seal(case_id: bytes, opened: Opened, value: bytes) -> bytes:
    """A value of a file under a key of all subjects of its record: when one of them is erased, it cannot be opened any
    more."""
    record_id = opened.envelope["record_id"]
    return cipher.encrypt(cipher.joint_key(opened.keys, record_id), value, _USE + case_id + record_id)


def unseal(case_id: bytes, opened: Opened, sealed: bytes) -> bytes:
    """What ``seal`` was given. Raises ``TamperDetected``."""
    record_id = opened.envelope["record_id"]
    return cipher.decrypt(cipher.joint_key(opened.keys, record_id), bytes(sealed), _USE + case_id + record_id)
