"""The routes that every sandbox server has under ``/_control``, and the assembly of a server."""

import json
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.errors import SandboxError
from sandbox.faults import Faults, Guard

Endpoint = Callable[[Request], Awaitable[Response]]


def answer(body: Any, status: int = 200) -> Response:
    """A JSON response; bytes are sent as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return Response(content, status, media_type="application/json")


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object in a request; an empty or broken body is an empty object."""
    try:
        value = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def application(name: str, faults: Faults, routes: Sequence[Route]) -> ASGIApp:
    """A server's whole ASGI application: its own routes, the control routes, and the faults around its own routes."""
    calls: Counter[str] = Counter()
    app = Starlette(routes=[*routes, *_control(name, faults, calls)], exception_handlers={SandboxError: _refused})
    return Guard(app, faults, calls)


async def _refused(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return answer({"error": str(error)}, 400)


def _control(name: str, faults: Faults, calls: Counter[str]) -> list[Route]:
    async def health(request: Request) -> Response:  # noqa: ARG001
        return answer({"server": name, "pid": os.getpid(), "ready": True})

    async def list_faults(request: Request) -> Response:  # noqa: ARG001
        return answer(faults.plain())

    async def arm(request: Request) -> Response:
        faults.arm(await body_of(request))
        return answer(faults.plain())

    async def clear(request: Request) -> Response:
        faults.clear(request.query_params.get("name"))
        return answer(faults.plain())

    async def list_calls(request: Request) -> Response:  # noqa: ARG001
        return answer({"calls": dict(sorted(calls.items())), "total": calls.total()})

    return [
        Route("/_control/health", health, methods=["GET"]),
        Route("/_control/faults", list_faults, methods=["GET"]),
        Route("/_control/faults", arm, methods=["POST"]),
        Route("/_control/faults", clear, methods=["DELETE"]),
        Route("/_control/calls", list_calls, methods=["GET"]),
    ]
