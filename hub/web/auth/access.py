"""Who may call: a bearer token (RFC 6750) with the scope that a route needs, and how often."""

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Collection
from typing import Final

from anyio import to_thread
from starlette.requests import Request

from hub.errors import Unavailable
from hub.ports import Clock
from hub.web.auth.tokens import Token, Tokens
from hub.web.connections import peer_of
from hub.web.limits import Rate
from hub.web.problems import Denied

TOKEN_PER_S: Final = 50.0
TOKEN_BURST: Final = 300
"""Requests with one token."""
WRONG_PER_S: Final = 0.5
WRONG_BURST: Final = 60
"""Requests with a wrong token from one peer. Then only tokens that were right before are looked up for it."""
KNOWN_MAX: Final = 10_000
TOKEN_CHARACTERS_MAX: Final = 200


class Access:
    """Lets requests in. Used in one event loop only."""

    def __init__(self, tokens: Tokens, clock: Clock) -> None:
        self._tokens = tokens
        self._by_token = Rate(TOKEN_PER_S, TOKEN_BURST, clock)
        self._wrong = Rate(WRONG_PER_S, WRONG_BURST, clock)
        self._known: OrderedDict[bytes, None] = OrderedDict()

    async def allow(self, request: Request, scope: str) -> Token:
        """The caller's token. Raises ``Denied`` when there is none, when it lacks the scope or was used too often, and
        ``Unavailable`` when the store is."""
        token = await self._entered(request)
        if scope not in token.scopes:
            raise Denied("FORBIDDEN")
        return token

    async def allow_sink(self, request: Request, sinks: Collection[str]) -> Token:
        """As ``allow``, for a token of one of these sinks."""
        token = await self._entered(request)
        if token.sink not in sinks:
            raise Denied("FORBIDDEN")
        return token

    async def _entered(self, request: Request) -> Token:
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        text = text.strip()
        if kind.lower() != "bearer" or not text:
            raise Denied("UNAUTHORISED")
        token = await self._looked_up(text, peer_of(request.client.host) if request.client else "")
        request.state.token_id = token.token_id
        if wait_s := self._by_token.take(token.token_id):
            raise Denied("TOO_MANY_REQUESTS", wait_s)
        return token

    async def _looked_up(self, text: str, peer: str) -> Token:
        digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        if digest not in self._known and (wait_s := self._wrong.take(peer, 0)):
            raise Denied("TOO_MANY_REQUESTS", wait_s)
        token = None
        if len(text) <= TOKEN_CHARACTERS_MAX:
            token = await to_thread.run_sync(self._tokens.check, text, abandon_on_cancel=True)
        if token is None:
            self._known.pop(digest, None)
            self._wrong.take(peer)
            raise Denied("UNAUTHORISED")
        self._known[digest] = None
        self._known.move_to_end(digest)
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
        return token


class Door:
    """``allow`` for a page that has to answer when the store, which knows the tokens, is away or hangs: then the
    caller that was let in last is let in."""

    def __init__(self, access: Access, scope: str, wait_s: float) -> None:
        self._access = access
        self._scope = scope
        self._wait_s = wait_s
        self._last = b""

    async def enter(self, request: Request) -> None:
        """Raises ``Denied``, and ``Unavailable`` when the store cannot be asked."""
        shown = hashlib.sha256(request.headers.get("authorization", "").encode()).digest()
        try:
            async with asyncio.timeout(self._wait_s):
                await self._access.allow(request, self._scope)
        except (Unavailable, TimeoutError):
            if not hmac.compare_digest(shown, self._last):
                raise Unavailable("the store, which knows the tokens, is away") from None
        else:
            self._last = shown
