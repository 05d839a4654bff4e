"""``/health``: the process runs. ``/ready``: log and store answer, and the stages make progress. Both need no token:
they name parts, and show nothing of their content."""

from concurrent.futures import wait
from functools import partial

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import text
from starlette.concurrency import run_in_threadpool

from hub.ports import Clock, RecordLog, Store
from hub.runtime.status import StageReports
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

    def look(self) -> dict[str, str]:
        """Part (log, store, stages) → ``ok``, or what is wrong. Returns within ``WAIT_S`` seconds."""
        asked = {name: part.ask() for name, part in self._parts.items()}
        wait(asked.values(), WAIT_S)
        return {name: answer_of(future) or ("away" if future.done() else "no answer") for name, future in asked.items()}


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
    stuck = [f"{one.worker} {one.stage} {one.state}" for one in own if one.state != RUNNING]
    silent = workers - {one.worker for one in own} if own else {instance}
    return ", ".join([*stuck, *(f"{worker} says nothing" for worker in sorted(silent))]) or OK


def router(readiness: Readiness) -> APIRouter:
    """The routes ``/health`` and ``/ready``."""
    routes = APIRouter()

    @routes.get("/health")
    async def health() -> dict[str, str]:
        """Whether the process runs. It asks no other system: an outage outside is no reason to restart the process."""
        return {"status": OK}

    @routes.get("/ready")
    async def ready() -> JSONResponse:
        """Whether the hub can work: 200, or 503 and the parts that are not ready."""
        parts = await run_in_threadpool(readiness.look)
        sound = all(state == OK for state in parts.values())
        return JSONResponse({"status": OK if sound else "not ready", "parts": parts}, 200 if sound else 503)

    return routes
