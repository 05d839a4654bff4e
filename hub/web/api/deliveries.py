"""The routes of a sink whose system fetches its pieces. Its token names the sink: no other one's pieces are shown."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from hub.codec.json_object import read_json
from hub.delivery.pickup import PAGE_PIECES_MAX, Deliveries, Shown
from hub.errors import RecordRejected
from hub.ports import Receipt, Refused
from hub.web.api.shapes.answers import DELIVERY, DELIVERY_FORM
from hub.web.auth.access import Access
from hub.web.auth.tokens import Token
from hub.web.bodies import body_of
from hub.web.queries import NoQuery, Query, number, query_of

SCOPE = "deliveries"
T = TypeVar("T", bound="Word")


class PageQuery(Query):
    """The query of ``GET /deliveries``."""

    after: Annotated[str, Field(pattern=DELIVERY_FORM, examples=[DELIVERY])] | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_PIECES_MAX, examples=[50]), BeforeValidator(number)] = 50


class Word(BaseModel):
    """What the system says of one piece."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, strict=True)


class Acknowledgement(Word):
    """The system has the piece, durably: its own number of it (appNo, receiptNo), and its time."""

    number: str = Field(min_length=1, max_length=64, examples=["A0000000001"])
    received_at: str = Field("", max_length=80, examples=["2026-03-02T09:00:00.000+08:00"])


class Refusal(Word):
    """A final no: the system's own code, and words for a person."""

    code: str = Field(min_length=1, max_length=64, examples=["BLACKLISTED"])
    message: str = Field("", max_length=10_000, examples=["用户在黑名单中"])


class Api:
    """The routes. ``deliveries``: a sink's name → its pieces; raises ``Misconfigured`` when no system fetches there."""

    def __init__(self, deliveries: Callable[[str], Deliveries], fetching: frozenset[str], access: Access) -> None:
        self._deliveries = deliveries
        self._fetching = fetching
        self._access = access
        self._turns = {name: asyncio.Lock() for name in fetching}

    async def page(self, request: Request) -> Response:
        """Pieces that wait, in their order; each is shown again until it is acknowledged or refused."""
        token = await self._access.allow_sink(request, self._fetching)
        query = query_of(request, PageQuery)
        async with self._turns[token.sink]:  # pages cost work: a program that asks without a pause gets one at a time
            found = await run_in_threadpool(self._of(token).page, query.after or "", query.limit)
        items = [_shown(one) for one in found.items]
        return JSONResponse({"items": items, "next": found.next or None, "more": found.more})

    async def acknowledge(self, request: Request) -> Response:
        """The system has a piece. The same again is answered alike."""
        token, word = await self._heard(request, Acknowledgement)
        given = Receipt(word.number, word.received_at)
        act = partial(self._of(token).acknowledge, _id(request), given, token.by(""))
        return JSONResponse({"delivery_id": _id(request), "state": await run_in_threadpool(act)})

    async def refuse(self, request: Request) -> Response:
        """The system refuses a piece, finally. The same again is answered alike."""
        token, word = await self._heard(request, Refusal)
        act = partial(self._of(token).refuse, _id(request), Refused(word.code, word.message), token.by(""))
        return JSONResponse({"delivery_id": _id(request), "state": await run_in_threadpool(act)})

    async def _heard(self, request: Request, model: type[T]) -> tuple[Token, T]:
        token = await self._access.allow_sink(request, self._fetching)
        query_of(request, NoQuery)
        return token, _read(read_json(await body_of(request)), model)

    def _of(self, token: Token) -> Deliveries:
        return self._deliveries(token.sink)


def _read(document: Mapping[str, Any], model: type[T]) -> T:
    """Raises ``RecordRejected`` (FIELD_MISSING, FIELD_INVALID) without a value of the caller (P5)."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        known = str(first["loc"][0]) if first["loc"] and first["loc"][0] in model.model_fields else ""
        code = "FIELD_MISSING" if first["type"] == "missing" else "FIELD_INVALID"
        raise RecordRejected(code, known, allowed=() if known else tuple(model.model_fields)) from None


def _shown(one: Shown) -> dict[str, Any]:
    return {
        "delivery_id": one.delivery_id,
        "key": one.address.key,
        "number": one.address.number,
        "kind": one.address.kind,
        "body": one.body,
    }


def _id(request: Request) -> str:
    return str(request.path_params["delivery_id"])


def router(deliveries: Callable[[str], Deliveries], fetching: frozenset[str], access: Access) -> APIRouter:
    """The routes of deliveries; scope ``deliveries:SINK``. ``fetching``: the sinks whose systems fetch."""
    routes, api, one = APIRouter(), Api(deliveries, fetching, access), "/deliveries/{delivery_id}"
    routes.add_api_route("/deliveries", api.page, methods=["GET"])
    routes.add_api_route(f"{one}/acknowledge", api.acknowledge, methods=["POST"])
    routes.add_api_route(f"{one}/refuse", api.refuse, methods=["POST"])
    return routes
