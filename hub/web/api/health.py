"""``/health``: this process lives. ``/ready``: what it stands on answers and its stages get on. Both without a token:
they name parts, never anything in them."""

from concurrent.futures import wait
from functools import partial

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import text
from starlette.concurrency import run_in_threadpool

from hub.ports import Clock, RecordLog, Store
from hub.runtime.status import StageReports
from hub.web.cache import Kept, got

KEEP_S = 1.0
WAIT_S = 2.0
OK = "ok"
RUNNING = "RUNNING"


class Readiness:
    """What the hub ``instance`` stands on and how its stages are, asked for at most once a second."""

    def __init__(self, log: RecordLog, store: Store, clock: Clock, instance: str) -> None:
        stages = partial(_stages, StageReports(store, clock), instance)
        parts = {"log": partial(_log, log), "store": partial(_store, store), "stages": stages}
        self._parts = {name: Kept(question, clock, KEEP_S) for name, question in parts.items()}

    def look(self) -> dict[str, str]:
        """Every part: ``ok``, or what is wrong with it. Within ``WAIT_S``."""
        asked = {name: part.ask() for name, part in self._parts.items()}
        wait(asked.values(), WAIT_S)
        return {name: got(future) or ("away" if future.done() else "no answer") for name, future in asked.items()}


def _log(log: RecordLog) -> str:
    log.topics()
    return OK


def _store(store: Store) -> str:
    with store.read() as connection:
        connection.execute(text("SELECT 1"))
    return OK


def _stages(reports: StageReports, instance: str) -> str:
    """Every stage of this process and of the workers that it runs has to get on."""
    every = reports.all()
    own = [one for one in every if one.worker == instance]
    workers = {f"{instance}.{one.stage.removeprefix('worker.')}" for one in own if one.stage.startswith("worker.")}
    own += [one for one in every if one.worker in workers]
    stuck = [f"{one.worker} {one.stage} {one.state}" for one in own if one.state != RUNNING]
    silent = workers - {one.worker for one in own} if own else {instance}
    return ", ".join([*stuck, *(f"{worker} says nothing" for worker in sorted(silent))]) or OK


def router(readiness: Readiness) -> APIRouter:
    """The two routes."""
    routes = APIRouter()

    @routes.get("/health")
    async def health() -> dict[str, str]:
        """Whether the process lives. Asks nothing of anybody: an outage elsewhere is no reason to restart it."""
        return {"status": OK}

    @routes.get("/ready")
    async def ready() -> JSONResponse:
        """Whether it can work: 200, or 503 and what is not ready."""
        parts = await run_in_threadpool(readiness.look)
        sound = all(state == OK for state in parts.values())
        return JSONResponse({"status": OK if sound else "not ready", "parts": parts}, 200 if sound else 503)

    return routes
