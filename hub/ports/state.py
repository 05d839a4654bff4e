"""The ports of what the hub stores beside the log: tables, keys, signatures."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final, Protocol

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


class DamagedKey:
    """The answer for a key that is stored and does not open."""


DAMAGED: Final = DamagedKey()


class KeyVault(Protocol):
    """Identities and data keys: the erasable state (P5). Every call takes many and answers each, in order.

    An *identity* is (namespace, normalised identifier), as ``hub.records.identifiers`` makes it; only a keyed HMAC of
    it is stored. Its *id*: 4 bytes of seconds since the epoch (process time, big-endian), 12 random bytes. The *data
    key* of an id: 32 random bytes, stored under the master key.

    Durable on return. Safe for threads and processes: all of them get the same id and key for the same new identity,
    and every call sees earlier erasures of every process. Raises ``Unavailable`` (the next call finds what was made, if
    anything), ``TamperDetected`` when the master key is not this vault's, ``Misconfigured`` without tables. A damaged
    key never raises: the result has ``DAMAGED`` in its place.
    """

    def identify(self, identities: Sequence[tuple[str, str]]) -> list[bytes]:
        """The id of each identity, made when new; after ``erase``, another one."""

    def find(self, identities: Sequence[tuple[str, str]]) -> list[bytes | None]:
        """As ``identify``, but makes none: ``None`` for an identity that is unknown or erased."""

    def keys(self, ids: Sequence[bytes]) -> list[bytes | DamagedKey | None]:
        """The data key of each id, made when there is none. ``None`` for an id without identity: it is erased."""

    def open_keys(self, ids: Sequence[bytes]) -> list[bytes | DamagedKey | None]:
        """As ``keys``, but makes none: ``None`` also for an id that has no key yet."""

    def erase(self, subject: bytes) -> bool:
        """Destroy the data key of an id and every identity row that leads to it. False if there was neither."""

    def erase_all(self, ids: Sequence[bytes]) -> int:
        """As ``erase`` for up to 10,000 ids, all or none. Returns how many keys and identity rows there were."""

    def close(self) -> None:
        """Release the connections."""


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
