"""Who may call: a bearer token (RFC 6750) with the scope that a route needs."""

import asyncio
import hashlib
import hmac

from anyio import to_thread
from starlette.requests import Request

from hub.errors import Unavailable
from hub.web.auth.tokens import Token, Tokens


class Denied(Exception):
    """The caller may not. ``code`` is UNAUTHORISED (no valid token) or FORBIDDEN (not the scope)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def allow(request: Request, tokens: Tokens, scope: str) -> Token:
    """The caller's token. Raises ``Denied`` when there is none, or when it lacks the scope, and ``Unavailable`` when
    the store is.
    """
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    token = None
    if kind.lower() == "bearer":
        token = await to_thread.run_sync(tokens.check, text.strip(), abandon_on_cancel=True)
    if token is None:
        raise Denied("UNAUTHORISED")
    request.state.token_id = token.token_id
    if scope not in token.scopes:
        raise Denied("FORBIDDEN")
    return token


class Door:
    """``allow`` for a page that has to answer when the store, which knows the tokens, is away or hangs: then the
    caller that was let in last is let in."""

    def __init__(self, tokens: Tokens, scope: str, wait_s: float) -> None:
        self._tokens = tokens
        self._scope = scope
        self._wait_s = wait_s
        self._last = b""

    async def enter(self, request: Request) -> None:
        """Raises ``Denied``, and ``Unavailable`` when the store cannot be asked."""
        shown = hashlib.sha256(request.headers.get("authorization", "").encode()).digest()
        try:
            async with asyncio.timeout(self._wait_s):
                await allow(request, self._tokens, self._scope)
        except (Unavailable, TimeoutError):
            if not hmac.compare_digest(shown, self._last):
                raise Unavailable("the store, which knows the tokens, is away") from None
        else:
            self._last = shown
