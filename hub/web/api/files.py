"""The route of the files of licences: a system fetches the file that belongs to evidence of its own, by any of the
three ways in which the evidence came to it."""

from collections.abc import Collection

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from hub.delivery.filed import told_digest
from hub.delivery.files.given import Files
from hub.web.auth.access import Access
from hub.web.queries import NoQuery, query_of


def router(files: Files, sinks: Collection[str], access: Access) -> APIRouter:
    """The route; scope ``deliveries:SINK``. A file is no page of the hub's: no browser may show it, and no cache
    may store it."""

    async def give(request: Request) -> Response:
        token = await access.allow_sink(request, sinks)
        query_of(request, NoQuery)
        wanted = str(request.path_params["delivery_id"])
        found = await run_in_threadpool(files.give, token.sink, wanted, token.by(""))
        headers = {
            "repr-digest": told_digest(found.digest),  # RFC 9530
            "cache-control": "no-store",
            "content-disposition": "attachment",
            "x-content-type-options": "nosniff",
        }
        return Response(found.content, media_type=found.media_type, headers=headers)

    routes = APIRouter()
    routes.add_api_route("/deliveries/{delivery_id}/file", give, methods=["GET"])
    return routes
