"""Signed calls: the national signature, and ours over what that leaves open."""

import base64
import hashlib
import hmac

from hub.connect.rest.signing import NationalSigner
from tests.clocks import HandClock


def mac(text: str) -> str:
    return base64.b64encode(hmac.digest(b"s3cret", text.encode(), "sha256")).decode()


def test_both_signatures_are_as_published(clock: HandClock) -> None:
    body = b'{"x":1}'
    headers = NationalSigner("rid", "sid", "s3cret", clock).headers("POST", "/a?b=1", body)
    rtime, nonce, digest = str(clock.now_ms()), headers["x-onecert-nonce"], hashlib.sha256(body).hexdigest()
    assert headers["gjgxjhpt_rtime"] == rtime
    assert headers["gjgxjhpt_sign"] == mac("sidrid" + rtime)
    assert headers["x-onecert-digest"] == digest
    assert headers["x-onecert-sign"] == mac("\n".join(["POST", "/a?b=1", "sid", "rid", rtime, nonce, digest]))


def test_no_two_calls_have_one_nonce(clock: HandClock) -> None:
    signer = NationalSigner("rid", "sid", "s", clock)
    nonces = {signer.headers("GET", "/", b"")["x-onecert-nonce"] for _ in range(100)}
    assert len(nonces) == 100 and all(len(nonce) == 32 for nonce in nonces)
