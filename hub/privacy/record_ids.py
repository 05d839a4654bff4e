"""Ids of records: computed with the hub's record key from the row itself. So a retry, a look-up and a feed of the same
content compute the same id without communication (P2). See ``docs/adr/0014-record-identity.md``.
"""

import hmac
from typing import Protocol

from hub.ports import SourceRow

ID_BYTES = 16
CONTENT_BYTES = 8
_VERSION_BYTES = 6
_HASH_BYTES = ID_BYTES - _VERSION_BYTES
_VERSION_MASK = 2 ** (8 * _VERSION_BYTES) - 1


class SourceInfo(Protocol):
    """What sealing needs from a connector's description."""

    @property
    def name(self) -> str:
        """The connector's name."""

    @property
    def kind(self) -> str:
        """The kind of record that it gives."""

    @property
    def scope(self) -> str:
        """The range in which the rows' keys are unique: the declared authority, or the source's own name."""

    @property
    def mapping(self) -> bytes:
        """A digest of its mapping, 8 bytes."""


class RecordIds:
    """Ids under one record key (32 secret bytes). Without the key, an id can be neither computed nor checked."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def row(self, source: SourceInfo, key: str) -> bytes:
        """The id of a row, 16 bytes. All its versions have the same one, readable or not."""
        return self._keyed(b"row", *_row(source, key))[:ID_BYTES]

    def record(self, source: SourceInfo, row: SourceRow, content: bytes) -> bytes:
        """The id of one content of one version of a row, 16 bytes: the low 48 bits of the version, big-endian, then 10
        bytes of hash. The version comes first so that new ids are near each other in an index."""
        parts = (*_row(source, row.key), b"%d" % row.version, b"%d" % row.revision, content)
        hashed = self._keyed(b"record", *parts)[:_HASH_BYTES]
        low: bytes = (row.version & _VERSION_MASK).to_bytes(_VERSION_BYTES, "big")
        return low + hashed

    def content(self, row: SourceRow) -> bytes:
        """A digest of a row's content, 8 bytes: equal for equal ``raw``. A deletion that the hub found (``vanished``)
        has another digest than the row, which may come back under the same version."""
        return self._keyed(b"vanished" if row.vanished else b"content", row.raw)[:CONTENT_BYTES]

    def digest(self, raw: bytes) -> bytes:
        """A keyed digest of bytes that the hub does not store, 32 bytes."""
        return self._keyed(b"digest", raw)

    def _keyed(self, what: bytes, *parts: bytes) -> bytes:
        # Each part has its length before it: two different lists never give the same bytes.
        message = b"".join((what, *(len(part).to_bytes(4, "big") + part for part in parts)))
        return hmac.digest(self._key, message, "sha256")


def _row(source: SourceInfo, key: str) -> tuple[bytes, ...]:
    # With the kind: an authority may use the same numbers for titles and for projects.
    return source.scope.encode(), source.kind.encode(), key.encode("utf-8", "surrogatepass")
