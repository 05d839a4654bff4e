"""The routes of joint transfers of title and account. The hub's own strict reader reads the bodies (P5)."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from hub.cases.transfer.command import Submission
from hub.cases.transfer.states import State
from hub.cases.transfer.transfers import Transfers
from hub.codec.json_object import read_json
from hub.errors import RecordRejected
from hub.web.auth.access import Access
from hub.web.auth.refusals import Refusals
from hub.web.auth.rights import Beyond, beyond_in
from hub.web.auth.tokens import Token
from hub.web.bodies import body_of
from hub.web.queries import Id, Limit, NoQuery, Query, id_of, query_of

SUBMISSION_BYTES_MAX = 1024 * 1024
"""Bytes of a submission: 500 matters of a developer are some 130 KiB, with 20 accounts or some holders each more."""
READ, WRITE = "transfers:read", "transfers:write"
_STATES: Final = [one.value for one in State]
Json = dict[str, Any]


class ListQuery(Query):
    """The query of ``GET /transfers``. ``external_no`` needs ``channel``, and goes with no other parameter."""

    channel: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", examples=["gov-platform"])] | None = None
    external_no: Annotated[str, Field(min_length=1, max_length=64, examples=["2026-000123"])] | None = None
    state: Annotated[str, Field(json_schema_extra={"enum": _STATES}, examples=["arrears"])] | None = None
    after: Id | None = None
    limit: Limit = 50


class Api:
    """The routes. Each needs a token with a scope: 401 without a valid token, 403 without the scope. For a transfer of
    another channel the answer is the same as when there is none."""

    def __init__(self, transfers: Transfers, access: Access, refusals: Refusals) -> None:
        self._transfers = transfers
        self._access = access
        self._refusals = refusals

    async def submit(self, request: Request) -> Response:
        """Submit one matter or many under one number: all are registered, or none. 201, or 200 when the same submission
        was made before."""
        token = await self._access.allow(request, WRITE)
        query_of(request, NoQuery)
        document = read_json(await body_of(request, SUBMISSION_BYTES_MAX))
        await self._check_channel(token, document.get("channel"))
        check = partial(self._check, token)
        done = await run_in_threadpool(self._transfers.submit, document, token.by(""), check, token.channels)
        items = await run_in_threadpool(self._transfers.submitted, done.case_ids[0])
        return JSONResponse({"items": items}, 201 if done.created else 200)

    async def listed(self, request: Request) -> Response:
        """Transfers of the token's channels, newest first. With ``channel`` and ``external_no``: all that the channel
        submitted under that number, in their order."""
        token = await self._access.allow(request, READ)
        query = query_of(request, ListQuery)
        await self._check_channel(token, query.channel)
        if query.external_no is not None:
            return JSONResponse({"items": await run_in_threadpool(self._by_number, query), "next": None})
        wanted = {name: value for name in ("channel", "state") if (value := getattr(query, name)) is not None}
        after = bytes.fromhex(query.after or "")
        items = await run_in_threadpool(lambda: self._transfers.list(after, query.limit, token.channels, **wanted))
        more = len(items) == query.limit
        return JSONResponse({"items": items, "next": items[-1]["transfer_id"] if more else None})

    async def show(self, request: Request) -> Response:
        """One transfer: where it stands, what the utility reported, its entry in the book, its deliveries."""
        token = await self._access.allow(request, READ)
        query_of(request, NoQuery)
        return JSONResponse(await run_in_threadpool(self._shown, token, _id(request)))

    async def story(self, request: Request) -> Response:
        """What happened to one transfer, in the order in which the hub learned it."""
        token = await self._access.allow(request, READ)
        query_of(request, NoQuery)
        transfer_id = _id(request)
        await run_in_threadpool(self._shown, token, transfer_id)
        return JSONResponse({"items": await run_in_threadpool(self._transfers.story, transfer_id)})

    async def cancel(self, request: Request) -> Response:
        """Take the electricity side back, as the applicant wants. The registry's side stays as it is."""
        token = await self._access.allow(request, WRITE)
        query_of(request, NoQuery)
        return JSONResponse(await run_in_threadpool(self._cancelled, token, _id(request)))

    async def _check_channel(self, token: Token, channel: object) -> None:
        if isinstance(channel, str) and channel not in token.channels:
            found = Beyond("CHANNEL_NOT_YOURS", "channel", tuple(sorted(token.channels)))
            await run_in_threadpool(self._refuse, token, channel, found)

    def _check(self, token: Token, wanted: Submission) -> None:
        """Refuse a submission in which any matter is beyond what the client is registered for."""
        places = {f"matters.{place}.unit_no": one.unit_no for place, one in enumerate(wanted.matters)}
        if found := beyond_in(token.client, wanted.purpose, places):
            self._refuse(token, wanted.channel, found)

    def _refuse(self, token: Token, channel: str, found: Beyond) -> None:
        self._refusals.record(token, channel if channel in self._transfers.channels else "", found)
        raise RecordRejected(found.code, found.field, allowed=found.allowed)

    def _shown(self, token: Token, transfer_id: bytes) -> Json:
        shown = self._transfers.show(transfer_id)
        if shown["channel"] not in token.channels:
            raise RecordRejected("NO_SUCH_TRANSFER")
        return shown

    def _cancelled(self, token: Token, transfer_id: bytes) -> Json:
        """Returns the transfer where the token may read it, else only its id and its state."""
        self._transfers.cancel(transfer_id, token.by(self._shown(token, transfer_id)["channel"]))
        shown = self._transfers.show(transfer_id)
        return shown if READ in token.scopes else {name: shown[name] for name in ("transfer_id", "state")}

    def _by_number(self, query: ListQuery) -> Sequence[Json]:
        if query.channel is None or query.external_no is None:
            raise RecordRejected("FIELD_MISSING", "channel")
        if more := query.model_fields_set - {"channel", "external_no"}:
            raise RecordRejected("FIELD_INVALID", min(more))
        found = self._transfers.find(query.channel, query.external_no)
        return self._transfers.submitted(found[0]) if found else []


def _id(request: Request) -> bytes:
    return id_of(request.path_params["transfer_id"], "NO_SUCH_TRANSFER")


def router(transfers: Transfers, access: Access, refusals: Refusals) -> APIRouter:
    """The routes of joint transfers."""
    routes, api, one = APIRouter(), Api(transfers, access, refusals), "/transfers/{transfer_id}"
    routes.add_api_route("/transfers", api.submit, methods=["POST"])
    routes.add_api_route("/transfers", api.listed, methods=["GET"])
    routes.add_api_route(one, api.show, methods=["GET"])
    routes.add_api_route(f"{one}/story", api.story, methods=["GET"])
    routes.add_api_route(f"{one}/cancel", api.cancel, methods=["POST"])
    return routes
