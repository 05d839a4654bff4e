"""The ports of what the hub stores beside the log: tables, keys, signatures."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Store(Protocol):
    """The database of the projections, the outbox and the hub's own state. Thread-safe.

    ``write`` and ``read`` are context managers. They raise ``Misconfigured`` when a table is missing (not migrated).
    """

    def write(self) -> "AbstractContextManager[Connection]":
        """One transaction: committed when the block ends, rolled back when it raises. Durable after the block.

        Writers may run at the same time (on SQLite one after the other): the caller locks the rows that it decides
        about, in the order of their keys. It must not open a second ``write`` inside the block: that waits for itself.
        Raises ``Unavailable`` when the database is away. If that happens at the commit, the outcome is unknown: the
        caller finds it by reading, because all it writes has ids computed from what it is about (P2).
        """

    def read(self) -> "AbstractContextManager[Connection]":
        """One snapshot: all queries in the block see the same moment. Writing in it is an error.

        It does not wait for writers, and writers do not wait for it. Raises ``Unavailable`` when the database is away.
        """

    def close(self) -> None:
        """Close the connections. Blocks that are open must have ended."""


class KeyVault(Protocol):
    """Identities and data keys: the erasable state (P5). Calls take many at once, because one by one a cold backfill
    would crawl.

    Durable on return. Safe for concurrent use by threads and processes: two that meet the same new identity get the
    same id.
    """

    def identify(self, identities: Sequence[tuple[str, str]]) -> list[bytes]:
        """Identities, (namespace, normalised identifier) → their opaque 16-byte ids, made at random when new. Only a
        keyed HMAC is stored."""

    def find(self, identities: Sequence[tuple[str, str]]) -> list[bytes | None]:
        """As ``identify``, but never creates."""

    def keys(self, ids: Sequence[bytes]) -> list[bytes]:
        """Ids → 32-byte data keys, made when new. Raises ``RecordRejected`` ("ERASED") never: an erased id gets no
        key, see ``open_keys``."""

    def open_keys(self, ids: Sequence[bytes]) -> list[bytes | None]:
        """As ``keys``, but never creates; ``None`` for an id that is erased or unknown."""

    def erase(self, subject: bytes) -> bool:
        """Destroy the data key and every identity row of a subject; False if there was none."""

    def close(self) -> None:
        """Close the database's connections."""


class Signer(Protocol):
    """Signs with one private key. Thread-safe."""

    @property
    def key_id(self) -> str:
        """The name by which a ``Verifier`` finds the public key. It never changes its meaning."""

    def sign(self, message: bytes) -> bytes:
        """The signature over exactly these bytes. The key's algorithm decides its length.

        Raises ``Unavailable`` when the key is in a device or service that does not answer.
        """


class Verifier(Protocol):
    """Checks signatures with trusted public keys. Thread-safe."""

    def verify(self, key_id: str, message: bytes, signature: bytes) -> None:
        """Return when ``signature`` is valid for exactly these bytes under the key ``key_id``.

        Raises ``TamperDetected`` when it is not, of any length and content, and ``Misconfigured`` for a key that
        is not trusted. It never trusts a key that comes with the message.
        """
