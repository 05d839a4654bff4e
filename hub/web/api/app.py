"""The API as one ASGI application."""

from fastapi import APIRouter, FastAPI, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from hub.ports import Clock
from hub.web.api.document import openapi
from hub.web.guard import Guard, no_route


def create(clock: Clock, *routers: APIRouter) -> FastAPI:
    """The application with these routes. Errors are problem documents (RFC 9457); a path with a slash at its end is no
    other spelling of one without, so there is no redirection."""
    app = FastAPI(title="One-certificate hub", openapi_url=None, redirect_slashes=False)
    for router in routers:
        app.include_router(router)
    app.add_api_route("/openapi.json", _openapi, methods=["GET"])
    app.add_middleware(Guard, clock=clock)
    app.add_exception_handler(HTTPException, no_route)
    return app


async def _openapi() -> Response:
    """The OpenAPI document."""
    return Response(await run_in_threadpool(openapi.text), media_type="application/json")
