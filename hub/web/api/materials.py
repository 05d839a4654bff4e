"""The routes of an application's materials."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from hub.cases.connection.materials.asked import ASKED, AskedBySystem
from hub.cases.connection.materials.service import Materials
from hub.codec.json_object import read_json
from hub.errors import RecordRejected
from hub.web.api.applications import READ, WRITE
from hub.web.auth.access import Access
from hub.web.auth.tokens import Token
from hub.web.bodies import body_of
from hub.web.queries import NoQuery, id_of, query_of
from hub.web.signatures.nonces import Nonces
from hub.web.signatures.signers import Signers

Json = dict[str, Any]


class Api:
    """The routes. Each needs a token with a scope and the application's channel."""

    def __init__(self, materials: Materials, access: Access) -> None:
        self._materials = materials
        self._access = access

    async def show(self, request: Request) -> Response:
        """What the policy lists, what was fetched, what is missing and from whom, and what may be charged."""
        token = await self._access.allow(request, READ)
        query_of(request, NoQuery)
        return await self._answer(token, _id(request), self._materials.show)

    async def hand_in(self, request: Request) -> Response:
        """Take the reference and the digest of a document that the customer handed in."""
        token, document = await self._told(request)
        application_id = _id(request)
        return await self._answer(
            token, application_id, partial(self._materials.hand_in, given=document, by=token.by(""))
        )

    async def ask(self, request: Request) -> Response:
        """Ask the customer for materials: the one-time notice of a segment. Beyond the policy's list it is refused."""
        token, document = await self._told(request)
        application_id = _id(request)
        return await self._answer(token, application_id, partial(self._materials.ask, given=document, by=token.by("")))

    async def _told(self, request: Request) -> tuple[Token, Json]:
        token = await self._access.allow(request, WRITE)
        query_of(request, NoQuery)
        return token, read_json(await body_of(request))

    async def _answer(self, token: Token, application_id: bytes, act: Callable[[bytes], Json]) -> Response:
        return JSONResponse(await run_in_threadpool(self._of_channel, token, application_id, act))

    def _of_channel(self, token: Token, application_id: bytes, act: Callable[[bytes], Json]) -> Json:
        """For an application of another channel the answer is the same as when there is none."""
        if self._materials.channel(application_id) not in token.channels:
            raise RecordRejected("NO_SUCH_APPLICATION")
        return act(application_id)


class SystemApi:
    """The route of connection systems. It needs no token: the signature says who asks."""

    def __init__(self, asked: AskedBySystem, signers: Signers, nonces: Nonces) -> None:
        self._asked = asked
        self._signers = signers
        self._nonces = nonces

    async def ask(self, request: Request) -> Response:
        """Ask the customer of an application for materials. 409 when nothing is asked: it says why, for each."""
        body = await body_of(request)
        sender = self._signers.allow(request, body)
        query_of(request, NoQuery)
        admit = partial(self._nonces.use, sender.signed)
        given = sender.source, sender.signed.key_id, read_json(body), admit
        shown = await run_in_threadpool(self._asked.ask, *given)
        return JSONResponse(shown, 200 if shown["state"] == ASKED else 409)


def _id(request: Request) -> bytes:
    return id_of(request.path_params["application_id"], "NO_SUCH_APPLICATION")


def router(materials: Materials, access: Access) -> APIRouter:
    """The routes of materials."""
    routes, api, one = APIRouter(), Api(materials, access), "/applications/{application_id}"
    routes.add_api_route(f"{one}/materials", api.show, methods=["GET"])
    routes.add_api_route(f"{one}/documents", api.hand_in, methods=["POST"])
    routes.add_api_route(f"{one}/notices", api.ask, methods=["POST"])
    return routes


def system_router(asked: AskedBySystem, signers: Signers, nonces: Nonces) -> APIRouter:
    """The route by which connection systems ask for materials. ``signers``: those that may send steps."""
    routes = APIRouter()
    routes.add_api_route("/materials", SystemApi(asked, signers, nonces).ask, methods=["POST"])
    return routes
