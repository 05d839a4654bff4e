"""Faults on demand: armed by option or over HTTP. A fault strikes a share of the calls. Which calls it strikes depends
only on the seed and on the number of calls so far."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.errors import Misconfigured
from sandbox.world.draw import Draw

WIRE_FAULTS = {
    "latency": "answers after delay_s",
    "too_many": "429 with Retry-After: retry_after_s; nothing is done",
    "unavailable": "503 with Retry-After: retry_after_s; nothing is done",
    "error": "500; nothing is done",
    "hang": "no answer for delay_s, then the connection is dropped",
    "drop_before_commit": "the connection is dropped and nothing was done",
    "drop_after_commit": "the work is done, then the connection is dropped without an answer",
    "truncate": "the answer ends in the middle of its body",
    "trickle": "the answer's body comes one byte every delay_s",
    "down": "every connection is dropped immediately",
}
_DEFAULT_DELAY_S = {"latency": 0.3, "hang": 3_600.0, "trickle": 1.0, "late": 1.0}
_DELAY_MAX_S = 3_600.0


@dataclass(slots=True)
class Fault:
    """An armed fault.

    ``share`` of the calls by ``method`` ("": any) whose path starts with ``path`` are struck, until ``seconds`` have
    passed (0: until cleared).
    """

    name: str
    share: float = 1.0
    seconds: float = 0.0
    delay_s: float = 0.0
    retry_after_s: int = 1
    path: str = ""
    method: str = ""
    calls: int = 0
    struck: int = 0
    until_s: float = 0.0


class Faults:
    """The faults of one server. ``known``: name → what it does."""

    def __init__(self, seed: int, known: Mapping[str, str]) -> None:
        self.known = dict(known)
        self.armed_hooks: list[Callable[[Fault], None]] = []
        self.cleared_hooks: list[Callable[[str], None]] = []
        self._seed = seed
        self._armed: dict[str, Fault] = {}

    def arm(self, wish: Mapping[str, Any]) -> Fault:
        """Arm a fault; it replaces an earlier one of its name. Raises ``Misconfigured`` for an unknown name or key."""
        fault = _fault(wish, self.known)
        fault.until_s = time.monotonic() + fault.seconds if fault.seconds else float("inf")
        self._armed[fault.name] = fault
        for hook in self.armed_hooks:
            hook(fault)
        return fault

    def clear(self, name: str | None = None) -> None:
        """Disarm one fault, or all."""
        for cleared in list(self._armed) if name is None else [name]:
            if self._armed.pop(cleared, None) is not None:
                for hook in self.cleared_hooks:
                    hook(cleared)

    def armed(self, name: str) -> Fault | None:
        """The fault if it is armed, else ``None``. Does not count as a call."""
        fault = self._armed.get(name)
        return fault if fault is not None and time.monotonic() <= fault.until_s else None

    def strikes(self, name: str, path: str = "", method: str = "") -> Fault | None:
        """The fault if it strikes this call, else ``None``."""
        fault = self._armed.get(name)
        if fault is None or not path.startswith(fault.path) or fault.method not in ("", method):
            return None
        if time.monotonic() > fault.until_s:
            del self._armed[name]
            return None
        fault.calls += 1
        if not Draw(self._seed, "fault", name, fault.calls).chance(fault.share):
            return None
        fault.struck += 1
        return fault

    def plain(self) -> dict[str, Any]:
        """Armed and known faults as plain JSON."""
        armed = [
            asdict(fault) | {"until_s": None} for fault in self._armed.values() if time.monotonic() <= fault.until_s
        ]
        return {"armed": armed, "known": self.known}


def _fault(wish: Mapping[str, Any], known: Mapping[str, str]) -> Fault:
    allowed = ("name", "share", "seconds", "delay_s", "retry_after_s", "path", "method")
    name = str(wish.get("name", ""))
    if name not in known:
        raise Misconfigured(f"no fault {name!r} here", "choose one of " + ", ".join(known))
    if strange := sorted(set(wish) - set(allowed)):
        raise Misconfigured(f"a fault has no {', '.join(strange)}", "it has " + ", ".join(allowed))
    try:
        fault = Fault(
            name,
            share=float(wish.get("share", 1.0)),
            seconds=float(wish.get("seconds", 0)),
            delay_s=float(wish.get("delay_s", _DEFAULT_DELAY_S.get(name, 0))),
            retry_after_s=int(wish.get("retry_after_s", 1)),
            path=str(wish.get("path", "")),
            method=str(wish.get("method", "")),
        )
    except (TypeError, ValueError):
        raise Misconfigured("a fault's share, seconds, delay_s and retry_after_s are numbers", "correct them") from None
    if not (
        0 <= fault.share <= 1 and fault.seconds >= 0 and 0 <= fault.delay_s <= _DELAY_MAX_S and fault.retry_after_s >= 0
    ):
        raise Misconfigured(
            "a fault's number is out of range", "share 0 to 1, the rest not negative, delay_s at most 3600"
        )
    return fault


class Guard:
    """ASGI middleware that applies the wire faults and counts calls. ``/_control`` has no faults."""

    def __init__(self, app: ASGIApp, faults: Faults, calls: Counter[str]) -> None:
        self._app = app
        self._faults = faults
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_control"):
            await self._app(scope, receive, send)
            return
        name = await self._strike((scope["path"], scope["method"]), scope, receive, send)
        self._calls[f"{scope['method']} {scope['path'].split('/')[1]} {name}"] += 1

    async def _strike(self, call: tuple[str, str], scope: Scope, receive: Receive, send: Send) -> str:
        """Handle one call, (path, method). Returns its result: the name of a fault, or the status."""
        for name in ("down", "drop_before_commit"):
            if self._faults.strikes(name, *call):
                _abort(send)
                return name
        if fault := self._faults.strikes("hang", *call):
            await _hold(receive, fault.delay_s)
            _abort(send)
            return "hang"
        if fault := self._faults.strikes("latency", *call):
            await asyncio.sleep(fault.delay_s)
        for name, status in (("too_many", 429), ("unavailable", 503), ("error", 500)):
            if fault := self._faults.strikes(name, *call):
                await _refuse(send, status, fault.retry_after_s)
                return str(status)
        return await self._serve(call, scope, receive, send)

    async def _serve(self, call: tuple[str, str], scope: Scope, receive: Receive, send: Send) -> str:
        sent: list[Message] = []
        slow = self._faults.strikes("trickle", *call)
        cut = next((name for name in ("drop_after_commit", "truncate") if self._faults.strikes(name, *call)), None)

        async def watch(message: Message) -> None:
            sent.append(message)
            if cut is None and slow is None:
                await send(message)

        await self._app(scope, receive, watch)
        if slow is not None:
            await _trickle(receive, send, sent, slow.delay_s)
            return "trickle"
        if cut == "truncate":
            await _send_half(send, sent)
        if cut is not None:
            _abort(send)
        return cut or str(sent[0]["status"])


async def _send_half(send: Send, messages: list[Message]) -> None:
    body = b"".join(message.get("body", b"") for message in messages[1:])
    await send(messages[0])
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    await asyncio.sleep(0.01)


async def _trickle(receive: Receive, send: Send, messages: list[Message], delay_s: float) -> None:
    body = b"".join(message.get("body", b"") for message in messages[1:])
    await send(messages[0])
    for place in range(len(body)):
        if await _hold(receive, delay_s):
            return
        more = place + 1 < len(body)
        await send({"type": "http.response.body", "body": body[place : place + 1], "more_body": more})


async def _hold(receive: Receive, seconds: float) -> bool:
    """Wait for ``seconds``. Returns True immediately when the caller disconnects."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


async def _refuse(send: Send, status: int, retry_after_s: int) -> None:
    body = json.dumps({"errorCode": f"SANDBOX_{status}", "message": "fault on demand"}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status != 500:
        headers.append((b"retry-after", str(retry_after_s).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _abort(send: Send) -> None:
    """Cut the TCP connection. ASGI has no message for that, so this uses the transport behind uvicorn's ``send``."""
    cycle = getattr(send, "__self__", None)
    if cycle is None:
        raise Misconfigured("the server gives no access to its connection", "run the sandbox under uvicorn with h11")
    cycle.response_started = cycle.response_complete = True
    cycle.transport.abort()
