"""Bearer tokens: random, scoped, hashed at rest, shown once. Their text is ``oct_<id>_<secret>``; the id is public."""

import hashlib
import hmac
import re
import secrets
from typing import Final, NamedTuple

from sqlalchemy import Row, insert, select, update

from hub.cases.by import By
from hub.errors import Misconfigured
from hub.ports import Clock, Store
from hub.web.auth.tables import token

SCOPES: Final = ("applications:write", "applications:read", "operate", "cases", "metrics")
# What these scopes allow concerns applications, and an application belongs to a channel.
_OF_A_CHANNEL = frozenset(SCOPES) - {"cases", "metrics"}
_CLIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PREFIX = "oct"
_Row = Row[tuple[str, str, bytes, str, str, int, int | None]]
# 256 random bits cannot be guessed, so a plain hash is enough.
_SECRET_BYTES = 32
_UNKNOWN = hashlib.sha256(b"unknown").digest()


class Token(NamedTuple):
    """A valid token: its id, the client that it belongs to, its scopes and its channels. It has no secret."""

    token_id: str
    client: str
    scopes: frozenset[str]
    channels: frozenset[str]

    def by(self, channel: str) -> By:
        """Who asks, as events say it, for a request through ``channel``."""
        return By(f"token:{self.token_id}", self.client, channel)


class Tokens:
    """The tokens in the store. All methods raise ``Unavailable`` when the store is."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create(self, client: str, scopes: frozenset[str], channels: frozenset[str] = frozenset()) -> tuple[str, str]:
        """Make a token for a client and its channels. Returns its id and its text, which cannot be read again.

        Raises ``Misconfigured`` for no or an unknown scope, for a client's name with other characters than letters,
        digits, '.', '_' and '-', and for a scope about applications without a channel.
        """
        if strange := sorted(scopes - set(SCOPES)) or not scopes:
            raise Misconfigured(f"no such scope: {strange}", f"scopes are {', '.join(SCOPES)}")
        if not _CLIENT.fullmatch(client):
            raise Misconfigured(f"{client!r} is no client's name", "letters, digits, '.', '_' and '-', at most 64")
        if scopes & _OF_A_CHANNEL and not channels:
            raise Misconfigured("the token would have no channel", "name the client's channels with --channel")
        token_id, secret = secrets.token_hex(4), secrets.token_urlsafe(_SECRET_BYTES)
        row = {
            "token_id": token_id,
            "client": client,
            "hash": _hash(secret),
            "scopes": " ".join(sorted(scopes)),
            "channels": " ".join(sorted(channels)),
            "created_ms": self._clock.process_ms(),
        }
        with self._store.write() as connection:
            connection.execute(insert(token), [row])
        return token_id, f"{_PREFIX}_{token_id}_{secret}"

    def check(self, text: str) -> Token | None:
        """The valid token with this text; ``None`` when there is none or it is revoked. A wrong secret takes the same
        time as a wrong id."""
        prefix, _, rest = text.partition("_")
        token_id, _, secret = rest.partition("_")
        row = self._find(token_id)
        expected = row.hash if row is not None else _UNKNOWN
        right = hmac.compare_digest(expected, _hash(secret))
        if row is None or not right or prefix != _PREFIX or row.revoked_ms is not None:
            return None
        return Token(row.token_id, row.client, frozenset(row.scopes.split()), frozenset(row.channels.split()))

    def revoke(self, token_id: str) -> bool:
        """Revoke a token. False when no valid token has that id."""
        with self._store.write() as connection:
            changed = connection.execute(
                update(token)
                .where(token.c.token_id == token_id, token.c.revoked_ms.is_(None))
                .values(revoked_ms=self._clock.process_ms())
            )
        return changed.rowcount > 0

    def all(self) -> list[_Row]:
        """The rows of all tokens, oldest first. They have the hash, not the text."""
        with self._store.read() as connection:
            return list(connection.execute(select(token).order_by(token.c.created_ms, token.c.token_id)))

    def _find(self, token_id: str) -> _Row | None:
        with self._store.read() as connection:
            return connection.execute(select(token).where(token.c.token_id == token_id)).one_or_none()


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
