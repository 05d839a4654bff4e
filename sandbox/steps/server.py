"""The utility's system, as far as it reports steps: it sends them to the hub, lists them, and writes them into a table.

``POST /_control/play`` plays cases; ``GET /_control/counts`` says what was reported.
"""

import hmac
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.control import answer, application, body_of
from sandbox.errors import Misconfigured
from sandbox.faults import WIRE_FAULTS, Faults
from sandbox.steps import tables
from sandbox.steps.calls import send
from sandbox.steps.plans import PLANS, WRONG, Case, Moment, moments, rows
from sandbox.steps.signer import CallSigner

WAYS = ("post", "pull", "table")
_ZONE = ZoneInfo("Asia/Shanghai")
_PAGE_MAX = 500


def faults_of(seed: int) -> Faults:
    """The faults that this server knows."""
    return Faults(seed, WIRE_FAULTS)


def serve(config: dict[str, Any], faults: Faults) -> ASGIApp:
    """The system as an ASGI application."""
    engine, token = tables.engine_of(config["database"]), config["token"]
    player = Player(engine, CallSigner(config["world"]["seed"]))

    async def listed(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("authorization", ""), f"Bearer {token}"):
            return answer({"errorCode": "UNAUTHORISED"}, 401)
        after, limit = (request.query_params.get(name, "") for name in ("after", "limit"))
        if not (after or "0").isdecimal():
            return answer({"errorCode": "PLACE_UNKNOWN"}, 422)
        size = min(int(limit or _PAGE_MAX), _PAGE_MAX)
        return answer(await run_in_threadpool(tables.page, engine, int(after or 0), size))

    async def play(request: Request) -> Response:
        return answer(await run_in_threadpool(player.play, await body_of(request)))

    async def counts(request: Request) -> Response:  # noqa: ARG001
        sent, doubted = tables.reported(engine), tables.doubted(engine)
        return answer({"sent": sent, "doubted": doubted, "answers": {str(one): n for one, n in player.answers.items()}})

    routes = [
        Route("/steps", listed, methods=["GET"]),
        Route("/_control/play", play, methods=["POST"]),
        Route("/_control/counts", counts, methods=["GET"]),
    ]
    return application("utility_steps", faults, routes)


class Player:
    """Plays cases. ``answers``: status of the hub → number of calls, since this server began."""

    def __init__(self, engine: Engine, signer: CallSigner) -> None:
        self._engine = engine
        self._signer = signer
        self.answers: Counter[int] = Counter()

    def play(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Play one case: ``{"externalAppNo", "appNo", "way", "plan", "since"?, "every_s"?, "wrong"?: [names], "hub":
        URL for the way post, "once"?: true}``. Returns what was reported. With ``once`` the same wish again continues
        where it was stopped, by a kill too."""
        case, way = case_of(wish), wish.get("way", "post")
        told = moments(case)
        for name in wish.get("wrong", ()):
            if name not in WRONG:
                raise Misconfigured(f"nothing is called {name!r}", f"choose from {', '.join(WRONG)}")
            told = WRONG[name](told)
        if way not in WAYS:
            raise Misconfigured(f"no way {way!r}", f"choose from {', '.join(WAYS)}")
        if not wish.get("once"):
            for place in range(len(told)):
                self._report(case, told, place, wish)
            tables.count(self._engine, way, len(told))
            return {"reported": len(told)}
        what = " ".join((case.name, way, *wish.get("wrong", ())))
        first = tables.played(self._engine, what)
        for place in range(first, len(told)):
            tables.begin(self._engine, what)
            self._report(case, told, place, wish)
            tables.done(self._engine, what, way)
        return {"reported": len(told) - first}

    def _report(self, case: Case, told: Sequence[Moment], place: int, wish: Mapping[str, Any]) -> None:
        """Report one moment over its way. A row of the table that is there already stays."""
        match wish.get("way", "post"):
            case "post":
                self._post(str(wish.get("hub", "")), told[place].event(case))
            case "pull":
                tables.list_events(self._engine, [told[place].event(case)])
            case "table":
                tables.write_rows(self._engine, rows(case, told[: place + 1]), int(time.time() * 1000))

    def _post(self, hub: str, event: dict[str, Any]) -> None:
        self.answers[send(self._signer, f"{hub}/steps", [event])] += 1


def case_of(wish: Mapping[str, Any]) -> Case:
    """The case that a wish is about, as ``Player.play`` has it."""
    numbers = {name: str(wish[name]) for name in ("externalAppNo", "appNo") if wish.get(name)}
    plan, since = wish.get("plan", "short"), wish.get("since")
    if not numbers or plan not in PLANS:
        raise Misconfigured("a case has externalAppNo or appNo, and a plan", f"plans are {', '.join(PLANS)}")
    begins = datetime.fromisoformat(since) if since else datetime.now(_ZONE)
    return Case(numbers, plan, begins.astimezone(_ZONE), float(wish.get("every_s", 1.0)))
