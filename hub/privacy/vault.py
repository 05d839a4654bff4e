"""Key vault: who is who, under opaque ids, and the data key of each. The erasable half of the hub's state (P5).

Two tables in a database of their own, apart from topics and projections, so that erasing here reaches every copy there:
``identity`` finds an opaque random id by a keyed HMAC of a normalised identifier; ``data_key`` holds each id's
AES-256 key, wrapped (AES-256-GCM) under the master key. Without the master key's file the database says nothing about
anybody.
"""

import hmac
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    Column,
    Connection,
    Table,
    bindparam,
    delete,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from hub.errors import Misconfigured, TamperDetected
from hub.ports import Store
from hub.privacy.tables import VAULT, check, data_key, epoch, identity

KEY_BYTES = 32
ID_BYTES = 16
_NONCE_BYTES = 12
# One statement asks for this many; SQLite allows 32,766 variables, PostgreSQL 65,535.
_CHUNK = 5_000
# Bounds memory at about 60 MB: an entry is an id and a key or HMAC.
_CACHE_MAX = 200_000


class MasterKey:
    """The installation's secret: 32 random bytes in a file that only its owner reads. Sub-keys are derived per use."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def load(cls, path: Path, create: bool = False) -> "MasterKey":
        """Read the key file; with ``create``, make one (mode 0600) when there is none.

        Raises ``Misconfigured`` when it is missing, of a wrong length, or readable by others.
        """
        if not path.exists():
            if not create:
                raise Misconfigured(
                    f"no master key at {path}", "restore it from the backup: without it nothing sealed can be opened"
                )
            _write_new(path)
        if _open_to_others(path):
            raise Misconfigured(f"{path} is readable by others", f"chmod 600 {path}")
        secret = path.read_bytes()
        if len(secret) != KEY_BYTES:
            raise Misconfigured(f"{path} is not a master key of {KEY_BYTES} bytes", "restore it from the backup")
        return cls(secret)

    def derive(self, use: str) -> bytes:
        """The 32-byte sub-key for one use; HMAC-SHA256 as a PRF (NIST SP 800-108)."""
        return hmac.digest(self._secret, b"onecert-hub/" + use.encode(), "sha256")


def _open_to_others(path: Path) -> bool:
    """Whether anybody but the owner may read it. A systemd credential shows the group bits of an access list that lets
    only the unit's user in (0440, from version 254)."""
    mode = path.stat().st_mode & 0o077
    credential = path.parent == Path(os.environ.get("CREDENTIALS_DIRECTORY") or os.devnull)
    return mode not in ((0, 0o040) if credential else (0,))


def _write_new(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())


class DatabaseVault:
    """``KeyVault`` port over SQLAlchemy: a SQLite file on one machine, PostgreSQL for several."""

    def __init__(self, store: Store, master: MasterKey) -> None:
        self._store = store
        self._index_key = master.derive("identity-index")
        self._wrapper = AESGCM(master.derive("key-wrap"))
        self._ids: dict[bytes, bytes] = {}
        self._keys: dict[bytes, bytes] = {}
        self._erasures = -1
        self._check_value = master.derive("vault-check")

    def prepare(self) -> None:
        """Bring the tables to this version, and bind an empty vault to the master key. Safe to run again and by
        several at once.

        Raises ``TamperDetected`` when the vault was made under another master key, ``Misconfigured`` when it is of a
        newer hub."""
        with self._store.write() as connection:
            VAULT.upgrade_connection(connection)
            connection.execute(_or_ignore(connection, epoch), [{"one": 1, "erasures": 0}])
            connection.execute(_or_ignore(connection, check), [{"one": 1, "value": self._check_value}])
            self._check_master(connection)

    def revision(self) -> str:
        """The revision of the tables. Raises ``Misconfigured`` when they are missing or older than this hub needs."""
        with self._store.read() as connection:
            return VAULT.check(connection)

    def _check_master(self, connection: Connection) -> None:
        found = connection.execute(select(check.c.value)).scalar_one()
        if not hmac.compare_digest(bytes(found), self._check_value):
            raise TamperDetected("the master key is not this vault's: restore the key file that was backed up with it")

    def identify(self, identities: Sequence[tuple[str, str]]) -> list[bytes]:
        wanted = [self._hmac(*identity) for identity in identities]
        ids = self._load_ids(wanted)
        missing = _unknown(wanted, ids)
        if missing:
            self._create_ids(missing, ids)
        return [ids[key] for key in wanted]

    def find(self, identities: Sequence[tuple[str, str]]) -> list[bytes | None]:
        wanted = [self._hmac(*identity) for identity in identities]
        ids = self._load_ids(wanted)
        return [ids.get(key) for key in wanted]

    def keys(self, ids: Sequence[bytes]) -> list[bytes]:
        keys = self._load_keys(ids)
        missing = _unknown(ids, keys)
        if missing:
            self._create_keys(missing, keys)
        return [keys[one] for one in ids]

    def open_keys(self, ids: Sequence[bytes]) -> list[bytes | None]:
        keys = self._load_keys(ids)
        return [keys.get(one) for one in ids]

    def erase(self, subject: bytes) -> bool:
        with self._store.write() as connection:
            gone = connection.execute(delete(data_key).where(data_key.c.id == subject)).rowcount
            gone += connection.execute(delete(identity).where(identity.c.id == subject)).rowcount
            connection.execute(update(epoch).values(erasures=epoch.c.erasures + 1))
        self._forget()
        return gone > 0

    def close(self) -> None:
        self._store.close()

    def _hmac(self, namespace: str, value: str) -> bytes:
        return hmac.digest(self._index_key, f"{namespace}\0{value}".encode(), "sha256")

    def _forget(self) -> None:
        # New dictionaries, not cleared ones: another thread may be in the middle of reading the old.
        self._ids, self._keys = {}, {}

    def _heed_erasures(self, connection: Connection) -> None:
        if self._erasures < 0:
            self._check_master(connection)
        count = connection.execute(select(epoch.c.erasures)).scalar_one()
        if count != self._erasures or max(len(self._ids), len(self._keys)) > _CACHE_MAX:
            self._forget()
            self._erasures = count

    def _load_ids(self, wanted: Sequence[bytes]) -> dict[bytes, bytes]:
        """The cache, filled with what the database knows of ``wanted``."""
        with self._store.read() as connection:
            self._heed_erasures(connection)
            ids = self._ids
            ids.update(_pairs(connection, identity.c.hmac, identity.c.id, _unknown(wanted, ids)))
        return ids

    def _create_ids(self, missing: Sequence[bytes], ids: dict[bytes, bytes]) -> None:
        drawn = {key: os.urandom(ID_BYTES) for key in missing}
        with self._store.write() as connection:
            # In one order everywhere, so that processes that meet the same newcomers do not wait crosswise.
            rows = [{"hmac": key, "id": one} for key, one in sorted(drawn.items())]
            if connection.execute(_or_ignore(connection, identity), rows).rowcount == len(rows):
                ids.update(drawn)
            else:  # another process was first with some: what is stored counts, not what we drew
                ids.update(_pairs(connection, identity.c.hmac, identity.c.id, missing))

    def _load_keys(self, wanted: Sequence[bytes]) -> dict[bytes, bytes]:
        with self._store.read() as connection:
            self._heed_erasures(connection)
            keys = self._keys
            for one, wrapped in _pairs(connection, data_key.c.id, data_key.c.wrapped, _unknown(wanted, keys)):
                keys[one] = self._unwrap(one, wrapped)
        return keys

    def _create_keys(self, missing: Sequence[bytes], keys: dict[bytes, bytes]) -> None:
        drawn = {one: os.urandom(KEY_BYTES) for one in missing}
        with self._store.write() as connection:
            rows = [{"id": one, "wrapped": self._wrap(one, key)} for one, key in sorted(drawn.items())]
            if connection.execute(_or_ignore(connection, data_key), rows).rowcount == len(rows):
                keys.update(drawn)
            else:
                for one, wrapped in _pairs(connection, data_key.c.id, data_key.c.wrapped, missing):
                    keys[one] = self._unwrap(one, wrapped)

    def _wrap(self, one: bytes, key: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._wrapper.encrypt(nonce, key, one)

    def _unwrap(self, one: bytes, wrapped: bytes) -> bytes:
        try:
            return self._wrapper.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], one)
        except InvalidTag:
            raise TamperDetected(
                "a data key does not open under this master key: wrong key file, or a changed vault"
            ) from None


def untouched(store: Store) -> bool:
    """Whether no vault was ever made in ``store``: only then may a missing master key be made."""
    with store.read() as connection:
        return not inspect(connection).has_table(check.name)


def _unknown(wanted: Iterable[bytes], cache: dict[bytes, bytes]) -> list[bytes]:
    return [key for key in dict.fromkeys(wanted) if key not in cache]


def _pairs(
    connection: Connection, key: Column[bytes], value: Column[bytes], wanted: Sequence[bytes]
) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    query = select(key, value).where(key.in_(bindparam("wanted", expanding=True)))
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(query, {"wanted": list(wanted[start : start + _CHUNK])})
        found.extend((bytes(row[0]), bytes(row[1])) for row in rows)
    return found


def _or_ignore(connection: Connection, table: Table) -> Any:
    """An INSERT that leaves an existing row as it is: SQLAlchemy spells this per dialect."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return insert(table)
