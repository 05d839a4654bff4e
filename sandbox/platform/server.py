"""The platform: a token, the list of a holder's licences, and one licence for its auth code.

Every answer is HTTP 200 with the platform's own code. An auth code lives shortly and is bound to the service item and
business number for which it was given.
"""

import hmac
import json
import time
import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.control import Endpoint, answer, application, body_of
from sandbox.faults import WIRE_FAULTS, Faults
from sandbox.gateway.tree import PageSigner, leaf_hash
from sandbox.platform.licences import OTHER, TITLE, Licences
from sandbox.world.world import World, WorldSpec

OK, EMPTY, TOKEN_EXPIRED, CODE_EXPIRED, NOT_BOUND, INCOMPLETE = "200", "404", "40101", "40301", "40302", "40001"
CODE_LIFE_S = 60.0
TOKEN_LIFE_S = 600
CODES_MAX = 100_000
PLATFORM_FAULTS = {
    "expired_token": "the platform's code says that the token has run out",
    "expired_code": "auth codes have run out when they are used",
    "busy": "the platform's code says that it is busy (503)",
    "bad_signature": "the signature of a licence is not valid",
}
Answered = tuple[str, Any]
"""(The platform's code, the data)."""


def client_of(seed: int) -> tuple[str, str]:
    """(Id, secret) of the only client."""
    return "onecert-hub", sha256(f"onecert sandbox platform {seed}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Given:
    """What an auth code was given for."""

    position: int
    kind: str
    bound: tuple[str, str]
    until_s: float


class Platform:
    """Tokens and auth codes, in memory: after a restart a client asks for new ones."""

    def __init__(self, world: World, faults: Faults) -> None:
        self.signer = PageSigner(world.spec.seed)
        self._licences = Licences(world)
        self._faults = faults
        self._tokens: set[str] = set()
        self._codes: dict[str, Given] = {}

    def token(self) -> dict[str, Any]:
        """A new token; earlier ones stay valid."""
        token = uuid.uuid4().hex
        self._tokens.add(token)
        return {"access_token": token, "token_type": "bearer", "expires_in": TOKEN_LIFE_S}

    def knows(self, token: str) -> bool:
        """Whether this token was given."""
        return token in self._tokens

    def holder(self, asked: Mapping[str, Any]) -> Answered:
        """The licences of a holder, each with an auth code."""
        bound = _bound(asked)
        if not all(bound):
            return INCOMPLETE, None
        found = self._licences.of(str(asked.get("credential", "")))
        if not found:
            return EMPTY, None
        listed = [self._listed(position, TITLE, bound) for position in found]
        return OK, {"licenses": [*listed, self._listed(found[0], OTHER, bound)]}

    def _listed(self, position: int, kind: str, bound: tuple[str, str]) -> dict[str, Any]:
        if len(self._codes) >= CODES_MAX:
            self._codes.clear()
        code = uuid.uuid4().hex
        life_s = 0.0 if self._faults.strikes("expired_code") else CODE_LIFE_S
        self._codes[code] = Given(position, kind, bound, time.monotonic() + life_s)
        return {"auth_code": code, "license_type": kind, "license_status": "VALID"}

    def licence(self, asked: Mapping[str, Any]) -> Answered:
        """One licence, signed."""
        given = self._codes.get(str(asked.get("auth_code", "")))
        if given is None or time.monotonic() >= given.until_s:
            return CODE_EXPIRED, None
        if given.bound != _bound(asked) or given.kind != TITLE:
            return NOT_BOUND, None
        text = json.dumps(self._licences.record(given.position), ensure_ascii=False, separators=(",", ":"))
        return OK, {"license": text, "s_sign_data": self._signed(text)}

    def _signed(self, text: str) -> dict[str, Any]:
        """A signature over a page of one record."""
        root = leaf_hash(text).hex()
        signed_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        signature = self.signer.sign(root, 2 if self._faults.strikes("bad_signature") else 1, signed_at)
        head = {"root": root, "size": 1, "signedAt": signed_at}
        return {**head, "keyId": self.signer.key_id, "signature": signature}


def _bound(asked: Mapping[str, Any]) -> tuple[str, str]:
    return str(asked.get("service_item_code") or ""), str(asked.get("biz_num") or "")


def faults_of(seed: int) -> Faults:
    """The faults that this server knows."""
    return Faults(seed, WIRE_FAULTS | PLATFORM_FAULTS)


def serve(config: dict[str, Any], faults: Faults) -> ASGIApp:
    """The platform as an ASGI application."""
    spec = WorldSpec(**config["world"])
    platform = Platform(World(spec), faults)
    routes = [
        Route("/oauth/token", _token(platform, spec.seed), methods=["POST"]),
        Route("/license/holder", _called(platform, platform.holder, faults), methods=["POST"]),
        Route("/license/get_license", _called(platform, platform.licence, faults), methods=["POST"]),
    ]
    return application("provincial_licences", faults, routes)


def _token(platform: Platform, seed: int) -> Endpoint:
    right = "Basic " + b64encode(":".join(client_of(seed)).encode()).decode()

    async def endpoint(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("authorization", ""), right):
            return answer({"error": "invalid_client"}, 401)
        if b"grant_type=client_credentials" not in await request.body():
            return answer({"error": "unsupported_grant_type"}, 400)
        return answer(platform.token())

    return endpoint


def _called(platform: Platform, work: Callable[[Mapping[str, Any]], Answered], faults: Faults) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not platform.knows(token):
            return answer({"code": TOKEN_EXPIRED, "message": "token"}, 401)
        if faults.strikes("expired_token"):
            return answer({"code": TOKEN_EXPIRED, "message": "token"})
        if faults.strikes("busy"):
            return answer({"code": "503", "message": "busy"})
        code, data = await run_in_threadpool(work, await body_of(request))
        return answer({"code": code, "message": "", "data": data})

    return endpoint
