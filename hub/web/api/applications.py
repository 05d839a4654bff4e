"""The routes of applications. The hub's own strict reader reads the bodies, so that no error repeats a value (P5)."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from hub.cases.connection.applications import LIST_MAX, Applications
from hub.cases.connection.command import Application
from hub.codec.json_object import read_json
from hub.errors import HubError, RecordRejected
from hub.logging import get_logger
from hub.ports import Clock
from hub.web.auth.access import Denied, allow
from hub.web.auth.tokens import Token, Tokens
from hub.web.bodies import body_of
from hub.web.problems import problem, problem_of

_FILTERS = ("channel", "voltage", "customer_class", "state")

log = get_logger("web")

Handler = Callable[[Request], Awaitable[Response]]


class Api:
    """The routes. Each needs a token with a scope: 401 without a valid token, 403 without the scope."""

    def __init__(self, applications: Applications, tokens: Tokens) -> None:
        self._applications = applications
        self._tokens = tokens

    async def submit(self, request: Request) -> Response:
        """Submit an application through a channel of the token. 201, or 200 when the same one was submitted before."""
        token = await self._allow(request, "applications:write")
        document = read_json(await body_of(request))
        _check_channel(token, document.get("channel"))
        submitted = await run_in_threadpool(self._applications.submit, document, token.by(""))
        shown = await run_in_threadpool(self._applications.show, submitted.case_id)
        location = {"Location": f"/applications/{submitted.case_id.hex()}"}
        return JSONResponse(shown, 201 if submitted.created else 200, location)

    async def show(self, request: Request) -> Response:
        """One application: its time limit, its evidence with reasons, its deliveries."""
        token = await self._allow(request, "applications:read")
        return JSONResponse(await run_in_threadpool(self._shown, token, _id(request)))

    async def list(self, request: Request) -> Response:
        """Applications of the token's channels, newest first. With ``channel`` and ``external_no``: the one that the
        channel submitted under that number."""
        token = await self._allow(request, "applications:read")
        query = request.query_params
        _check_channel(token, query.get("channel"))
        if "external_no" in query:
            return JSONResponse(
                {"items": await run_in_threadpool(self._by_number, query["external_no"], query.get("channel", ""))}
            )
        wanted = {name: query[name] for name in _FILTERS if name in query}
        after, limit = _hex(query.get("after", "")), _limit(query.get("limit", "50"))
        items = await run_in_threadpool(lambda: self._applications.list(after, limit, token.channels, **wanted))
        return JSONResponse({"items": items, "next": items[-1]["application_id"] if len(items) == limit else None})

    async def hold(self, request: Request) -> Response:
        """Hold an application's deliveries."""
        token = await self._allow(request, "operate")
        return JSONResponse(await run_in_threadpool(self._set_held, token, _id(request), True))

    async def release(self, request: Request) -> Response:
        """Release an application's deliveries."""
        token = await self._allow(request, "operate")
        return JSONResponse(await run_in_threadpool(self._set_held, token, _id(request), False))

    def _shown(self, token: Token, application_id: bytes) -> dict[str, Any]:
        """For an application of another channel the answer is the same as when there is none."""
        shown = self._applications.show(application_id)
        if shown["channel"] not in token.channels:
            raise RecordRejected("NO_SUCH_APPLICATION")
        return shown

    def _set_held(self, token: Token, application_id: bytes, held: bool) -> dict[str, Any]:
        by = token.by(self._shown(token, application_id)["channel"])
        act = self._applications.hold if held else self._applications.release
        act(application_id, by)
        return self._applications.show(application_id)

    def _by_number(self, external_no: str, channel: str) -> Any:
        found = self._applications.find(channel, external_no)
        return [self._applications.show(found)] if found else []

    async def _allow(self, request: Request, scope: str) -> Token:
        return await allow(request, self._tokens, scope)


def _id(request: Request) -> bytes:
    return _hex(request.path_params["application_id"])


def _check_channel(token: Token, channel: object) -> None:
    """Raises CHANNEL_NOT_YOURS for a channel that the token may not use. A value that is no text passes; the reader of
    applications refuses it."""
    if isinstance(channel, str) and channel not in token.channels:
        raise RecordRejected("CHANNEL_NOT_YOURS", "channel", allowed=tuple(sorted(token.channels)))


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise RecordRejected("NO_SUCH_APPLICATION") from None


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LIST_MAX:
        raise RecordRejected("FIELD_INVALID", "limit")
    return int(text)


def create(applications: Applications, tokens: Tokens, clock: Clock, *more: APIRouter) -> FastAPI:
    """The API as an ASGI application; ``more`` are further routes. Every answer has ``Cache-Control: no-store``; errors
    are problem documents (RFC 9457)."""
    app = _Application(title="One-certificate hub", docs_url=None, redoc_url=None)
    api = Api(applications, tokens)
    one = "/applications/{application_id}"
    app.add_api_route("/applications", api.submit, methods=["POST"], openapi_extra=_submission(), status_code=201)
    app.add_api_route("/applications", api.list, methods=["GET"], openapi_extra=_SECURED)
    app.add_api_route(one, api.show, methods=["GET"], openapi_extra=_SECURED)
    app.add_api_route(f"{one}/hold", api.hold, methods=["POST"], openapi_extra=_SECURED)
    app.add_api_route(f"{one}/release", api.release, methods=["POST"], openapi_extra=_SECURED)
    for router in more:
        app.include_router(router)
    app.middleware("http")(_Guard(clock))
    app.add_exception_handler(HTTPException, _not_found)
    return app


_SECURED: dict[str, Any] = {"security": [{"bearer": []}]}


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        document.setdefault("components", {})["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        return document


def _submission() -> dict[str, Any]:
    content = {"application/json": {"schema": Application.model_json_schema()}}
    return _SECURED | {"requestBody": {"required": True, "content": content}}


async def _not_found(request: Request, error: Exception) -> Response:  # noqa: ARG001
    status = error.status_code if isinstance(error, HTTPException) else 500
    return JSONResponse(
        {"status": status, "error_code": f"HTTP_{status}", "message": "没有此接口。No such route."}, status
    )


class _Guard:
    """Middleware for every request: errors become problem documents; a log line has the route, never path or query."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(self, request: Request, go_on: Handler) -> Response:
        began_s = self._clock.monotonic_s()
        response = await self._answer(request, go_on)
        response.headers["Cache-Control"] = "no-store"
        route = request.scope.get("route")
        log.info(
            "request",
            method=request.method,
            route=getattr(route, "path", "none"),
            status=response.status_code,
            token=getattr(request.state, "token_id", None),
            ms=round((self._clock.monotonic_s() - began_s) * 1000),
        )
        return response

    async def _answer(self, request: Request, go_on: Handler) -> Response:
        try:
            return await go_on(request)
        except Denied as denied:
            return problem(
                denied.code, headers={"WWW-Authenticate": "Bearer"} if denied.code == "UNAUTHORISED" else None
            )
        except HubError as error:
            if not isinstance(error, RecordRejected):
                log.error("a request failed", error=type(error).__name__, reason=str(error))
            return problem_of(error)
        except Exception as failure:  # its text may contain what was sent
            log.error("a request failed", error=type(failure).__name__)
            return problem("INTERNAL")
