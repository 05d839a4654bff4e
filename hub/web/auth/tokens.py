"""Bearer tokens: random, of a client, scoped, hashed at rest, shown once; they expire. Their text is
``oct_<id>_<secret>``; the id is public."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, insert, select, update

from hub.cases.by import By
from hub.errors import Misconfigured
from hub.ports import Clock, Store
from hub.web.auth.clients import Client, client_of
from hub.web.auth.tables import client, token

SCOPES: Final = (
    *("applications:write", "applications:read", "transfers:write", "transfers:read", "operate", "cases", "metrics"),
)
DELIVERIES: Final = "deliveries:"
"""Before a sink's name: the scope of the system that fetches the pieces of this sink. A token has one of them at most.
"""
_OF_A_SINK: Final = re.compile(r"deliveries:[a-z][a-z0-9_]{1,62}")
# What these scopes allow concerns applications and transfers, and each of them belongs to a channel.
_OF_A_CHANNEL = frozenset(SCOPES) - {"cases", "metrics"}
LIFETIME_DAYS: Final = 365
LIFETIME_DAYS_MAX: Final = 2 * 365
DAY_MS: Final = 86_400_000
_PREFIX = "oct"
_SECRET_BYTES = 32
# 256 random bits cannot be guessed, so a plain hash is enough.
_UNKNOWN = hashlib.sha256(b"unknown").digest()


def known(scope: str) -> bool:
    """Whether there is such a scope.

    >>> known("metrics"), known("deliveries:utility_pull"), known("deliveries:"), known("all")
    (True, True, False, False)
    """
    return scope in SCOPES or _OF_A_SINK.fullmatch(scope) is not None


class Token(NamedTuple):
    """A valid token: its id, its client and its scopes. It has no secret."""

    token_id: str
    client: Client
    scopes: frozenset[str]

    @property
    def channels(self) -> frozenset[str]:
        """The channels of its client."""
        return self.client.channels

    @property
    def sink(self) -> str:
        """The sink whose pieces it may fetch; "" for none."""
        return next((one.removeprefix(DELIVERIES) for one in self.scopes if one.startswith(DELIVERIES)), "")

    def by(self, channel: str) -> By:
        """Who asks, as events say it, for a request through ``channel``."""
        return By(f"token:{self.token_id}", self.client.name, channel)


class Made(NamedTuple):
    """A new token: its id, its text, which cannot be read again, and until when it is valid (process time, ms)."""

    token_id: str
    text: str
    expires_ms: int


class Tokens:
    """The tokens in the store. All methods raise ``Unavailable`` when the store is."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def create(self, name: str, scopes: frozenset[str], days: int = LIFETIME_DAYS) -> Made:
        """Make a token for a client, valid for ``days``.

        Raises ``Misconfigured`` for no or an unknown scope, an unknown client, a scope about applications where the
        client has no channel, and a lifetime of more than ``LIFETIME_DAYS_MAX``."""
        if strange := sorted(one for one in scopes if not known(one)) or not scopes:
            raise Misconfigured(f"no such scope: {strange}", f"scopes are {', '.join(SCOPES)}, {DELIVERIES}SINK")
        if sum(one.startswith(DELIVERIES) for one in scopes) > 1:
            raise Misconfigured("a token fetches the pieces of one sink", "make a token for each")
        if not 1 <= days <= LIFETIME_DAYS_MAX:
            raise Misconfigured(f"{days} days are no lifetime", f"from 1 to {LIFETIME_DAYS_MAX} days")
        with self._store.write() as connection:
            return self._made(connection, name, scopes, days)

    def rotate(self, token_id: str, overlap_ms: int, days: int = LIFETIME_DAYS) -> Made:
        """Make the next token of a valid one, with its client and scopes. The old one is valid for ``overlap_ms`` more,
        never for longer than before. Raises ``Misconfigured`` when no valid token has that id."""
        now_ms = self._clock.process_ms()
        with self._store.write() as connection:
            row = _find(connection, token_id)
            if row is None or not _is_valid(row, now_ms):
                raise Misconfigured(f"no valid token has the id {token_id}", "`hub token list` shows them")
            made = self._made(connection, row.client, frozenset(row.scopes.split()), days)
            ends_ms = min(expires_ms(row), now_ms + overlap_ms)
            connection.execute(update(token).where(token.c.token_id == token_id).values(expires_ms=ends_ms))
        return made

    def _made(self, connection: Connection, name: str, scopes: frozenset[str], days: int) -> Made:
        row = connection.execute(select(client).where(client.c.client == name)).one_or_none()
        if row is None or row.ended_ms is not None:
            raise Misconfigured(f"there is no client {name!r}", "register it with `hub client create`")
        if scopes & _OF_A_CHANNEL and not row.channels:
            raise Misconfigured(f"the client {name} has no channel", "give it one with `hub client change --channel`")
        token_id, secret = secrets.token_hex(4), secrets.token_urlsafe(_SECRET_BYTES)
        now_ms = self._clock.process_ms()
        made = Made(token_id, f"{_PREFIX}_{token_id}_{secret}", now_ms + days * DAY_MS)
        values = {
            "token_id": token_id,
            "client": name,
            "hash": _hash(secret),
            "scopes": " ".join(sorted(scopes)),
            "channels": row.channels,
            "created_ms": now_ms,
            "expires_ms": made.expires_ms,
        }
        connection.execute(insert(token), [values])
        return made

    def check(self, text: str) -> Token | None:
        """The valid token with this text; ``None`` when there is none, when it is revoked or expired, or when its
        client has ended. A wrong secret takes the same time as a wrong id."""
        prefix, _, rest = text.partition("_")
        token_id, _, secret = rest.partition("_")
        with self._store.read() as connection:
            row = _find(connection, token_id) if token_id.isascii() and token_id.isalnum() else None
            owner = None
            if row is not None:
                owner = connection.execute(select(client).where(client.c.client == row.client)).one_or_none()
        right = hmac.compare_digest(row.hash if row is not None else _UNKNOWN, _hash(secret))
        if row is None or owner is None or not right or prefix != _PREFIX or owner.ended_ms is not None:
            return None
        if not _is_valid(row, self._clock.process_ms()):
            return None
        return Token(row.token_id, client_of(owner), frozenset(row.scopes.split()))

    def revoke(self, token_id: str) -> bool:
        """Revoke a token. False when no valid token has that id."""
        with self._store.write() as connection:
            row = _find(connection, token_id)
            if row is None or not _is_valid(row, self._clock.process_ms()):
                return False
            ended = update(token).where(token.c.token_id == token_id, token.c.revoked_ms.is_(None))
            return connection.execute(ended.values(revoked_ms=self._clock.process_ms())).rowcount > 0

    def all(self) -> list[Row[Any]]:
        """The rows of all tokens, oldest first. They have the hash, not the text."""
        with self._store.read() as connection:
            return list(connection.execute(select(token).order_by(token.c.created_ms, token.c.token_id)))


def ending(rows: Sequence[Row[Any]], now_ms: int, within_ms: int) -> list[Row[Any]]:
    """Of all tokens (``Tokens.all``) those that expire within ``within_ms`` and have no successor: a token of the same
    client with the same scopes that is valid for longer."""
    valid = [row for row in rows if _is_valid(row, now_ms)]
    last: dict[tuple[str, str], Row[Any]] = {}
    for row in sorted(valid, key=expires_ms):
        last[row.client, row.scopes] = row
    return [row for row in last.values() if expires_ms(row) < now_ms + within_ms]


def without(rows: Sequence[Row[Any]], sinks: Iterable[str], now_ms: int) -> list[str]:
    """Of the sinks whose systems fetch those for which no valid token of all (``Tokens.all``) has the scope."""
    scopes = {scope for row in rows if _is_valid(row, now_ms) for scope in row.scopes.split()}
    return sorted(name for name in sinks if f"{DELIVERIES}{name}" not in scopes)


def expires_ms(row: Row[Any]) -> int:
    """Until when a token is valid, from its row; process time, ms."""
    return int(row.created_ms + LIFETIME_DAYS * DAY_MS if row.expires_ms is None else row.expires_ms)


def _is_valid(row: Row[Any], now_ms: int) -> bool:
    return row.revoked_ms is None and now_ms < expires_ms(row)


def _find(connection: Connection, token_id: str) -> Row[Any] | None:
    return connection.execute(select(token).where(token.c.token_id == token_id)).one_or_none()


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
