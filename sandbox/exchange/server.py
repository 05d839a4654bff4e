"""The control server of the exchange database: makes the changes that a registry makes over time."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, delete, func, select, update
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox import truth
from sandbox.control import Endpoint, answer, application, body_of
from sandbox.errors import Misconfigured
from sandbox.exchange import entries
from sandbox.exchange import tables as exchange
from sandbox.exchange.faults import TABLE_FAULTS, TableFaults
from sandbox.exchange.tables import HOLDER, TITLE
from sandbox.faults import Faults
from sandbox.world.draw import Shuffle
from sandbox.world.title_row import TitleRow
from sandbox.world.titles import SCRIPTED
from sandbox.world.world import LATE_POSITION, World, WorldSpec, title_line

STEPS_MAX = 10_000
_NEW_EVERY = 10
_LATE_S = 2.0


class Exchange:
    """The registry behind the table.

    Its place in the sequence of changes is stored in a file, so that a restart continues there.
    """

    def __init__(self, world: World, home: Path, engine: Engine, faults: Faults) -> None:
        self._world = world
        self._home = home
        self._engine = engine
        self._faults = faults
        self._deck = Shuffle(world.spec.size - SCRIPTED, world.spec.seed, "changes")
        self._file = home / "exchange-state.json"
        self._lock = threading.Lock()
        begin = {"changes": 0, "reloads": 0, "released": False}
        self.state: dict[str, Any] = json.loads(self._file.read_text("utf-8")) if self._file.exists() else begin

    def advance(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Make ``steps`` changes: rows overwritten or removed, and each tenth a new row.

        No row changes twice in one call. Raises ``Misconfigured`` for a wrong number, or while a column is renamed.
        """
        steps = _number(wish, "steps", 1, 1, STEPS_MAX)
        if steps > self._deck.size:
            raise Misconfigured(f"steps {steps}", f"no more than the {self._deck.size} rows that can change")
        self._refuse_when_renamed()
        with self._lock:
            first = self.state["changes"]
            rows = [row for change in range(first, first + steps) if (row := self._change(change)) is not None]
            self._tell([title_line(row) for row in rows])
            late = {row.key for row in rows if self._faults.strikes("late")}
            self._write([row for row in rows if row.key not in late])
            self._write_later([row for row in rows if row.key in late])
            self._keep(changes=first + steps)
        return {"changes": self.state["changes"], "written": len(rows), "late": len(late)}

    def _change(self, change: int) -> TitleRow | None:
        """The row that change number ``change`` writes; ``None`` when it only writes an old row again."""
        titles, now = self._world.titles, _now_ms()
        if fault := self._faults.strikes("out_of_order"):
            now -= round(1_000 * (fault.delay_s or _LATE_S))
        if change % _NEW_EVERY == _NEW_EVERY - 1:
            return titles.row(self._world.spec.size + change // _NEW_EVERY, update_time=now)
        edition, place = divmod(change, self._deck.size)
        position = SCRIPTED + self._deck.forth(place)
        if self._faults.strikes("duplicates"):
            self._touch(titles.key_of(position), now)
            return None
        return titles.row(position, edition + 1, now)

    def _touch(self, key: str, now: int) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(TITLE).where(TITLE.c.rowguid == key).values(update_time=now, operatetype="U"))

    def _write(self, rows: list[TitleRow]) -> None:
        with self._engine.begin() as connection:
            for row in rows:
                exchange.overwrite(connection, row)

    def _write_later(self, rows: list[TitleRow]) -> None:
        if rows:
            fault = self._faults.armed("late")
            timer = threading.Timer((fault and fault.delay_s) or _LATE_S, self._write, [rows])
            timer.daemon = True
            timer.start()

    def reload(self, wish: dict[str, Any]) -> dict[str, Any]:
        """The nightly full reload: all rows are written again with one update_time.

        Removed rows, and ``vanish`` others, are left out without any sign.
        """
        vanish = _number(wish, "vanish", 0, 0, min(STEPS_MAX, self._deck.size))
        self._refuse_when_renamed()
        with self._lock, self._engine.begin() as connection:
            now, number = _now_ms(), self.state["reloads"]
            deck = Shuffle(self._deck.size, self._world.spec.seed, f"vanished {number}")
            keys = [self._world.titles.key_of(SCRIPTED + deck.forth(place)) for place in range(vanish)]
            present = select(TITLE.c.rowguid).where(TITLE.c.rowguid.in_(keys), TITLE.c.operatetype != "D")
            vanished = sorted(connection.execute(present).scalars())
            missing = [
                *vanished,
                *connection.execute(select(TITLE.c.rowguid).where(TITLE.c.operatetype == "D")).scalars(),
            ]
            for key in missing:
                connection.execute(delete(HOLDER).where(HOLDER.c.title_rowguid == key))
                connection.execute(delete(TITLE).where(TITLE.c.rowguid == key))
            rewritten = connection.execute(update(TITLE).values(update_time=now, operatetype="I")).rowcount
            self._tell([_vanished_line(key, now) for key in vanished])
            self._keep(reloads=number + 1)
        return {"rewritten": rewritten, "vanished": vanished, "update_time": now}

    def enter(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Enter something in the book: ``{"unitNo", "kind": TRANSFER | MORTGAGE | PARTICULARS | REVOKED, "holders"?:
        [{"name", "idNo"}], "on"?: day}``. A transfer (djlx 200) is a new title, and the one before is superseded; a
        mortgage, a change of particulars (djlx 300) or a revocation changes the title in force."""
        self._refuse_when_renamed()
        with self._lock:
            nth = self.state.get("entries", 0)
            with self._engine.connect() as connection:
                rows = entries.entered(connection, wish, _now_ms(), nth)
            self._tell([title_line(row) for row in rows])
            self._write(rows)
            self._keep(entries=nth + 1)
        return {"keys": [row.key for row in rows], "registeredOn": rows[-1].columns["djsj"]}

    def release(self) -> dict[str, Any]:
        """Insert the title that the third scripted application waits for. A second call changes nothing."""
        self._refuse_when_renamed()
        with self._lock:
            row = self._world.titles.row(LATE_POSITION, update_time=_now_ms())
            if not self.state["released"]:
                self._tell([title_line(row)])
                self._write([row])
                self._keep(released=True)
        return {"key": row.key, "released": True}

    def count(self) -> dict[str, Any]:
        """The state, and the number of rows in the title table."""
        with self._engine.connect() as connection:
            return self.state | {"rows": connection.execute(select(func.count()).select_from(TITLE)).scalar_one()}

    def _refuse_when_renamed(self) -> None:
        if self._faults.armed("renamed_field"):
            raise Misconfigured("a column of the table is renamed", "clear the fault renamed_field first")

    def _tell(self, lines: list[dict[str, Any]]) -> None:
        truth.append(self._home / "truth.jsonl", self._home / "truth-summary.json", lines)

    def _keep(self, **changes: Any) -> None:
        self.state = self.state | changes
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self.state), "utf-8")
        fresh.replace(self._file)


def faults_of(seed: int) -> Faults:
    """The faults that this server knows."""
    return Faults(seed, TABLE_FAULTS)


def serve(config: dict[str, Any], faults: Faults) -> ASGIApp:
    """The control server as an ASGI application."""
    engine = exchange.engine_of(config["database"])
    table = Exchange(World(WorldSpec(**config["world"])), Path(config["home"]), engine, faults)
    TableFaults(engine).attach(faults)
    routes = [
        Route("/_control/advance", _posted(table.advance), methods=["POST"]),
        Route("/_control/reload", _posted(table.reload), methods=["POST"]),
        Route("/_control/release", _posted(lambda wish: table.release()), methods=["POST"]),  # noqa: ARG005
        Route("/_control/enter", _posted(table.enter), methods=["POST"]),
        Route("/_control/state", _state(table), methods=["GET"]),
    ]
    return application("property_title", faults, routes)


def _posted(work: Callable[[dict[str, Any]], dict[str, Any]]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return answer(await run_in_threadpool(work, await body_of(request)))

    return endpoint


def _state(table: Exchange) -> Endpoint:
    async def endpoint(request: Request) -> Response:  # noqa: ARG001
        return answer(await run_in_threadpool(table.count))

    return endpoint


def _vanished_line(key: str, now: int) -> dict[str, Any]:
    line = {"source": "property_title", "key": key, "version": now, "operation": "DELETE", "expect": "verified"}
    return line | {"code": None, "defect": None, "vanished": True}


def _number(wish: dict[str, Any], name: str, default: int, low: int, high: int) -> int:
    value = wish.get(name, default)
    if not isinstance(value, int) or not low <= value <= high:
        raise Misconfigured(f"{name} is not a number from {low} to {high}", "correct the request")
    return value


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
