"""What every request of the API passes: HEAD, errors as problem documents, security headers, one log line.

The log line has the route, never path or query, and no error repeats what was sent (P5).
"""

from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.errors import HubError, RecordRejected
from hub.logging import get_logger
from hub.ports import Clock
from hub.web.connections import BEYOND, HEAD_BYTES_MAX, peer_of
from hub.web.limits import Rate
from hub.web.problems import Denied, problem, problem_of, too_many

OPEN_PER_S: Final = 50.0
OPEN_BURST: Final = 300
"""Requests of one peer to routes that need no token: schemas, documents, ``/ready``, and what is no route."""
WITH_TOKEN: Final = ("/applications", "/cases", "/titles", "/metrics", "/deliveries", "/transfers")
"""Where each route needs a token; each token has its own rate."""
HEALTH: Final = "/health"
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer. What the API answers is data: no browser has to run, embed or store it."""
OVER_TLS: Final = {"Strict-Transport-Security": "max-age=31536000"}

log = get_logger("web")


class Guard:
    """Middleware (ASGI) around all routes."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._open = Rate(OPEN_PER_S, OPEN_BURST, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s, method = self._clock.monotonic_s(), scope["method"]
        answer = _Answer(send, scope)
        inner = {**scope, "method": "GET"} if method == "HEAD" else scope
        await self._answered(inner, receive, answer)
        log.info(
            "request",
            method=method if method in _METHODS else "other",
            route=getattr(inner.get("route"), "path", "none"),
            status=answer.status,
            token=inner.get("state", {}).get("token_id"),
            ms=round((self._clock.monotonic_s() - began_s) * 1000),
        )

    async def _answered(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        refusal = self._refusal(scope)
        if refusal is None:
            try:
                await self._app(scope, receive, answer)
                return
            except Exception as error:
                refusal = _problem(error)
        if not answer.status:
            await refusal(scope, receive, answer)

    def _refusal(self, scope: Scope) -> Response | None:
        if len(scope["raw_path"]) + sum(len(name) + len(value) for name, value in scope["headers"]) > HEAD_BYTES_MAX:
            return problem("HEAD_TOO_LARGE")
        if scope["path"] == HEALTH:
            return None
        if scope.get("state", {}).get(BEYOND):
            return problem("TRY_LATER", headers={"Retry-After": "1"})
        if scope["path"].startswith(WITH_TOKEN):
            return None
        client = scope.get("client")
        wait_s = self._open.take(peer_of(client[0]) if client else "")
        return too_many(wait_s) if wait_s else None


_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")


class _Answer:
    """Sends an answer with the headers of all answers; without its body where the request was HEAD."""

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send = send
        self._head = scope["method"] == "HEAD"
        self._headers = HEADERS | (OVER_TLS if scope.get("scheme") == "https" else {})
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers[name] = value
        elif self._head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


def _problem(error: Exception) -> Response:
    if isinstance(error, Denied):
        return error.answer()
    if isinstance(error, HubError):
        if not isinstance(error, RecordRejected):
            log.error("a request failed", error=type(error).__name__, reason=str(error))
        return problem_of(error)
    if isinstance(error, ClientDisconnect):
        return problem("UNREADABLE")
    log.error("a request failed", error=type(error).__name__)  # its text may contain what was sent
    return problem("INTERNAL")


async def no_route(request: Any, error: Exception) -> Response:  # noqa: ARG001
    """The answer of the router where there is no route, or no route with this method (with ``Allow``)."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return problem({404: "NO_SUCH_ROUTE", 405: "METHOD_NOT_ALLOWED"}.get(status, "UNREADABLE"), headers=headers)
