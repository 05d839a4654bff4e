"""Calls signed in the national style, with a nonce and a digest of the body: signing and checking.

``gjgxjhpt_sign`` does not cover the body and does not stop a replay; ``x-onecert-sign`` does both.
"""

import hmac
import time
import uuid
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

SKEW_MS = 300_000
_NONCES_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Caller:
    """A registered caller: requester id, service id, shared secret."""

    rid: str
    sid: str
    secret: str

    def __repr__(self) -> str:
        return f"Caller(rid={self.rid!r}, sid={self.sid!r})"


def caller_of(seed: int) -> Caller:
    """The only caller that the sandbox accepts."""
    return Caller("onecert-hub", "tj-elicence", sha256(f"onecert sandbox secret {seed}".encode()).hexdigest())


def token_of(seed: int) -> str:
    """The bearer token of the sandbox's connection system."""
    return sha256(f"onecert sandbox token {seed}".encode()).hexdigest()[:40]


def _mac(secret: str, text: str) -> str:
    return b64encode(hmac.digest(secret.encode(), text.encode(), "sha256")).decode()


def signatures(caller: Caller, *, method: str, target: str, rtime: str, nonce: str, digest: str) -> tuple[str, str]:
    """Both signatures; ``target`` is the path with its query as sent."""
    whole = "\n".join((method, target, caller.sid, caller.rid, rtime, nonce, digest))
    return _mac(caller.secret, caller.sid + caller.rid + rtime), _mac(caller.secret, whole)


def sign_call(caller: Caller, method: str, target: str, body: bytes = b"", now_ms: int | None = None) -> dict[str, str]:
    """The headers of one call."""
    rtime = str(time.time_ns() // 1_000_000 if now_ms is None else now_ms)
    nonce, digest = uuid.uuid4().hex, sha256(body).hexdigest()
    national, own = signatures(caller, method=method, target=target, rtime=rtime, nonce=nonce, digest=digest)
    return {
        "gjgxjhpt_rid": caller.rid,
        "gjgxjhpt_sid": caller.sid,
        "gjgxjhpt_rtime": rtime,
        "gjgxjhpt_sign": national,
        "x-onecert-nonce": nonce,
        "x-onecert-digest": digest,
        "x-onecert-sign": own,
    }


class CallChecker:
    """Checks the calls of one caller. Stores each nonce as long as its time would be accepted."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._seen: OrderedDict[str, int] = OrderedDict()

    def complaint(self, headers: Mapping[str, str], method: str, target: str, body: bytes) -> str | None:
        """Why a call is refused, or ``None``."""
        rtime, nonce = headers.get("gjgxjhpt_rtime", ""), headers.get("x-onecert-nonce", "")
        now = time.time_ns() // 1_000_000
        if (headers.get("gjgxjhpt_rid"), headers.get("gjgxjhpt_sid")) != (self._caller.rid, self._caller.sid):
            return "unknown requester or service"
        if not rtime.isascii() or not rtime.isdigit() or len(rtime) > 15 or abs(now - int(rtime)) > SKEW_MS:
            return "gjgxjhpt_rtime is off by more than 300 s"
        digest = sha256(body).hexdigest()
        if headers.get("x-onecert-digest") != digest:
            return "x-onecert-digest is not the body's"
        national, own = signatures(self._caller, method=method, target=target, rtime=rtime, nonce=nonce, digest=digest)
        given = (headers.get("gjgxjhpt_sign", ""), headers.get("x-onecert-sign", ""))
        if not (_same(given[0], national) and _same(given[1], own)):
            return "signature is not valid"
        return None if self._fresh(nonce, now) else "nonce is missing, malformed or was seen before"

    def _fresh(self, nonce: str, now: int) -> bool:
        while self._seen and (next(iter(self._seen.values())) < now - 2 * SKEW_MS or len(self._seen) >= _NONCES_MAX):
            self._seen.popitem(last=False)
        if len(nonce) != 32 or nonce in self._seen:
            return False
        self._seen[nonce] = now
        return True


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(), right.encode())
