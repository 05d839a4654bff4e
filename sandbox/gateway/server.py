"""The business-licence gateway: a feed, a query by USCC, a day's count, the file of a licence. Every call and every
page is signed."""

import json
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox import truth
from sandbox.control import Endpoint, answer, application, body_of
from sandbox.errors import Misconfigured
from sandbox.faults import WIRE_FAULTS, Faults
from sandbox.gateway.auth import CallChecker, caller_of
from sandbox.gateway.files import FILE_FAULTS, LicenceFile, file_of
from sandbox.gateway.pages import LIMIT_MAX, PAGE_FAULTS, Pages, position_of
from sandbox.gateway.tree import PageSigner
from sandbox.world.world import World, WorldSpec

STEPS_MAX = 100_000


class Gateway:
    """The gateway's state: the length of its feed. It is stored in a file, so that a restart continues there."""

    def __init__(self, world: World, home: Path, faults: Faults) -> None:
        self.world = world
        self.signer = PageSigner(world.spec.seed)
        self.following = PageSigner(world.spec.seed, following=True)
        self.pages = Pages(world, self.signer, faults)
        self.checker = CallChecker(caller_of(world.spec.seed))
        self._home = home
        self._faults = faults
        self._state = home / "gateway-state.json"
        self._lock = threading.Lock()
        self.total = json.loads(self._state.read_text("utf-8"))["total"] if self._state.exists() else world.spec.size

    def advance(self, steps: int) -> dict[str, object]:
        """Add ``steps`` changes to the feed. They are in the truth file before they are in the feed."""
        if not 1 <= steps <= STEPS_MAX:
            raise Misconfigured(f"steps {steps}", f"choose 1 to {STEPS_MAX}")
        with self._lock:
            end = self.total + steps
            summary = truth.append(
                self._home / "truth.jsonl", self._home / "truth-summary.json", self.world.licence_truth(self.total, end)
            )
            self._state.write_text(json.dumps({"total": end}), "utf-8")
            self.total = end
        return {"total": end, "summary": summary}

    def file(self, key: str) -> LicenceFile | None:
        """The file of the newest version of the licence with this identifier."""
        serial = (key.split(".")[-3:-2] or [""])[0][4:]
        index = int(serial) if serial.isascii() and serial.isdigit() and len(serial) < 12 else -1
        place = self.world.licences.latest(index, self.total) if index >= 0 else None
        row = self.world.licences.row(place) if place is not None else None
        return file_of(row.text, self._faults) if row and row.key == key else None

    def count(self, day: str) -> dict[str, object]:
        """The keys ("KEY#VERSION") that changed at the registry on one day (YYYY-MM-DD)."""
        feed = self.world.licences
        places = [place for place in feed.positions_of(day) if place < self.total]
        keys = sorted({f"{row.key}#{row.version}" for row in map(feed.row, places)})
        return {"date": day, "count": len(keys), "keys": keys}


def serve(config: dict[str, Any], faults: Faults) -> ASGIApp:
    """The gateway as an ASGI application."""
    gateway = Gateway(World(WorldSpec(**config["world"])), Path(config["home"]), faults)
    threading.Thread(target=gateway.pages.ahead, args=(-LIMIT_MAX, LIMIT_MAX, gateway.total), daemon=True).start()
    routes = [
        Route("/licences/changes", _checked(gateway, _changes), methods=["GET"]),
        Route("/licences/query", _checked(gateway, _query), methods=["POST"]),
        Route("/licences/file", _checked(gateway, _file), methods=["GET"]),
        Route("/licences/count", _checked(gateway, _count), methods=["GET"]),
        Route("/keys", _keys(gateway), methods=["GET"]),
        Route("/_control/advance", _advance(gateway), methods=["POST"]),
    ]
    return application("business_licence", faults, routes)


def faults_of(seed: int) -> Faults:
    """The faults that this server knows."""
    return Faults(seed, WIRE_FAULTS | PAGE_FAULTS | FILE_FAULTS)


Handler = Callable[[Gateway, Request], Response]


def _checked(gateway: Gateway, handler: Handler) -> Endpoint:
    """Only for calls with a valid signature, a current time and a new nonce. The work runs outside the event loop."""

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        complaint = gateway.checker.complaint(request.headers, request.method, _target(request), body)
        if complaint is not None:
            return answer({"error": complaint}, 401)
        return await run_in_threadpool(handler, gateway, request)

    return endpoint


def _target(request: Request) -> str:
    """The path with its query, exactly as it was sent."""
    path: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    query: bytes = request.scope["query_string"]
    return (path + (b"?" + query if query else b"")).decode("ascii")


def _changes(gateway: Gateway, request: Request) -> Response:
    position = position_of(request.query_params.get("after", ""))
    text = request.query_params.get("limit", str(LIMIT_MAX))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    if position is None or not 1 <= limit <= LIMIT_MAX:
        return answer({"error": f"after must be a cursor of this feed, limit 1 to {LIMIT_MAX}"}, 400)
    response = answer(gateway.pages.page(position, limit, gateway.total))
    response.background = BackgroundTask(gateway.pages.ahead, position, limit, gateway.total)
    return response


def _query(gateway: Gateway, request: Request) -> Response:
    try:
        asked = json.loads(request._body)  # read and checked before
        code, cause = str(asked["certIdentifier"]), str(asked.get("useCause") or "").strip()
    except (ValueError, KeyError, TypeError, AttributeError):
        return answer({"error": "certIdentifier is missing"}, 400)
    if not cause:
        return answer({"error": "useCause is missing: a query without a purpose is refused"}, 400)
    return answer(gateway.pages.answer_to(gateway.world.enterprises.index_of(code), gateway.total))


def _file(gateway: Gateway, request: Request) -> Response:
    if not request.query_params.get("useCause", "").strip():
        return answer({"error": "useCause is missing: a file without a purpose is refused"}, 400)
    found = gateway.file(request.query_params.get("certIdentifier", ""))
    if found is None:
        return answer({"error": "no file"}, 404)
    return Response(found.content, headers={"x-file-sha256": found.digest}, media_type="application/octet-stream")


def _count(gateway: Gateway, request: Request) -> Response:
    day = request.query_params.get("date", "")
    try:
        date.fromisoformat(day)
    except ValueError:
        return answer({"error": "date must be YYYY-MM-DD"}, 400)
    return answer(gateway.count(day))


def _keys(gateway: Gateway) -> Endpoint:
    async def endpoint(request: Request) -> Response:  # noqa: ARG001
        keys = (gateway.signer, gateway.following)
        return answer({"keys": [{"keyId": key.key_id, "publicKey": key.public_key} for key in keys]})

    return endpoint


def _advance(gateway: Gateway) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        steps = (await body_of(request)).get("steps", 1)
        return answer(await run_in_threadpool(gateway.advance, steps if isinstance(steps, int) else 0))

    return endpoint
