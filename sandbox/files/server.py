"""The district's end of the folder: more batches on demand, and batches that are wrong.

``POST /_control/advance`` {"batches": 1}: the next batches, each with new titles of the district.
"""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox import truth
from sandbox.control import answer, application, body_of
from sandbox.errors import Misconfigured
from sandbox.faults import Faults
from sandbox.files.batches import BatchSigner, write
from sandbox.files.district import BATCHES, SOURCE, District, DistrictRow, truth_line
from sandbox.world.world import World, WorldSpec

FILE_FAULTS = {
    "gap": "the next batch is left out until the fault is cleared; the one after it comes",
    "tampered": "the file of the next batch is changed after it was signed, until the fault is cleared",
    "half": "the file of the next batch is half written until the fault is cleared",
    "bomb": "the file of the next batch is an archive that inflates to 50 MB, until the fault is cleared",
    "entities": "the file of the next batch is XML with entities, until the fault is cleared",
}
_FORMS = (("jsonl", "utf-8"), ("csv", "gb18030"), ("xlsx", "utf-8"), ("xml", "gb18030"), ("csv", "utf-8"))
_PACKED_EVERY = 5
_NEW_ROWS = 5
_BATCHES_MAX = 100
_LAUGHS = b"<!DOCTYPE b [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><batch><row><djbh>&b;</djbh></row></batch>"
_HOSTILE: dict[str, dict[str, Any]] = {
    "bomb": {"form": "csv", "encoding": "utf-8", "packed": True, "data": bytes(50_000_000)},
    "entities": {"form": "xml", "encoding": "utf-8", "packed": False, "data": _LAUGHS},
}
"""Fault → what is written instead of the batch."""


def put(folder: Path, signer: BatchSigner, number: int, rows: list[DistrictRow], **more: Any) -> Path:
    """Write the batch ``number``: each in another form, each fifth one packed."""
    form, encoding = _FORMS[number % len(_FORMS)]
    packed = form == "csv" and number % _PACKED_EVERY == 1
    made_at = f"2024-01-{1 + number % 28:02d}T20:00:00+08:00"
    wanted: dict[str, Any] = {"form": form, "encoding": encoding, "packed": packed} | more
    return write(folder, signer, number, [row.columns for row in rows], made_at=made_at, **wanted)


def load(folder: Path, world: World) -> None:
    """Write the district's batches. Those that are there already are written again, as they were."""
    signer = BatchSigner(world.spec.seed)
    for number, rows in District(world).batches():
        put(folder, signer, number, rows)


class Inbox:
    """The folder with what was put into it later. Its state is a file, so that a restart continues."""

    def __init__(self, world: World, home: Path, folder: Path, faults: Faults) -> None:
        self._district, self._home, self._folder, self._faults = District(world), home, folder, faults
        self._signer = BatchSigner(world.spec.seed)
        self._file = home / "district.json"
        self._lock = threading.Lock()
        begin = {"batches": 0, "rows": 0}
        self.state: dict[str, int] = json.loads(self._file.read_text("utf-8")) if self._file.exists() else begin
        self._held: dict[str, list[tuple[int, list[DistrictRow]]]] = {}
        faults.cleared_hooks.append(self.right)

    def advance(self, wish: dict[str, Any]) -> dict[str, int]:
        """Write the next batches, and tell the truth about them. Raises ``Misconfigured`` for a wrong number."""
        count = wish.get("batches", 1)
        if not isinstance(count, int) or not 1 <= count <= _BATCHES_MAX:
            raise Misconfigured(f"batches is not a number from 1 to {_BATCHES_MAX}", "correct the request")
        with self._lock:
            for _ in range(count):
                rows = list(self._next())
                number = BATCHES + self.state["batches"] + 1
                self._write(number, rows)
                lines = map(truth_line, rows)
                truth.append(self._home / "truth.jsonl", self._home / "truth-summary.json", lines)
                self._keep(self.state["batches"] + 1, self.state["rows"] + len(rows))
            return self.state

    def _next(self) -> Iterator[DistrictRow]:
        first = self._district.size + self.state["rows"]
        return (self._district.row(place) for place in range(first, first + _NEW_ROWS))

    def _write(self, number: int, rows: list[DistrictRow]) -> None:
        fault = next((name for name in FILE_FAULTS if name not in self._held and self._faults.strikes(name)), None)
        if fault is not None:
            self._held.setdefault(fault, []).append((number, rows))
        if fault == "gap":
            return
        manifest = put(self._folder, self._signer, number, rows, **_HOSTILE.get(fault or "", {}))
        if fault in ("half", "tampered"):
            self._spoil(manifest, fault)

    def _spoil(self, manifest: Path, fault: str) -> None:
        file = self._folder / json.loads(manifest.read_bytes())["file"]
        data = file.read_bytes()
        file.write_bytes(data[: len(data) // 2] if fault == "half" else data[:-1] + bytes([data[-1] ^ 1]))

    def right(self, fault: str) -> None:
        """Write what the fault held back or spoiled, as it should be."""
        with self._lock:
            for number, rows in self._held.pop(fault, []):
                put(self._folder, self._signer, number, rows)

    def _keep(self, batches: int, rows: int) -> None:
        self.state = {"batches": batches, "rows": rows}
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self.state), "utf-8")
        fresh.replace(self._file)


def faults_of(seed: int) -> Faults:
    """The faults that this server knows."""
    return Faults(seed, FILE_FAULTS)


def serve(config: dict[str, Any], faults: Faults) -> ASGIApp:
    """The control server as an ASGI application."""
    inbox = Inbox(World(WorldSpec(**config["world"])), Path(config["home"]), Path(config["database"]), faults)

    async def advance(request: Request) -> Response:
        return answer(await run_in_threadpool(inbox.advance, await body_of(request)))

    async def state(request: Request) -> Response:  # noqa: ARG001
        return answer(inbox.state)

    routes = [
        Route("/_control/advance", advance, methods=["POST"]),
        Route("/_control/state", state, methods=["GET"]),
    ]
    return application(SOURCE, faults, routes)
