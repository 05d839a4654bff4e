"""Calls signed in the national style, and our own envelope on top, because that style covers neither the body nor
repetition.

National: ``gjgxjhpt_sign`` = Base64(HMAC-SHA256(secret, sid + rid + rtime)). Ours: ``x-onecert-sign`` over method,
target, both ids, time, a nonce and the body's digest, one a line.
"""

import hmac
import uuid
from base64 import b64encode
from hashlib import sha256

from hub.ports import Clock


class NationalSigner:
    """Signs calls of one requester to one service."""

    def __init__(self, requester: str, service: str, secret: str, clock: Clock) -> None:
        self._rid = requester
        self._sid = service
        self._secret = secret.encode()
        self._clock = clock

    def headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        """The headers of one call; ``target`` is the path with its query exactly as sent. Each call has a nonce of
        its own."""
        rtime, nonce, digest = str(self._clock.process_ms()), uuid.uuid4().hex, sha256(body).hexdigest()
        whole = "\n".join((method, target, self._sid, self._rid, rtime, nonce, digest))
        return {
            "gjgxjhpt_rid": self._rid,
            "gjgxjhpt_sid": self._sid,
            "gjgxjhpt_rtime": rtime,
            "gjgxjhpt_sign": self._mac(self._sid + self._rid + rtime),
            "x-onecert-nonce": nonce,
            "x-onecert-digest": digest,
            "x-onecert-sign": self._mac(whole),
        }

    def _mac(self, text: str) -> str:
        return b64encode(hmac.digest(self._secret, text.encode(), "sha256")).decode()
