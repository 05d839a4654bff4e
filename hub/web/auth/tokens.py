"""Bearer tokens: random, scoped, hashed at rest, shown once. Their text is ``oct_<id>_<secret>``; the id is public."""

import hashlib
import hmac
import secrets
from typing import Final, NamedTuple

from sqlalchemy import Row, insert, select, update

from hub.errors import Misconfigured
from hub.ports import Clock, Store
from hub.web.auth.tables import token

SCOPES: Final = ("applications:write", "applications:read", "operate", "metrics")
_PREFIX = "oct"
# 256 random bits: a plain hash is enough, there is nothing to guess.
_SECRET_BYTES = 32
_NOBODY = hashlib.sha256(b"nobody").digest()


class Token(NamedTuple):
    """Who calls: the token's id and what it may do."""

    token_id: str
    name: str
    scopes: frozenset[str]


class Tokens:
    """Tokens in the store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create(self, name: str, scopes: frozenset[str]) -> tuple[str, str]:
        """Make a token: its id, and its text, which is shown this once. ``Misconfigured`` for an unknown scope."""
        if strange := sorted(scopes - set(SCOPES)) or not scopes:
            raise Misconfigured(f"no such scope: {strange}", f"scopes are {', '.join(SCOPES)}")
        token_id, secret = secrets.token_hex(4), secrets.token_urlsafe(_SECRET_BYTES)
        row = {
            "token_id": token_id,
            "name": name,
            "hash": _hash(secret),
            "scopes": " ".join(sorted(scopes)),
            "created_ms": self._clock.now_ms(),
        }
        with self._store.write() as connection:
            connection.execute(insert(token), [row])
        return token_id, f"{_PREFIX}_{token_id}_{secret}"

    def check(self, text: str) -> Token | None:
        """Who ``text`` belongs to; ``None`` for nobody. Takes the same time for a wrong secret as for a wrong id."""
        prefix, _, rest = text.partition("_")
        token_id, _, secret = rest.partition("_")
        row = self._find(token_id)
        expected = row.hash if row is not None else _NOBODY
        right = hmac.compare_digest(expected, _hash(secret))
        if row is None or not right or prefix != _PREFIX or row.revoked_ms is not None:
            return None
        return Token(row.token_id, row.name, frozenset(row.scopes.split()))

    def revoke(self, token_id: str) -> bool:
        """End a token; False when there is none of that id that still works."""
        with self._store.write() as connection:
            changed = connection.execute(
                update(token)
                .where(token.c.token_id == token_id, token.c.revoked_ms.is_(None))
                .values(revoked_ms=self._clock.now_ms())
            )
        return changed.rowcount > 0

    def all(self) -> list[Row[tuple[str, str, bytes, str, int, int | None]]]:
        """Every token, oldest first; never its text."""
        with self._store.read() as connection:
            return list(connection.execute(select(token).order_by(token.c.created_ms, token.c.token_id)))

    def _find(self, token_id: str) -> Row[tuple[str, str, bytes, str, int, int | None]] | None:
        with self._store.read() as connection:
            return connection.execute(select(token).where(token.c.token_id == token_id)).one_or_none()


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
