"""The utility's system, as far as it reports about joint transfers (联合过户): it answers the questions for a check and
for a transfer that its connection system took, and says when arrears are paid, in the list ``GET /transfer-reports``.

It reads the effects of the connection system's own file, so a question that took effect twice is answered twice, under
one event id. ``POST /_control/account`` says what is so with an account, ``POST /_control/pay`` pays its arrears,
``POST /_control/send`` sends the hub every report that there is, signed, also those that it has;
``GET /_control/counts`` counts the reports.
"""

import hmac
import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.control import answer, application, body_of
from sandbox.errors import Misconfigured
from sandbox.faults import WIRE_FAULTS, Faults
from sandbox.steps.calls import send
from sandbox.steps.signer import CallSigner

CHECK, PUSH = "transfer-checks", "transfer-pushes"
CLEAR, ARREARS, NO_ACCOUNT, PAID, APPLIED, OWING, DONE, FAILED = "10", "11", "12", "20", "30", "31", "40", "50"
"""What the status of a report means: ``codes.csv`` of the connector ``utility_transfers``."""
OPINIONS = {
    ARREARS: "户号欠费，请结清后办理",
    NO_ACCOUNT: "户号不存在",
    OWING: "过户前产生新的欠费，请结清",
}
_ZONE = ZoneInfo("Asia/Shanghai")
_OPERATOR = "受理员欧阳听雨"
_PAGE_MAX = 500
_SENT_MAX = 100
_TABLES = """
CREATE TABLE IF NOT EXISTS account(
    number TEXT PRIMARY KEY, arrears INTEGER NOT NULL, missing INTEGER NOT NULL, holder TEXT NOT NULL,
    refuses TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS report(
    seq INTEGER PRIMARY KEY, effect INTEGER NOT NULL, account TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL);
"""
_FREE = {"arrears": 0, "missing": 0, "holder": "", "refuses": ""}
"""An account of which nothing was said: no arrears, and the old holder's."""


class Reporter:
    """The accounts and the reports, in a SQLite file of their own. Thread-safe."""

    def __init__(self, home: Path) -> None:
        self._effects = home / "crm.db"
        self._lock = threading.Lock()
        self._db = sqlite3.connect(home / "transfers.db", check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _TABLES)

    def account(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Say what is so with an account: ``{"consNo", "arrears"?, "missing"?, "holder"?: an idNo, "refuses"?: an
        opinion with which it is not transferred}``. What was asked before is answered first, as it was then."""
        number = _account_of(wish)
        with self._lock, self._db:
            self._answer()
            known = self._known(number) | {name: wish[name] for name in _FREE if name in wish}
            row = (number, int(known["arrears"]), int(known["missing"]), known["holder"], known["refuses"])
            self._db.execute("INSERT OR REPLACE INTO account VALUES (?,?,?,?,?)", row)
        return known

    def pay(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Pay the arrears of ``consNo``; each transfer that was told of them is told of the payment."""
        number = _account_of(wish)
        with self._lock, self._db:
            self._answer()
            self._db.execute("UPDATE account SET arrears = 0 WHERE number = ?", (number,))
            query = "SELECT body FROM report WHERE account = ? ORDER BY seq"
            last = {(body := json.loads(row["body"]))["transferNo"]: body for row in self._db.execute(query, (number,))}
            owing = [one for one in last.values() if one["status"] in (ARREARS, OWING)]
            for one in owing:
                self._tell(0, number, f"{one['eventId']}-P", {"transferNo": one["transferNo"], "status": PAID})
        return {"told": len(owing)}

    def page(self, after: int, limit: int) -> dict[str, Any]:
        """The reports after a cursor, with the answers to what was asked until now."""
        with self._lock, self._db:
            self._answer()
            rows = self._db.execute("SELECT * FROM report WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit + 1))
            found = rows.fetchall()
        shown = found[:limit]
        items = [json.loads(row["body"]) for row in shown]
        return {"items": items, "next": str(shown[-1]["seq"] if shown else after), "more": len(found) > limit}

    def send(self, signer: CallSigner, hub: str) -> dict[str, dict[str, int]]:
        """Send all reports to the hub with this URL. Returns status of the answer → number of calls."""
        with self._lock, self._db:
            self._answer()
            rows = self._db.execute("SELECT body FROM report ORDER BY seq").fetchall()
        told = [json.loads(row["body"]) for row in rows]
        calls = (told[first : first + _SENT_MAX] for first in range(0, len(told), _SENT_MAX))
        answers = Counter(send(signer, f"{hub}/transfer-reports", call) for call in calls)
        return {"answers": {str(status): n for status, n in answers.items()}}

    def counts(self) -> dict[str, int]:
        """Reports, and how many of them are different events."""
        with self._lock, self._db:
            self._answer()
            row = self._db.execute("SELECT count(*), count(DISTINCT event) FROM report").fetchone()
        return {"reported": row[0], "events": row[1]}

    def _answer(self) -> None:
        """Answer the questions that took effect since the last answer, by the accounts as they are now."""
        for number, what, transfer_no, body in self._asked():
            account, known = str(body["consNo"]), self._known(str(body["consNo"]))
            told = {"transferNo": transfer_no, "questionNo": body["questionNo"], "consHolder": _holder(known, body)}
            event = f"{transfer_no}-{what}-{body['questionNo']}"
            for status in _statuses(what, known):
                opinion = known["refuses"] if status == FAILED else OPINIONS.get(status)
                self._tell(number, account, f"{event}-{status}", told | {"status": status, "opinion": opinion})

    def _asked(self) -> Iterator[tuple[int, str, str, dict[str, Any]]]:
        """(Number of the effect, what, the transfer's number, body) of each question that is not answered."""
        if not self._effects.exists():
            return
        last = self._db.execute("SELECT coalesce(max(effect), 0) FROM report").fetchone()[0]
        query = "SELECT id, what, external_no, body FROM effect WHERE id > ? AND what IN (?,?) ORDER BY id"
        with closing(sqlite3.connect(self._effects, timeout=10)) as effects:
            rows = effects.execute(query, (last, CHECK, PUSH)).fetchall()
        yield from ((number, what, transfer_no, json.loads(body)) for number, what, transfer_no, body in rows)

    def _known(self, number: str) -> dict[str, Any]:
        row = self._db.execute("SELECT * FROM account WHERE number = ?", (number,)).fetchone()
        return dict(_FREE) if row is None else {name: row[name] for name in _FREE}

    def _tell(self, effect: int, account: str, event: str, body: Mapping[str, Any]) -> None:
        at = datetime.now(_ZONE).isoformat(timespec="milliseconds")
        # An event that is told again is the one that was told before.
        before = self._db.execute("SELECT body FROM report WHERE event = ? LIMIT 1", (event,)).fetchone()
        fresh = json.dumps({"eventId": event, "occurredAt": at, "operator": _OPERATOR, **body}, ensure_ascii=False)
        row = (effect, account, event, fresh if before is None else before["body"])
        self._db.execute("INSERT INTO report(effect,account,event,body) VALUES (?,?,?,?)", row)


def _statuses(what: str, known: Mapping[str, Any]) -> tuple[str, ...]:
    if what == CHECK:
        return (NO_ACCOUNT if known["missing"] else ARREARS if known["arrears"] else CLEAR,)
    if known["arrears"]:
        return (OWING,)
    return (APPLIED, FAILED) if known["refuses"] else (APPLIED, DONE)


def _holder(known: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    """Code: 0 the account is an old holder's, 1 it is another's."""
    others = known["holder"] and known["holder"] not in [one["idNo"] for one in body["oldHolders"]]
    return "1" if others else "0"


def _account_of(wish: Mapping[str, Any]) -> str:
    if not (number := str(wish.get("consNo") or "")):
        raise Misconfigured("no consNo", "name the account")
    return number


def faults_of(seed: int) -> Faults:
    """The faults that this server knows."""
    return Faults(seed, WIRE_FAULTS)


def serve(config: dict[str, Any], faults: Faults) -> ASGIApp:
    """The system as an ASGI application."""
    reporter, token = Reporter(Path(config["home"])), config["token"]
    signer = CallSigner(config["world"]["seed"])

    async def listed(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode()):
            return answer({"errorCode": "UNAUTHORISED"}, 401)
        after, limit = (request.query_params.get(name, "") for name in ("after", "limit"))
        if not (after or "0").isdecimal():
            return answer({"errorCode": "PLACE_UNKNOWN"}, 422)
        size = min(int(limit or _PAGE_MAX), _PAGE_MAX)
        return answer(await run_in_threadpool(reporter.page, int(after or 0), size))

    async def account(request: Request) -> Response:
        return answer(await run_in_threadpool(reporter.account, await body_of(request)))

    async def pay(request: Request) -> Response:
        return answer(await run_in_threadpool(reporter.pay, await body_of(request)))

    async def sent(request: Request) -> Response:
        hub = str((await body_of(request)).get("hub", ""))
        return answer(await run_in_threadpool(reporter.send, signer, hub))

    async def counts(request: Request) -> Response:  # noqa: ARG001
        return answer(await run_in_threadpool(reporter.counts))

    routes = [
        Route("/transfer-reports", listed, methods=["GET"]),
        Route("/_control/account", account, methods=["POST"]),
        Route("/_control/pay", pay, methods=["POST"]),
        Route("/_control/send", sent, methods=["POST"]),
        Route("/_control/counts", counts, methods=["GET"]),
    ]
    return application("utility_transfers", faults, routes)
