"""The utility's connection system (用电报装系统).

It does not deduplicate: each POST that commits is an effect. Effects are counted durably.
"""

import hmac
import json
import sqlite3
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.control import Endpoint, answer, application, body_of
from sandbox.faults import WIRE_FAULTS, Faults

_TABLES = """
CREATE TABLE IF NOT EXISTS effect(
    id INTEGER PRIMARY KEY, what TEXT NOT NULL, key TEXT NOT NULL, external_no TEXT NOT NULL,
    number TEXT NOT NULL, received_at TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS effect_found ON effect(what, external_no, key);
CREATE TABLE IF NOT EXISTS refusal(number TEXT PRIMARY KEY, code TEXT NOT NULL, message TEXT NOT NULL);
"""
_NEEDED = {
    "application": (
        "externalAppNo",
        "channel",
        "channelAppNo",
        "busiType",
        "orgNo",
        "elecAddr",
        "voltageCode",
        "contractCap",
        "custType",
        "acceptedAt",
        "dueOn",
    ),
    "withdrawals": ("kind", "recordId", "reading", "reason", "withdrawnAt"),
    "recalls": ("noticeNo", "kind", "recordId", "reading", "reason", "changedAt", "learnedAt", "ended", "endedAt"),
    "handovers": ("noticeNo", "takesBack", "registeredOn", "purpose"),
    "cancellations": ("reason", "cancelledAt"),
    "dates": ("noticeNo", "dueOn", "segment", "segmentDueOn", "provisional", "workingDays", "workingDaysLeft"),
    "ratings": ("grade", "gradeName", "text", "ratedAt", "followUpDueOn"),
    "warnings": ("noticeNo", "level", "about", "dueOn", "workingDays", "provisional", "recipients"),
    "evidence": (
        "pieceNo",
        "kind",
        "recordId",
        "assurance",
        "verifiedAt",
        "purpose",
        "legalBasis",
        "legalClause",
        "holderRelation",
        "fields",
    ),
}
_OF_TRANSFER = {
    "transfer": ("transferNo", "channel", "channelNo", "reason", "consNo", "keepTariff", "acceptedAt"),
    "transfer-checks": ("questionNo", "consNo", "oldHolders"),
    "transfer-pushes": ("questionNo", "consNo", "oldHolders", "newHolders", "registeredOn", "keepTariff", "fields"),
    "transfer-cancellations": ("cancelledAt", "registeredOn"),
    "transfer-notices": ("noticeNo", "consNo", "registeredOn", "purpose", "fields"),
}
"""What joint transfers of title and account need."""
_AFTER = tuple(what for what in _NEEDED if what != "application")
"""What follows an application, as the last part of the path."""
_ZONE = ZoneInfo("Asia/Shanghai")
_BODY_MAX = 1_048_576
CRM_FAULTS = {
    "late": "a proxy answers 504, and the work is done delay_s later",
    "accepted": "the work is done and answered 202 without a number",
    "busy": "a question is answered 200 with an error object",
    "part": "a question is answered with an empty list and the number of all",
}
"""The faults of this server, beside those of every server."""


class Effects:
    """The effects of all calls, in a SQLite file of its own: a commit survives a kill of the server. ``series``: first
    digit of its numbers. Within one authority a number names one application, of all systems."""

    def __init__(self, path: Path, series: int = 0) -> None:
        self._series = series
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _TABLES)

    def commit(self, what: str, key: str, external_no: str, body: Mapping[str, Any]) -> dict[str, str]:
        """Store one more effect, also for a known key. Returns its number and time."""
        received_at = datetime.now(_ZONE).isoformat(timespec="milliseconds")
        with self._lock, self._db:
            row = (what, key, external_no, "", received_at, json.dumps(body, ensure_ascii=False))
            made = self._db.execute(
                "INSERT INTO effect(what,key,external_no,number,received_at,body) VALUES (?,?,?,?,?,?)", row
            )
            number = f"{'A' if what == 'application' else 'R'}{self._series}{made.lastrowid:09d}"
            self._db.execute("UPDATE effect SET number = ? WHERE id = ?", (number, made.lastrowid))
        return {"number": number, "received_at": received_at}

    def find(self, what: str, external_no: str, key: str | None = None) -> list[tuple[str, str, str]]:
        """(Number, key, time) of the effects for an application, with ``key`` only of that key."""
        text = "SELECT number, key, received_at FROM effect WHERE what = ? AND external_no = ?"
        with self._lock:
            if key is None:
                return self._db.execute(text + " ORDER BY id", (what, external_no)).fetchall()
            return self._db.execute(text + " AND key = ? ORDER BY id", (what, external_no, key)).fetchall()

    def refuse(self, number: str, code: str, message: str) -> None:
        """Refuse an application finally, by its ``externalAppNo`` or by its ``channelAppNo``."""
        with self._lock, self._db:
            self._db.execute("INSERT OR REPLACE INTO refusal VALUES (?,?,?)", (number, code, message))

    def allow(self, number: str) -> None:
        """Undo ``refuse``."""
        with self._lock, self._db:
            self._db.execute("DELETE FROM refusal WHERE number = ?", (number,))

    def refusal(self, external_no: str, body: Mapping[str, Any]) -> tuple[str, str] | None:
        """(Code, message) if this application, or evidence for it, is refused, else ``None``."""
        query = """SELECT code, message FROM refusal WHERE number IN (?, ?) OR number IN
            (SELECT json_extract(body, '$.channelAppNo') FROM effect WHERE what = 'application' AND external_no = ?)"""
        with self._lock:
            row: tuple[str, str] | None = self._db.execute(
                query, (external_no, str(body.get("channelAppNo")), external_no)
            ).fetchone()
        return row

    def plain(self, bodies: bool) -> dict[str, Any]:
        """All effects as plain JSON: counts by key, the total, the doubled keys, and with ``bodies`` the bodies."""
        with self._lock:
            rows = self._db.execute(
                "SELECT what, key, external_no, number, received_at, body FROM effect ORDER BY id"
            ).fetchall()
        counts: dict[str, dict[str, int]] = {what: {} for what in (*_NEEDED, *_OF_TRANSFER)}
        for what, key, *_ in rows:
            counts[what][key] = counts[what].get(key, 0) + 1
        total = {"total": len(rows)}
        shown = {
            "applications": counts["application"],
            **{what: counts[what] for what in (*_AFTER, *_OF_TRANSFER)},
        } | total
        doubled = sorted(key for of in counts.values() for key, times in of.items() if times > 1)
        names = ("what", "key", "externalAppNo", "number", "receivedAt")
        entries = [
            dict(zip(names, row[:5], strict=True)) | ({"body": json.loads(row[5])} if bodies else {}) for row in rows
        ]
        return shown | {"doubled": doubled, "effects": entries}


def faults_of(seed: int) -> Faults:
    """The faults that this server knows."""
    return Faults(seed, WIRE_FAULTS | CRM_FAULTS)


def serve(config: dict[str, Any], faults: Faults) -> ASGIApp:
    """The connection system as an ASGI application; ``refuse``: numbers of applications that it refuses finally."""
    effects, token = Effects(Path(config["home"]) / "crm.db"), config["token"]
    for external_no in config["refuse"]:
        effects.refuse(external_no, "BLACKLISTED", "application refused by the connection system")
    routes = [
        Route("/applications", _posted(effects, token, "application", faults), methods=["POST"]),
        Route("/applications", _found(effects, token, "application", faults), methods=["GET"]),
        *(_route(effects, token, what, faults, method) for what in _AFTER for method in ("GET", "POST")),
        *(_transfers(effects, token, what, faults, method) for what in _OF_TRANSFER for method in ("GET", "POST")),
        Route("/_control/effects", _effects(effects), methods=["GET"]),
        Route("/_control/refuse", _refuse(effects), methods=["POST", "DELETE"]),
    ]
    return application("utility_crm", faults, routes)


def _route(effects: Effects, token: str, what: str, faults: Faults, method: str) -> Route:
    make = _found if method == "GET" else _posted
    return Route(f"/applications/{{external_no}}/{what}", make(effects, token, what, faults), methods=[method])


def _transfers(effects: Effects, token: str, what: str, faults: Faults, method: str) -> Route:
    make = _found if method == "GET" else _posted
    path = f"/transfers/{{external_no}}/{what.removeprefix('transfer-')}" if what != "transfer" else "/transfers"
    return Route(path, make(effects, token, what, faults), methods=[method])


def _stranger(request: Request, token: str) -> Response | None:
    given = request.headers.get("authorization", "")
    if hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return None
    return answer({"errorCode": "UNAUTHORISED", "message": "bearer token missing or wrong"}, 401)


def _posted(effects: Effects, token: str, what: str, faults: Faults) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if refused := _stranger(request, token):
            return refused
        key = request.headers.get("idempotency-key", "")
        if not key:
            return answer({"errorCode": "BAD_REQUEST", "message": "Idempotency-Key missing"}, 400)
        if len(await request.body()) > _BODY_MAX:
            return answer({"errorCode": "TOO_LARGE", "message": f"a body has at most {_BODY_MAX} bytes"}, 413)
        body = await body_of(request)
        number = body.get("externalAppNo") or body.get("transferNo")
        external_no = str(request.path_params.get("external_no") or number or "")
        work = partial(_judge_and_commit, effects, what, key, external_no, body)
        if fault := faults.strikes("late", request.url.path, request.method):
            threading.Timer(fault.delay_s, work).start()
            return Response("<html>504 Gateway Time-out</html>", 504, media_type="text/html")
        done = await run_in_threadpool(work)
        accepted = done.status_code == 201 and faults.strikes("accepted", request.url.path, request.method)
        return Response(None, 202) if accepted else done

    return endpoint


def judge(effects: Effects, what: str, external_no: str, body: Mapping[str, Any]) -> tuple[str, str] | None:
    """(Code, message) of the refusal of a piece; ``None`` for one that can be taken."""
    if missing := [field for field in (_NEEDED | _OF_TRANSFER)[what] if field not in body]:
        return "FIELD_MISSING", ", ".join(missing)
    if refusal := effects.refusal(external_no, body):
        return refusal
    first = "transfer" if what in _OF_TRANSFER else "application"
    if what != first and not effects.find(first, external_no):
        return "APPLICATION_UNKNOWN", f"{what} for an application that was never registered"
    return None


def _judge_and_commit(effects: Effects, what: str, key: str, external_no: str, body: dict[str, Any]) -> Response:
    if no := judge(effects, what, external_no, body):
        return answer({"errorCode": no[0], "message": no[1]}, 422)
    made = effects.commit(what, key, external_no, body)
    return answer({_number_name(what): made["number"], "receivedAt": made["received_at"]}, 201)


def _number_name(what: str) -> str:
    return "appNo" if what == "application" else "receiptNo"


def _found(effects: Effects, token: str, what: str, faults: Faults) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if refused := _stranger(request, token):
            return refused
        asked = request.query_params
        number = asked.get("externalAppNo") or asked.get("transferNo", "")
        external_no = request.path_params.get("external_no") or number
        rows = await run_in_threadpool(effects.find, what, external_no, request.query_params.get("key"))
        if faults.strikes("busy", request.url.path, request.method):
            return answer({"code": 500, "msg": "系统繁忙，请稍后再试"})
        if rows and faults.strikes("part", request.url.path, request.method):
            return answer({"items": [], "total": len(rows)})
        return answer({"items": [_item(what, external_no, *row) for row in rows], "total": len(rows)})

    return endpoint


def _item(what: str, external_no: str, number: str, key: str, received_at: str) -> dict[str, str]:
    item = {_number_name(what): number, "idempotencyKey": key, "receivedAt": received_at}
    return item | {"externalAppNo": external_no} if what == "application" else item


def _effects(effects: Effects) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return answer(await run_in_threadpool(effects.plain, "bodies" in request.query_params))

    return endpoint


def _refuse(effects: Effects) -> Endpoint:
    """``POST {"externalAppNo":…, "errorCode"?, "message"?}`` refuses an application finally, ``DELETE`` allows it
    again. ``channelAppNo`` may name it instead.
    """

    async def endpoint(request: Request) -> Response:
        body = await body_of(request)
        number = str(body.get("externalAppNo") or body.get("channelAppNo") or "")
        if request.method == "DELETE":
            await run_in_threadpool(effects.allow, number)
        else:
            code, message = str(body.get("errorCode", "BLACKLISTED")), str(body.get("message", "refused finally"))
            await run_in_threadpool(effects.refuse, number, code, message)
        return answer({"ok": True})

    return endpoint
