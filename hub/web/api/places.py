"""The routes of questions about an application's site: both texts side by side, and a person's answer."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from hub.cases.connection.placed.service import Places
from hub.codec.json_object import read_json
from hub.errors import RecordRejected
from hub.web.api.applications import OPERATE
from hub.web.auth.access import Access
from hub.web.auth.tokens import Token
from hub.web.bodies import body_of
from hub.web.queries import NoQuery, id_of, query_of

Json = dict[str, Any]
FINDINGS_DIGITS_MAX = 4
"""Most digits of the number of a finding in a path."""


class Api:
    """The routes. Each needs a token with the scope ``operate`` and the application's channel: a title's address is
    shown only to those who decide."""

    def __init__(self, places: Places, access: Access) -> None:
        self._places = places
        self._access = access

    async def look(self, request: Request) -> Response:
        """The findings about the site, each with the text of the site and of the title, to a named person."""
        token = await self._access.allow(request, OPERATE)
        query_of(request, NoQuery)
        act = partial(self._places.look, given=read_json(await body_of(request)), by=token.by(""))
        return await self._answer(token, _id(request), act)

    async def answer(self, request: Request) -> Response:
        """Take a person's answer to one question."""
        token = await self._access.allow(request, OPERATE)
        query_of(request, NoQuery)
        document, nth = read_json(await body_of(request)), _nth(request)
        act = partial(self._places.answer, nth=nth, given=document, by=token.by(""))
        return await self._answer(token, _id(request), act)

    async def _answer(self, token: Token, application_id: bytes, act: Callable[[bytes], Json]) -> Response:
        return JSONResponse(await run_in_threadpool(self._of_channel, token, application_id, act))

    def _of_channel(self, token: Token, application_id: bytes, act: Callable[[bytes], Json]) -> Json:
        """For an application of another channel the answer is the same as when there is none."""
        if self._places.channel(application_id) not in token.channels:
            raise RecordRejected("NO_SUCH_APPLICATION")
        return act(application_id)


def _id(request: Request) -> bytes:
    return id_of(request.path_params["application_id"], "NO_SUCH_APPLICATION")


def _nth(request: Request) -> int:
    text: str = request.path_params["nth"]
    if not (text.isascii() and text.isdigit() and len(text) <= FINDINGS_DIGITS_MAX):
        raise RecordRejected("NO_SUCH_QUESTION")
    return int(text)


def router(places: Places, access: Access) -> APIRouter:
    """The routes of questions about sites."""
    routes, api, one = APIRouter(), Api(places, access), "/applications/{application_id}/places"
    routes.add_api_route(one, api.look, methods=["POST"])
    routes.add_api_route(f"{one}/{{nth}}", api.answer, methods=["POST"])
    return routes
