"""A desk that is told of last days (预警接收岗位): it keeps the notices that are posted to it, each key once.

It is asked nothing, so a notice that comes again is only counted.
"""

import hmac
import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.control import Endpoint, answer, application, body_of
from sandbox.faults import WIRE_FAULTS, Faults

_TABLE = "CREATE TABLE IF NOT EXISTS notice(key TEXT PRIMARY KEY, body TEXT NOT NULL, times INTEGER NOT NULL)"
_FIELDS = ("number", "noticeNo", "level", "about", "segment", "dueOn", "workingDays", "provisional", "recipients")


class Notices:
    """What was posted, in a SQLite file of its own: a commit survives a kill of the server."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {_TABLE};")

    def take(self, key: str, body: dict[str, Any]) -> None:
        """Keep a notice, or count that it came again."""
        again = "INSERT INTO notice VALUES (?, ?, 1) ON CONFLICT (key) DO UPDATE SET times = times + 1"
        with self._lock, self._db:
            self._db.execute(again, (key, json.dumps(body, ensure_ascii=False)))

    def plain(self) -> list[dict[str, Any]]:
        """Each notice with its key and how often it came."""
        with self._lock:
            rows = self._db.execute("SELECT key, body, times FROM notice ORDER BY rowid").fetchall()
        return [{"key": key, "times": times, "body": json.loads(body)} for key, body, times in rows]


def faults_of(seed: int) -> Faults:
    """The faults that this server knows."""
    return Faults(seed, WIRE_FAULTS)


def serve(config: dict[str, Any], faults: Faults) -> ASGIApp:
    """The desk as an ASGI application: ``POST /notices``; ``GET /_control/notices`` shows what it has."""
    notices = Notices(Path(config["home"]) / "desk.db")
    routes = [
        Route("/notices", _posted(notices, config["token"]), methods=["POST"]),
        Route("/_control/notices", _shown(notices), methods=["GET"]),
    ]
    return application("warning_desk", faults, routes)


def _posted(notices: Notices, token: str) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        given, key = request.headers.get("authorization", ""), request.headers.get("idempotency-key", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return answer({"errorCode": "UNAUTHORISED", "message": "bearer token missing or wrong"}, 401)
        body = await body_of(request)
        if not key or sorted(body) != sorted(_FIELDS):
            return answer({"errorCode": "BAD_REQUEST", "message": f"a key, and {', '.join(_FIELDS)}"}, 422)
        await run_in_threadpool(notices.take, key, body)
        return Response(None, 204)

    return endpoint


def _shown(notices: Notices) -> Endpoint:
    async def endpoint(request: Request) -> Response:  # noqa: ARG001
        return answer({"notices": await run_in_threadpool(notices.plain)})

    return endpoint
