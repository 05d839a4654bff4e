"""The routes for customers: progress, a request for the next segment and a rating with the application's own token, and
a look-up by number; for channels, the same request; for operators, the follow-up of a bad rating."""

from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from hub.cases.by import By
from hub.cases.connection.applications import Applications
from hub.cases.customer.said import Question, read
from hub.cases.customer.service import APPLICANT, NO_EVIDENCE, Customers
from hub.cases.customer.token import PREFIX
from hub.codec.json_object import read_json
from hub.errors import RecordRejected
from hub.web.api.applications import WRITE
from hub.web.auth.access import Access
from hub.web.auth.applicants import Applicants, bearer
from hub.web.auth.tokens import Token
from hub.web.bodies import body_of
from hub.web.problems import Denied
from hub.web.queries import NoQuery, id_of, query_of

OPERATE = "operate"
_UNKNOWN = By("unknown")


class Api:
    """The routes. Those of the customer need the application's own token; a request for a segment may come through a
    channel too, as the application does."""

    def __init__(
        self, customers: Customers, applications: Applications, access: Access, applicants: Applicants
    ) -> None:
        self._customers = customers
        self._applications = applications
        self._access = access
        self._applicants = applicants

    async def progress(self, request: Request) -> Response:
        """Where an application stands, what is next, whose turn it is and by when, and what was fetched from where."""
        application_id = _id(request)
        self._applicants.allow(request, application_id)
        query_of(request, NoQuery)
        return JSONResponse(await run_in_threadpool(self._customers.progress, application_id))

    async def ask(self, request: Request) -> Response:
        """Ask for the next segment: with the application's own token, or with a client's token through the channel of
        the application, as at a counter."""
        application_id = _id(request)
        if bearer(request).startswith(PREFIX):
            self._applicants.allow(request, application_id)
            ask = partial(self._customers.ask, application_id, by=APPLICANT)
        else:
            ask = partial(self._asked, await self._access.allow(request, WRITE), application_id)
        query_of(request, NoQuery)
        return JSONResponse(await run_in_threadpool(ask, read_json(await body_of(request))))

    def _asked(self, token: Token, application_id: bytes, document: dict[str, object]) -> dict[str, object]:
        """For an application of another channel the answer is the same as when there is none."""
        if self._customers.channel(application_id) not in token.channels:
            raise RecordRejected("NO_SUCH_APPLICATION")
        return self._customers.ask(application_id, document, token.by(""))

    async def rate(self, request: Request) -> Response:
        """Rate the service, once, after the application has ended. A rating without the application's token is refused
        and recorded."""
        application_id = _id(request)
        try:
            self._applicants.allow(request, application_id)
        except Denied as denied:
            if denied.code != "UNAUTHORISED":
                raise
            by = await self._caller(request)
            await run_in_threadpool(self._customers.refuse_rating, application_id, by)
            raise Denied(NO_EVIDENCE) from None
        query_of(request, NoQuery)
        document = read_json(await body_of(request))
        return JSONResponse(await run_in_threadpool(self._customers.rate, application_id, document))

    async def look_up(self, request: Request) -> Response:
        """Step and dates of an application, by its number and the last characters of the applicant's."""
        query_of(request, NoQuery)
        question = read(read_json(await body_of(request)), Question)
        number = f"{question.channel} {question.external_no}"
        self._applicants.may_look_up(request, number)
        found = await run_in_threadpool(self._customers.look_up, question)
        self._applicants.was_right(request, number)
        return JSONResponse(found)

    async def follow_up(self, request: Request) -> Response:
        """Say how the follow-up of a bad rating ended."""
        token = await self._access.allow(request, OPERATE)
        query_of(request, NoQuery)
        document, application_id = read_json(await body_of(request)), _id(request)
        return JSONResponse(await run_in_threadpool(self._followed_up, token, application_id, document))

    def _followed_up(self, token: Token, application_id: bytes, document: dict[str, object]) -> dict[str, object]:
        """For an application of another channel the answer is the same as when there is none."""
        if self._applications.show(application_id)["channel"] not in token.channels:
            raise RecordRejected("NO_SUCH_APPLICATION")
        return self._customers.follow_up(application_id, document, token.by(""))

    async def _caller(self, request: Request) -> By:
        """Who tried to rate without the application's token: a client, or one that is not known."""
        try:
            return (await self._access.allow(request, OPERATE)).by("")
        except Denied as denied:
            if denied.code == "TOO_MANY_REQUESTS":
                raise
            token_id = getattr(request.state, "token_id", None)
            return By(f"token:{token_id}") if token_id else _UNKNOWN


def _id(request: Request) -> bytes:
    return id_of(request.path_params["application_id"], "NO_SUCH_APPLICATION")


def router(customers: Customers, applications: Applications, access: Access, applicants: Applicants) -> APIRouter:
    """The routes for customers."""
    routes, one = APIRouter(), "/applications/{application_id}"
    api = Api(customers, applications, access, applicants)
    routes.add_api_route(f"{one}/progress", api.progress, methods=["GET"])
    routes.add_api_route(f"{one}/requests", api.ask, methods=["POST"])
    routes.add_api_route(f"{one}/rating", api.rate, methods=["POST"])
    routes.add_api_route(f"{one}/follow-up", api.follow_up, methods=["POST"])
    routes.add_api_route("/progress", api.look_up, methods=["POST"])
    return routes
