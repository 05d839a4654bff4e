"""The routes of cases of every procedure, for operators."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from hub.cases import views
from hub.errors import RecordRejected
from hub.ports import Store
from hub.web.auth.access import allow
from hub.web.auth.tokens import Tokens

SCOPE = "operate"


def router(store: Store, tokens: Tokens) -> APIRouter:
    """``GET /cases`` (``procedure``, ``after``, ``limit``) and ``GET /cases/{case_id}``; scope ``operate``."""
    routes = APIRouter()

    async def listing(request: Request) -> JSONResponse:
        await allow(request, tokens, SCOPE)
        query = request.query_params
        limit = query.get("limit", "50")
        if not limit.isdecimal() or not 1 <= int(limit) <= views.LIST_MAX:
            raise RecordRejected("FIELD_INVALID", "limit")
        after = _id(query["after"]) if "after" in query else b""
        items = await run_in_threadpool(_listed, store, query.get("procedure", ""), after, int(limit))
        return JSONResponse({"items": items, "next": items[-1]["case_id"] if len(items) == int(limit) else None})

    async def one(request: Request) -> JSONResponse:
        await allow(request, tokens, SCOPE)
        return JSONResponse(await run_in_threadpool(_one, store, _id(request.path_params["case_id"])))

    secured: dict[str, Any] = {"security": [{"bearer": []}]}
    routes.add_api_route("/cases", listing, methods=["GET"], openapi_extra=secured)
    routes.add_api_route("/cases/{case_id}", one, methods=["GET"], openapi_extra=secured)
    return routes


def _listed(store: Store, procedure: str, after: bytes, limit: int) -> list[views.Json]:
    with store.read() as connection:
        return views.listing(connection, procedure, after, limit)


def _one(store: Store, case_id: bytes) -> views.Json:
    with store.read() as connection:
        return views.one(connection, case_id)


def _id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise RecordRejected("NO_SUCH_CASE") from None
