"""The API as one ASGI application."""

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException

from hub.ports import Clock
from hub.web.guard import Guard, no_route


def create(clock: Clock, *routers: APIRouter) -> FastAPI:
    """The application with these routes. Errors are problem documents (RFC 9457); a path with a slash at its end is no
    other spelling of one without, so there is no redirection."""
    app = FastAPI(title="One-certificate hub", openapi_url=None, redirect_slashes=False)
    for router in routers:
        app.include_router(router)
    app.add_middleware(Guard, clock=clock)
    app.add_exception_handler(HTTPException, no_route)
    return app
