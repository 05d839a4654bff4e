"""Key vault: identities under opaque ids, and the data key of each. The erasable part of the hub's state (P5).

Its tables are in a database of their own (``hub.privacy.tables``), separate from topics and projections. So an erasure
here makes all copies there unreadable. ``identity`` maps a keyed HMAC of a normalised identifier to an opaque id;
``data_key`` has the AES-256 key of each id, wrapped (AES-256-GCM) under the master key. Without the file of the master
key the database reveals nothing about any person.
"""

import hmac
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, inspect, select, update

from hub.errors import Misconfigured, TamperDetected
from hub.ports import DAMAGED, Clock, DamagedKey, Store
from hub.privacy.tables import VAULT, check, data_key, epoch, identity
from hub.stores import bulk

KEY_BYTES = 32
ID_BYTES = 16
_SECONDS_BYTES = 4
_NONCE_BYTES = 12
# Bounds memory at about 60 MB: an entry is an id and a key or HMAC.
_CACHE_MAX = 200_000
# PostgreSQL's advisory lock between those who make identities and keys (shared) and those who erase (exclusive).
_ERASING = 7041180


class MasterKey:
    """The installation's secret: 32 random bytes in a file that only its owner may read. Each use has a sub-key."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def load(cls, path: Path, create: bool = False) -> "MasterKey":
        """Read the key file; with ``create``, make one (mode 0600) when there is none.

        Raises ``Misconfigured`` when it is missing, of a wrong length, readable by others, or not by this user.
        """
        if not path.exists():
            if not create:
                raise Misconfigured(
                    f"no master key at {path}", "restore it from the backup: without it nothing sealed can be opened"
                )
            _write_new(path)
        if _open_to_others(path):
            raise Misconfigured(f"{path} is readable by others", f"chmod 600 {path}")
        try:
            secret = path.read_bytes()
        except OSError as error:
            raise Misconfigured(
                f"the master key {path} cannot be read ({error.strerror})", "give it to the user that runs the hub"
            ) from None
        if len(secret) != KEY_BYTES:
            raise Misconfigured(f"{path} is not a master key of {KEY_BYTES} bytes", "restore it from the backup")
        return cls(secret)

    def derive(self, use: str) -> bytes:
        """The 32-byte sub-key for one use; HMAC-SHA256 as a PRF (NIST SP 800-108)."""
        return hmac.digest(self._secret, b"onecert-hub/" + use.encode(), "sha256")


def _open_to_others(path: Path) -> bool:
    """Whether users other than the owner may read it. A systemd credential has the group bits of an access list that
    allows only the unit's user (0440, from version 254)."""
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


class _Cache:
    """Ids and keys that were read or made at one count of erasures. Two threads that see different counts use two
    caches."""

    def __init__(self, erasures: int) -> None:
        self.erasures = erasures
        self.ids: dict[bytes, bytes] = {}
        self.keys: dict[bytes, bytes] = {}

    def add_keys(self, keys: Mapping[bytes, bytes | DamagedKey]) -> None:
        """Add keys that open. A damaged one is left out: its row may be restored."""
        self.keys.update((one, key) for one, key in keys.items() if isinstance(key, bytes))

    def full(self) -> bool:
        return max(len(self.ids), len(self.keys)) > _CACHE_MAX


class DatabaseVault:
    """``KeyVault`` port over SQLAlchemy: a SQLite file on one machine, PostgreSQL for several. Making one touches no
    table: ``prepare`` first. What it read is cached until any process erases."""

    def __init__(self, store: Store, master: MasterKey, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._index_key = master.derive("identity-index")
        self._wrapper = AESGCM(master.derive("key-wrap"))
        self._check_value = master.derive("vault-check")
        self._cache = _Cache(-1)

    def prepare(self) -> None:
        """Bring the tables to this version, and bind an empty vault to the master key. Safe to run again and by
        several at once.

        Raises ``TamperDetected`` when the vault was made under another master key, ``Misconfigured`` when it is of a
        newer hub."""
        with self._store.write() as connection:
            VAULT.upgrade_connection(connection)
            bulk.add(connection, epoch, {"one": [1], "erasures": [0]})
            bulk.add(connection, check, {"one": [1], "value": [self._check_value]})
            self._check_master(connection)

    def revision(self) -> str:
        """The revision of the tables. Raises ``Misconfigured`` when they are missing or older than this hub needs."""
        with self._store.read() as connection:
            return VAULT.check(connection)

    def try_write(self) -> None:
        """Write something, and change nothing. Raises as ``Store.write`` does where the vault may not be written."""
        with self._store.write() as connection:
            VAULT.try_write(connection)

    # ---- the port --------------------------------------------------------------------------------------------------

    def identify(self, identities: Sequence[tuple[str, str]]) -> list[bytes]:
        wanted = [self._hmac(*one) for one in identities]
        cache = self._load_ids(wanted)
        if missing := _unknown(wanted, cache.ids):
            cache.ids.update(self._create_ids(missing))
        return [cache.ids[key] for key in wanted]

    def find(self, identities: Sequence[tuple[str, str]]) -> list[bytes | None]:
        wanted = [self._hmac(*one) for one in identities]
        cache = self._load_ids(wanted)
        return [cache.ids.get(key) for key in wanted]

    def keys(self, ids: Sequence[bytes]) -> list[bytes | DamagedKey | None]:
        cache, keys = self._load_keys(ids)
        if missing := _unknown(ids, keys):
            made = self._create_keys(missing)
            cache.add_keys(made)
            keys |= made
        return [keys.get(one) for one in ids]

    def open_keys(self, ids: Sequence[bytes]) -> list[bytes | DamagedKey | None]:
        _, keys = self._load_keys(ids)
        return [keys.get(one) for one in ids]

    def erase(self, subject: bytes) -> bool:
        return self.erase_all([subject]) > 0

    def erase_all(self, ids: Sequence[bytes]) -> int:
        with self._store.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ERASING})")
            deleted = connection.execute(delete(identity).where(identity.c.id.in_(ids))).rowcount
            deleted += connection.execute(delete(data_key).where(data_key.c.id.in_(ids))).rowcount
            connection.execute(update(epoch).values(erasures=epoch.c.erasures + 1))
        self._cache = _Cache(-1)
        return deleted

    def close(self) -> None:
        self._store.close()

    # ---- the cache -------------------------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[tuple[Connection, _Cache]]:
        """(Connection with one snapshot, cache without anything that was erased before that snapshot)."""
        with self._store.read() as connection:
            cache = self._cache
            if cache.erasures < 0:
                self._check_master(connection)
            erasures = connection.execute(select(epoch.c.erasures)).scalar_one()
            if erasures != cache.erasures or cache.full():
                self._cache = cache = _Cache(erasures)
            yield connection, cache

    def _check_master(self, connection: Connection) -> None:
        found = connection.execute(select(check.c.value)).scalar_one()
        if not hmac.compare_digest(bytes(found), self._check_value):
            raise TamperDetected("the master key is not this vault's: restore the key file that was backed up with it")

    # ---- identities ------------------------------------------------------------------------------------------------

    def _hmac(self, namespace: str, value: str) -> bytes:
        return hmac.digest(self._index_key, f"{namespace}\0{value}".encode(), "sha256")

    def _load_ids(self, wanted: Sequence[bytes]) -> _Cache:
        """The cache, with what the database knows of ``wanted``."""
        with self._reading() as (connection, cache):
            if unknown := _unknown(wanted, cache.ids):
                bulk.force_index(connection)
                cache.ids.update(_stored_ids(connection, unknown))
        return cache

    def _create_ids(self, missing: Sequence[bytes]) -> dict[bytes, bytes]:
        """The ids of ``missing``, drawn here or by another process in the meantime."""
        # All processes use the same order, so that two that add the same identities cannot deadlock.
        drawn = dict(zip(sorted(missing), self._draw(len(missing)), strict=True))
        with self._making() as connection:
            added = bulk.add(connection, identity, {"hmac": list(drawn), "id": list(drawn.values())})
            if added < len(drawn):  # another process was first with some: what is stored counts, not what we drew
                return _stored_ids(connection, missing)
        return drawn

    def _draw(self, count: int) -> list[bytes]:
        """New ids: 4 bytes of seconds (process time), so that ids of one time are near each other in an index, then 12
        random bytes."""
        seconds = (self._clock.process_ms() // 1000).to_bytes(_SECONDS_BYTES, "big")
        return [seconds + random for random in _random(count, ID_BYTES - _SECONDS_BYTES)]

    # ---- keys ------------------------------------------------------------------------------------------------------

    def _load_keys(self, wanted: Sequence[bytes]) -> tuple[_Cache, dict[bytes, bytes | DamagedKey]]:
        """The keys of ``wanted`` that are there, and the cache that has them."""
        with self._reading() as (connection, cache):
            found: dict[bytes, bytes | DamagedKey] = {one: cache.keys[one] for one in wanted if one in cache.keys}
            if unknown := _unknown(wanted, found):
                bulk.force_index(connection)
                stored = self._stored_keys(connection, unknown)
                cache.add_keys(stored)
                found |= stored
        return cache, found

    def _stored_keys(self, connection: Connection, ids: Sequence[bytes]) -> dict[bytes, bytes | DamagedKey]:
        rows = bulk.find(connection, (data_key.c.id, data_key.c.wrapped), data_key.c.id, ids)
        return {one: self._unwrap(one, wrapped) for one, wrapped in rows}

    def _create_keys(self, missing: Sequence[bytes]) -> dict[bytes, bytes | DamagedKey]:
        """Keys for those of ``missing`` that have an identity, made here or by another process in the meantime."""
        with self._making() as connection:
            known = sorted({one for (one,) in bulk.find(connection, (identity.c.id,), identity.c.id, missing)})
            drawn = _random(len(known), KEY_BYTES)
            wrapped = list(map(self._wrap, known, drawn, _random(len(known), _NONCE_BYTES)))
            if bulk.add(connection, data_key, {"id": known, "wrapped": wrapped}) < len(known):
                return self._stored_keys(connection, known)
        return dict(zip(known, drawn, strict=True))

    def _wrap(self, one: bytes, key: bytes, nonce: bytes) -> bytes:
        return nonce + self._wrapper.encrypt(nonce, key, one)

    def _unwrap(self, one: bytes, wrapped: bytes) -> bytes | DamagedKey:
        try:
            return self._wrapper.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], one)
        except (InvalidTag, ValueError):
            return DAMAGED

    @contextmanager
    def _making(self) -> Iterator[Connection]:
        """A transaction that adds identities or keys. Erasing waits for it, and it for erasing: so no key is made for
        an identity that is being erased."""
        with self._store.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({_ERASING})")
                bulk.force_index(connection)
            yield connection


def _stored_ids(connection: Connection, hmacs: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(map(tuple, bulk.find(connection, (identity.c.hmac, identity.c.id), identity.c.hmac, hmacs)))


def _random(count: int, size: int) -> list[bytes]:
    """``count`` random strings of ``size`` bytes."""
    drawn = os.urandom(count * size)
    return [drawn[start : start + size] for start in range(0, len(drawn), size)]


def _unknown(wanted: Iterable[bytes], known: Mapping[bytes, object]) -> list[bytes]:
    return [one for one in dict.fromkeys(wanted) if one not in known]


def untouched(store: Store) -> bool:
    """Whether no vault was ever made in ``store``: only then may a missing master key be made."""
    with store.read() as connection:
        return not inspect(connection).has_table(check.name)
