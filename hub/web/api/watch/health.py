"""``/health``: the process runs. ``/ready``: log and store answer, and the stages make progress; it also says why a
part or a source does not work. Both need no token: they name parts and causes, and show nothing of what the hub has."""

from concurrent.futures import Future, wait
from functools import partial
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import text
from starlette.concurrency import run_in_threadpool

from hub.errors import HubError
from hub.operate.troubles import of_sinks, of_sources
from hub.ports import Clock, RecordLog, Store
from hub.runtime.status import StageReports, StageStatus
from hub.web.cache import Cached, answer_of

MAX_AGE_S = 1.0
WAIT_S = 2.0
OK = "ok"
RUNNING = "RUNNING"


class Readiness:
    """Whether log, store and the stages of the hub ``instance`` are ready. Each is asked at most once a second."""

    def __init__(self, log: RecordLog, store: Store, clock: Clock, instance: str) -> None:
        stages = partial(_stages, StageReports(store, clock), instance)
        parts = {"log": partial(_log, log), "store": partial(_store, store), "stages": stages}
        self._parts = {name: Cached(question, clock, MAX_AGE_S) for name, question in parts.items()}
        self._troubles = Cached(partial(_troubles, store, clock), clock, MAX_AGE_S)

    def look(self) -> tuple[dict[str, str], list[str]]:
        """Part (log, store, stages) → ``ok``, or what is wrong; and the troubles of sources and sinks, which leave the
        hub ready. Returns within ``WAIT_S`` seconds."""
        asked = {name: part.ask() for name, part in self._parts.items()}
        troubles = self._troubles.ask()
        every: list[Future[Any]] = [*asked.values(), troubles]
        wait(every, WAIT_S)
        return {name: _said(future) for name, future in asked.items()}, answer_of(troubles) or []


def _said(future: Future[str]) -> str:
    """The answer about one part, or the cause why there is none. Only our own errors are shown: another text may have
    anything in it (P5)."""
    if not future.done():
        return "no answer"
    error = future.exception()
    if error is None:
        return future.result()
    return str(error) if isinstance(error, HubError) else "away"


def _troubles(store: Store, clock: Clock) -> list[str]:
    return [one.told for one in (*of_sources(store, clock), *of_sinks(store, clock))]


def _log(log: RecordLog) -> str:
    log.topics()
    return OK


def _store(store: Store) -> str:
    with store.read() as connection:
        connection.execute(text("SELECT 1"))
    return OK


def _stages(reports: StageReports, instance: str) -> str:
    """``ok`` if all stages of this process and of its workers make progress, else which do not."""
    every = reports.all()
    own = [one for one in every if one.worker == instance]
    workers = {f"{instance}.{one.stage.removeprefix('worker.')}" for one in own if one.stage.startswith("worker.")}
    own += [one for one in every if one.worker in workers]
    stuck = [_stuck(one) for one in own if one.state != RUNNING]
    silent = workers - {one.worker for one in own} if own else {instance}
    return ", ".join([*stuck, *(f"{worker} says nothing" for worker in sorted(silent))]) or OK


def _stuck(one: StageStatus) -> str:
    return f"{one.worker} {one.stage} {one.state}" + (f": {one.trouble}" if one.trouble else "")


def router(readiness: Readiness) -> APIRouter:
    """The routes ``/health`` and ``/ready``."""
    routes = APIRouter()

    @routes.get("/health")
    async def health() -> dict[str, str]:
        """Whether the process runs. It asks no other system: an outage outside is no reason to restart the process."""
        return {"status": OK}

    @routes.get("/ready")
    async def ready() -> JSONResponse:
        """Whether the hub can work: 200, or 503 and why a part is not ready. ``troubles``: sources and sinks that do
        not work; the hub is ready without them."""
        parts, troubles = await run_in_threadpool(readiness.look)
        sound = all(state == OK for state in parts.values())
        told = {"troubles": troubles} if troubles else {}
        return JSONResponse({"status": OK if sound else "not ready", "parts": parts, **told}, 200 if sound else 503)

    return routes
