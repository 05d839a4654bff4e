"""Ids of records: computed under the hub's record key from what a row is, so that a retry, a look-up and a feed of the
same content arrive at the same id without asking one another (P2). See ``docs/adr/0014-record-identity.md``.
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
    """What sealing needs to know of a connector."""

    @property
    def name(self) -> str:
        """The connector's name."""

    @property
    def kind(self) -> str:
        """The kind of record that it gives."""

    @property
    def scope(self) -> str:
        """Where the rows' keys are unique: the authority that several sources share, or the source's own name."""

    @property
    def mapping(self) -> bytes:
        """A digest of what maps its rows, 8 bytes."""


class RecordIds:
    """Ids under one record key (32 secret bytes): who does not have it can neither guess nor check one."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def row(self, source: SourceInfo, key: str) -> bytes:
        """The id of a row, 16 bytes: shared by all its versions, readable or not."""
        return self._keyed(b"row", *_row(source, key))[:ID_BYTES]

    def record(self, source: SourceInfo, row: SourceRow, content: bytes) -> bytes:
        """The id of one ``content`` of one version of one row, 16 bytes: the low 48 bits of the version, big-endian, so
        that what is new lies together in an index, then 10 bytes of hash."""
        parts = (*_row(source, row.key), b"%d" % row.version, b"%d" % row.revision, content)
        hashed = self._keyed(b"record", *parts)[:_HASH_BYTES]
        low: bytes = (row.version & _VERSION_MASK).to_bytes(_VERSION_BYTES, "big")
        return low + hashed

    def content(self, row: SourceRow) -> bytes:
        """What a row says, 8 bytes: the same for the same ``raw``. That a row has vanished is another content than
        the row itself, which may come back under the same version."""
        return self._keyed(b"vanished" if row.vanished else b"content", row.raw)[:CONTENT_BYTES]

    def digest(self, raw: bytes) -> bytes:
        """A digest of bytes that the hub does not store, 32 bytes."""
        return self._keyed(b"digest", raw)

    def _keyed(self, what: bytes, *parts: bytes) -> bytes:
        # Each part has its length before it: no two lists of parts give the same bytes.
        message = b"".join((what, *(len(part).to_bytes(4, "big") + part for part in parts)))
        return hmac.digest(self._key, message, "sha256")


def _row(source: SourceInfo, key: str) -> tuple[bytes, ...]:
    # The kind as well: an authority may number its titles and its projects alike.
    return source.scope.encode(), source.kind.encode(), key.encode("utf-8", "surrogatepass")
