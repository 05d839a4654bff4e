"""Signs calls in the national style, and adds a signature of our own: the national one does not cover the body and does
not stop a replay.

National exchange: ``gjgxjhpt_sign`` = Base64(HMAC-SHA256(secret, sid + rid + rtime)). Ours: ``x-onecert-sign``, the
same HMAC over seven lines: method, target, sid, rid, rtime, nonce, SHA-256 of the body (hexadecimal).
"""

import hmac
import uuid
from base64 import b64encode
from hashlib import sha256

from hub.ports import Clock


class NationalSigner:
    """Signs the calls of one requester (rid) to one service (sid)."""

    def __init__(self, requester: str, service: str, secret: str, clock: Clock) -> None:
        self._rid = requester
        self._sid = service
        self._secret = secret.encode()
        self._clock = clock

    def headers(self, method: str, target: str, body: bytes) -> dict[str, str]:
        """The headers of one call. ``target`` is the path with its query, exactly as it is sent.

        ``gjgxjhpt_rtime`` is business time in ms. Each call has a new nonce.
        """
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
