"""The control server of the exchange database of projects: what is taken back, and what the receiver wrote."""

from typing import Any

from sqlalchemy import Engine, func, select, update
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.control import answer, application, body_of
from sandbox.errors import Misconfigured
from sandbox.faults import WIRE_FAULTS, Faults
from sandbox.projects.rest import routes_of
from sandbox.projects.tables import DOCUMENT, PROJECT, engine_of

_TABLES = {"projects": PROJECT, "documents": DOCUMENT}


def faults_of(seed: int) -> Faults:
    """The faults that this server knows."""
    return Faults(seed, WIRE_FAULTS)


def serve(config: dict[str, Any], faults: Faults) -> ASGIApp:
    """The control server as an ASGI application."""
    engine = engine_of(config["database"])

    async def state(request: Request) -> Response:  # noqa: ARG001
        return answer(await run_in_threadpool(written, engine))

    async def take_back(request: Request) -> Response:
        return answer(await run_in_threadpool(taken_back, engine, await body_of(request)))

    routes = [
        *routes_of(engine, config["api_key"]),
        Route("/_control/state", state, methods=["GET"]),
        Route("/_control/take-back", take_back, methods=["POST"]),
    ]
    return application("projects", faults, routes)


def written(engine: Engine) -> dict[str, dict[str, int]]:
    """Table → what the receiver wrote (sjsczt) → the number of rows."""
    found: dict[str, dict[str, int]] = {}
    with engine.connect() as connection:
        for name, table in _TABLES.items():
            query = select(table.c.sjsczt, func.count()).group_by(table.c.sjsczt)
            found[name] = {state: count for state, count in connection.execute(query)}  # noqa: C416
    return found


def taken_back(engine: Engine, wish: dict[str, Any]) -> dict[str, Any]:
    """Take a document back: its row is invalid from ``gxsj`` on, and new for the receiver."""
    key, time = wish.get("lsh"), wish.get("gxsj")
    if not isinstance(key, int) or not isinstance(time, str):
        raise Misconfigured("lsh is a number, gxsj a text", "correct the request")
    changed = {"sjyxbs": "0", "sjwxyy": wish.get("why", "数据作废"), "sjsczt": "0", "sbyy": None, "gxsj": time}
    with engine.begin() as connection:
        rows = connection.execute(update(DOCUMENT).where(DOCUMENT.c.lsh == key).values(**changed)).rowcount
    return {"taken_back": rows}
