"""The routes of applications. The hub's own strict reader reads the bodies, so that no error repeats a value (P5)."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from hub.cases import policy
from hub.cases.by import By
from hub.cases.connection.applications import Applications
from hub.cases.connection.command import Application, CustomerClass, Voltage, read_ticket
from hub.cases.connection.holdings import Enquiry, Holdings
from hub.cases.connection.states import STATES
from hub.cases.customer.token import ApplicationTokens
from hub.codec.json_object import read_json
from hub.errors import RecordRejected
from hub.web.auth.access import Access
from hub.web.auth.refusals import Refusals
from hub.web.auth.rights import Beyond, beyond
from hub.web.auth.tokens import Token
from hub.web.bodies import body_of
from hub.web.queries import Id, Limit, NoQuery, Query, id_of, query_of

_FILTERS = ("channel", "voltage", "customer_class", "state")
T = TypeVar("T")
READ, WRITE, OPERATE = "applications:read", "applications:write", "operate"


class ListQuery(Query):
    """The query of ``GET /applications``. ``external_no`` needs ``channel``, and goes with no other parameter."""

    channel: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", examples=["gov-platform"])] | None = None
    external_no: Annotated[str, Field(min_length=1, max_length=64, examples=["2026-000123"])] | None = None
    voltage: Voltage | None = None
    customer_class: CustomerClass | None = None
    state: Annotated[str, Field(json_schema_extra={"enum": list(STATES)}, examples=["stuck"])] | None = None
    after: Id | None = None
    limit: Limit = 50


class Api:
    """The routes. Each needs a token with a scope: 401 without a valid token, 403 without the scope."""

    def __init__(
        self,
        applications: Applications,
        holdings: Holdings,
        tokens: ApplicationTokens,
        access: Access,
        refusals: Refusals,
    ) -> None:
        self._applications = applications
        self._tokens = tokens
        self._holdings = holdings
        self._access = access
        self._refusals = refusals

    async def submit(self, request: Request) -> Response:
        """Submit an application through a channel of the client, for one of its purposes and divisions. 201, or 200
        when the same one was submitted before. Only this answer has the application's own token."""
        token = await self._access.allow(request, WRITE)
        query_of(request, NoQuery)
        document = read_json(await body_of(request))
        await self._check_channel(token, document.get("channel"))
        check = partial(self._check, token)
        submit = partial(self._applications.submit, document, token.by(""), check)
        submitted = await run_in_threadpool(self._with_ticket, token, document.get("channel"), submit, document)
        shown = await run_in_threadpool(self._applications.show, submitted.case_id)
        shown["application_token"] = self._tokens.text(submitted.case_id)
        location = {"Location": f"/applications/{submitted.case_id.hex()}"}
        return JSONResponse(shown, 201 if submitted.created else 200, location)

    async def present(self, request: Request) -> Response:
        """Present a ticket of the identity service for an application."""
        token = await self._access.allow(request, WRITE)
        query_of(request, NoQuery)
        document, application_id = read_json(await body_of(request)), _id(request)
        text = read_ticket(document)
        channel = (await run_in_threadpool(self._shown, token, application_id))["channel"]
        present = partial(self._applications.present, application_id, text, token.by(channel))
        await run_in_threadpool(self._with_ticket, token, channel, present, document)
        return JSONResponse(await run_in_threadpool(self._applications.show, application_id))

    async def titles(self, request: Request) -> Response:
        """The titles that the person of a ticket holds, masked, to choose one from. Nothing of them is stored;
        that they were asked for is."""
        token = await self._access.allow(request, WRITE)
        query_of(request, NoQuery)
        document = read_json(await body_of(request))
        await self._check_channel(token, document.get("channel"))
        ask = partial(self._holdings.titles, document, token.by(""), partial(self._check_purpose, token))
        found = await run_in_threadpool(self._with_ticket, token, document.get("channel"), ask, document)
        return JSONResponse({"items": found})

    async def show(self, request: Request) -> Response:
        """One application: its time limit, its evidence with reasons, its deliveries."""
        token = await self._access.allow(request, READ)
        query_of(request, NoQuery)
        return JSONResponse(await run_in_threadpool(self._shown, token, _id(request)))

    async def clock(self, request: Request) -> Response:
        """The clocks of one application, with how every line was counted."""
        token = await self._access.allow(request, READ)
        query_of(request, NoQuery)
        found = await run_in_threadpool(self._applications.clock, _id(request))
        if found["channel"] not in token.channels:
            raise RecordRejected("NO_SUCH_APPLICATION")
        return JSONResponse(found)

    async def listed(self, request: Request) -> Response:
        """Applications of the token's channels, newest first. With ``channel`` and ``external_no``: the one that the
        channel submitted under that number."""
        token = await self._access.allow(request, READ)
        query = query_of(request, ListQuery)
        await self._check_channel(token, query.channel)
        if query.external_no is not None:
            found = await run_in_threadpool(self._by_number, query)
            return JSONResponse({"items": found, "next": None})
        wanted = {name: value for name in _FILTERS if (value := getattr(query, name)) is not None}
        after = bytes.fromhex(query.after or "")
        items = await run_in_threadpool(lambda: self._applications.list(after, query.limit, token.channels, **wanted))
        more = len(items) == query.limit
        return JSONResponse({"items": items, "next": items[-1]["application_id"] if more else None})

    async def hold(self, request: Request) -> Response:
        """Hold an application's deliveries."""
        return await self._set_held(request, True)

    async def release(self, request: Request) -> Response:
        """Release an application's deliveries. Refused and stopped pieces are sent again."""
        return await self._set_held(request, False)

    async def cancel(self, request: Request) -> Response:
        """Take an application back, as its applicant wants."""
        token = await self._access.allow(request, WRITE)
        query_of(request, NoQuery)
        return JSONResponse(await run_in_threadpool(self._done, token, _id(request), self._applications.cancel))

    async def _set_held(self, request: Request, held: bool) -> Response:
        token = await self._access.allow(request, OPERATE)
        query_of(request, NoQuery)
        act = self._applications.hold if held else self._applications.release
        return JSONResponse(await run_in_threadpool(self._done, token, _id(request), act))

    async def _check_channel(self, token: Token, channel: object) -> None:
        """Refuses a channel that is not the client's. A value that is no text passes; the reader of applications
        refuses it."""
        if isinstance(channel, str) and channel not in token.channels:
            found = Beyond("CHANNEL_NOT_YOURS", "channel", tuple(sorted(token.channels)))
            await run_in_threadpool(self._refuse, token, channel, found)

    def _with_ticket(self, token: Token, channel: object, act: Callable[[], T], sent: Mapping[str, Any]) -> T:
        """What ``act`` returns. The refusal of a ticket is recorded, and that more was sent than the policy's list
        has: of that only the policy's own names."""
        try:
            return act()
        except RecordRejected as refused:
            if refused.code.startswith("TICKET_") or refused.code == "NOT_ASKED":
                known = channel if isinstance(channel, str) and channel in self._applications.channels else ""
                self._refusals.record(token, known, Beyond(refused.code, refused.field, (), materials=_meant(sent)))
            raise

    def _check_purpose(self, token: Token, wanted: Enquiry) -> None:
        if wanted.purpose not in token.client.purposes:
            allowed = tuple(sorted(token.client.purposes))
            self._refuse(token, wanted.channel, Beyond("PURPOSE_NOT_YOURS", "purpose", allowed, wanted.purpose))

    def _check(self, token: Token, wanted: Application) -> None:
        if found := beyond(token.client, wanted):
            self._refuse(token, wanted.channel, found)

    def _refuse(self, token: Token, channel: str, found: Beyond) -> None:
        self._refusals.record(token, channel if channel in self._applications.channels else "", found)
        raise RecordRejected(found.code, found.field, allowed=found.allowed)

    def _shown(self, token: Token, application_id: bytes) -> dict[str, Any]:
        """For an application of another channel the answer is the same as when there is none."""
        shown = self._applications.show(application_id)
        if shown["channel"] not in token.channels:
            raise RecordRejected("NO_SUCH_APPLICATION")
        return shown

    def _done(self, token: Token, application_id: bytes, act: Callable[[bytes, By], None]) -> dict[str, Any]:
        """``act`` on the application. Returns it where the token may read it, else only its id and its state."""
        by = token.by(self._shown(token, application_id)["channel"])
        act(application_id, by)
        shown = self._applications.show(application_id)
        return shown if READ in token.scopes else {name: shown[name] for name in ("application_id", "state")}

    def _by_number(self, query: ListQuery) -> list[dict[str, Any]]:
        if query.channel is None or query.external_no is None:
            raise RecordRejected("FIELD_MISSING", "channel")
        if more := query.model_fields_set - {"channel", "external_no"}:
            raise RecordRejected("FIELD_INVALID", min(more))
        found = self._applications.find(query.channel, query.external_no)
        return [self._applications.show(found)] if found else []


def _meant(sent: Mapping[str, Any]) -> tuple[str, ...]:
    """Which of what the policy forbids to ask for the fields of a body mean, at any of its first two levels."""
    inner = (name for part in sent.values() if isinstance(part, dict) for name in part)
    names = [*sent, *inner]
    return tuple(dict.fromkeys(name for table in policy.known() for name in table.meant(names)))


def _id(request: Request) -> bytes:
    return id_of(request.path_params["application_id"], "NO_SUCH_APPLICATION")


def router(
    applications: Applications, holdings: Holdings, tokens: ApplicationTokens, access: Access, refusals: Refusals
) -> APIRouter:
    """The routes of applications."""
    routes, one = APIRouter(), "/applications/{application_id}"
    api = Api(applications, holdings, tokens, access, refusals)
    routes.add_api_route("/applications", api.submit, methods=["POST"])
    routes.add_api_route("/applications", api.listed, methods=["GET"])
    routes.add_api_route(one, api.show, methods=["GET"])
    routes.add_api_route(f"{one}/clock", api.clock, methods=["GET"])
    routes.add_api_route("/titles/held", api.titles, methods=["POST"])
    routes.add_api_route(f"{one}/ticket", api.present, methods=["POST"])
    routes.add_api_route(f"{one}/cancel", api.cancel, methods=["POST"])
    routes.add_api_route(f"{one}/hold", api.hold, methods=["POST"])
    routes.add_api_route(f"{one}/release", api.release, methods=["POST"])
    return routes
