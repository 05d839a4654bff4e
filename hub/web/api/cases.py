"""The routes of cases of every procedure, for operators."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from hub.cases import views
from hub.ports import Store
from hub.web.auth.access import Access
from hub.web.queries import Id, Limit, NoQuery, Query, id_of, query_of

SCOPE = "cases"


class CasesQuery(Query):
    """The query of ``GET /cases``."""

    procedure: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$", examples=["connection"])] | None = None
    after: Id | None = None
    limit: Limit = 50


def router(store: Store, access: Access) -> APIRouter:
    """``GET /cases`` and ``GET /cases/{case_id}``; scope ``cases``."""
    routes = APIRouter()

    async def listing(request: Request) -> JSONResponse:
        """Cases of every procedure, newest first: opaque ids, states, times."""
        await access.allow(request, SCOPE)
        query = query_of(request, CasesQuery)
        items = await run_in_threadpool(_listed, store, query)
        return JSONResponse({"items": items, "next": items[-1]["case_id"] if len(items) == query.limit else None})

    async def one(request: Request) -> JSONResponse:
        """One case with its pieces."""
        await access.allow(request, SCOPE)
        query_of(request, NoQuery)
        return JSONResponse(await run_in_threadpool(_one, store, id_of(request.path_params["case_id"], "NO_SUCH_CASE")))

    routes.add_api_route("/cases", listing, methods=["GET"])
    routes.add_api_route("/cases/{case_id}", one, methods=["GET"])
    return routes


def _listed(store: Store, query: CasesQuery) -> list[views.Json]:
    with store.read() as connection:
        return views.listing(connection, query.procedure or "", bytes.fromhex(query.after or ""), query.limit)


def _one(store: Store, case_id: bytes) -> views.Json:
    with store.read() as connection:
        return views.one(connection, case_id)
