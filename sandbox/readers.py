"""The utility's connection system in a network that lets no call in: its own program fetches from the hub
(``utility_pull``), or reads an outbox table in the system's database (``utility_table``).

It keeps the contract: a piece is an effect once for each key, and it is answered only when the effect is durable.
"""

import json
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    func,
    select,
    update,
)
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.control import answer, application, body_of
from sandbox.crm import Effects, judge
from sandbox.faults import WIRE_FAULTS, Faults

READER_FAULTS = {
    "asleep": "the program takes nothing",
    "forgets": "the program takes a piece and dies before it says so",
}
"""The faults of these programs, beside those of every server."""
OUTBOX = Table(
    "onecert_delivery",
    MetaData(),
    Column("delivery_key", String(32), primary_key=True),
    Column("app_no", String(14), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("placed_at", DateTime, nullable=False, server_default=func.current_timestamp()),
    Column("state", Integer, nullable=False, server_default="0"),
    Column("answer_no", String(64)),
    Column("answered_at", String(40)),
    Column("error_code", String(64)),
    Column("error_message", String(2000)),
)
_WHAT = {
    "registration": "application",
    "dates": "dates",
    "withdrawal": "withdrawals",
    "recall": "recalls",
    "handover": "handovers",
    "cancellation": "cancellations",
    "rating": "ratings",
    "warning": "warnings",
}
"""Kind of a piece → its effect; that of every other kind is evidence."""
_LOOK_S = 0.2
_CALL_S = 10.0
_UNPROCESSABLE = 422


class Taking:
    """Takes pieces: what the two programs have in common."""

    def __init__(self, effects: Effects, faults: Faults) -> None:
        self.effects = effects
        self._faults = faults

    @property
    def asleep(self) -> bool:
        """Whether the program takes nothing now."""
        return self._faults.armed("asleep") is not None

    def take(self, kind: str, key: str, number: str, body: Mapping[str, Any]) -> dict[str, str] | None:
        """The answer to a piece: ``number`` and ``received_at`` of the effect, or ``code`` and ``message`` of a
        refusal; ``None`` when the program dies before it says anything."""
        what = _WHAT.get(kind, "evidence")
        if no := judge(self.effects, what, number, body):
            return dict(zip(("code", "message"), no, strict=True))
        earlier = self.effects.find(what, number, key)
        if earlier:
            given = {"number": earlier[0][0], "received_at": earlier[0][2]}
        else:
            given = self.effects.commit(what, key, number, body)
        return None if self._faults.strikes("forgets", kind) else given


class Fetcher:
    """The program that fetches: one page after the other, each piece answered before the next."""

    def __init__(self, taking: Taking, url: str, token: str) -> None:
        self._taking = taking
        self._url = url
        self._token = token
        self._after = ""

    def look(self) -> None:
        """Fetch and answer one page. A place that the hub does not know is forgotten; one that wants to be left alone
        is."""
        try:
            page = self._page()
        except HTTPError as error:
            self._after = "" if error.code == _UNPROCESSABLE else self._after
            time.sleep(float(error.headers.get("retry-after") or 0))
            return
        for one in page["items"]:
            given = self._taking.take(one["kind"], one["key"], one["number"], one["body"])
            if given is not None:
                self._answer(one["delivery_id"], given)
        self._after = page["next"] or ""

    def _page(self) -> Any:
        return self._call("/deliveries?" + urlencode({"limit": 20} | ({"after": self._after} if self._after else {})))

    def _answer(self, delivery_id: str, given: Mapping[str, str]) -> None:
        """What the hub does not take is shown again, or never: the other pieces do not wait for it."""
        verb = "refuse" if "code" in given else "acknowledge"
        try:
            self._call(f"/deliveries/{delivery_id}/{verb}", given)
        except HTTPError as error:
            print(json.dumps({"reader": f"HTTP {error.code}"}), file=sys.stderr, flush=True)

    def _call(self, path: str, body: Mapping[str, str] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(self._url + path, data, headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=_CALL_S) as response:  # noqa: S310
            return json.loads(response.read())


class Reader:
    """The program that reads the outbox table, and writes its answers into the rows."""

    def __init__(self, taking: Taking, engine: Engine) -> None:
        self._taking = taking
        self._engine = engine

    def look(self) -> None:
        """Take and answer the rows that wait."""
        query = select(OUTBOX).where(OUTBOX.c.state == 0).order_by(OUTBOX.c.placed_at)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            given = self._taking.take(row.kind, row.delivery_key, row.app_no, json.loads(row.body))
            if given is not None:
                self._write(row.delivery_key, given)

    def _write(self, key: str, given: Mapping[str, str]) -> None:
        if "code" in given:
            values: dict[str, Any] = {"state": 2, "error_code": given["code"], "error_message": given["message"]}
        else:
            values = {"state": 1, "answer_no": given["number"], "answered_at": given["received_at"]}
        with self._engine.begin() as connection:
            connection.execute(update(OUTBOX).where(OUTBOX.c.delivery_key == key).values(values))


def make(url: str) -> None:
    """Create the outbox table."""
    engine = create_engine(url)
    OUTBOX.metadata.create_all(engine)
    engine.dispose()


def faults_of(seed: int) -> Faults:
    """The faults that these servers know."""
    return Faults(seed, WIRE_FAULTS | READER_FAULTS)


def serve(config: dict[str, Any], faults: Faults) -> ASGIApp:
    """The system as an ASGI application: only its control routes, because nothing may call in. That of
    ``utility_pull`` fetches once it is told the hub: ``POST /_control/hub {"url":…, "token":…}``."""
    role = config["role"]
    taking = Taking(Effects(Path(config["home"]) / f"{role}.db", 2 if config["database"] else 1), faults)
    told: dict[str, Fetcher] = {}

    async def effects(request: Request) -> Response:
        return answer(await run_in_threadpool(taking.effects.plain, "bodies" in request.query_params))

    async def hub(request: Request) -> Response:
        body = await body_of(request)
        told["hub"] = Fetcher(taking, str(body["url"]), str(body["token"]))
        return answer({"ok": True})

    if config["database"]:
        reader = Reader(taking, create_engine(config["database"]))
        _work(taking, reader.look)
    else:
        _work(taking, lambda: told["hub"].look() if told else None)
    routes = [
        Route("/_control/effects", effects, methods=["GET"]),
        Route("/_control/hub", hub, methods=["POST"]),
    ]
    return application(role, faults, routes)


def _work(taking: Taking, look: Callable[[], None]) -> None:
    """Look again and again, in a thread of its own. An error is over at the next look, as for a program that is
    started again."""

    def work() -> None:
        while True:
            if not taking.asleep:
                _looked(look)
            time.sleep(_LOOK_S)

    threading.Thread(target=work, name="reader", daemon=True).start()


def _looked(look: Callable[[], None]) -> None:
    try:
        look()
    except Exception as error:  # the next look may work
        print(json.dumps({"reader": type(error).__name__}), file=sys.stderr, flush=True)
