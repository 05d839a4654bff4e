"""Who may send signed requests: a source that declares ``sends``, by one of its keys, and how often."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from starlette.requests import Request

from hub.connect.trust import TrustedKeys
from hub.ports import Clock
from hub.web.connections import peer_of
from hub.web.limits import Rate
from hub.web.problems import Denied
from hub.web.signatures.check import SignatureRefused, Signed, check
from hub.web.signatures.message import Message

SIGNED_PER_S: Final = 50.0
SIGNED_BURST: Final = 300
"""Requests signed by one key."""
UNSIGNED_PER_S: Final = 0.5
UNSIGNED_BURST: Final = 60
"""Requests from one peer that are not signed as they must be."""


REPORTS: Final = "utility.transfer"
"""The kind of reports about joint transfers; ``/steps`` takes every other kind that a source sends."""


class Sender(NamedTuple):
    """Who sent a request: the connector whose key signed it, and the signature."""

    source: str
    signed: Signed


class Signers:
    """Lets signed requests in. ``senders`` gives source → its keys; it is asked at each request, so that changed keys
    count when a connector was loaded again. Used in one event loop only."""

    def __init__(self, senders: Callable[[], Mapping[str, TrustedKeys]], clock: Clock) -> None:
        self._senders = senders
        self._clock = clock
        self._by_key = Rate(SIGNED_PER_S, SIGNED_BURST, clock)
        self._wrong = Rate(UNSIGNED_PER_S, UNSIGNED_BURST, clock)

    def allow(self, request: Request, body: bytes) -> Sender:
        """The sender of a request with this body. Raises ``SignatureRefused`` when it is not signed as it must be,
        ``Denied`` (TOO_MANY_REQUESTS) when its key, or wrong signatures of this peer, were used too often."""
        peer = peer_of(request.client.host) if request.client else ""
        owners = _owners(self._senders())
        keys = {key_id: key for key_id, (_, key) in owners.items()}
        try:
            signed = check(Message.of(request), body, keys, self._clock.process_ms() / 1000)
        except SignatureRefused:
            # One that is right is let in in any case: it may come from behind the same address.
            if wait_s := self._wrong.take(peer):
                raise Denied("TOO_MANY_REQUESTS", wait_s) from None
            raise
        if wait_s := self._by_key.take(signed.key_id):
            raise Denied("TOO_MANY_REQUESTS", wait_s)
        request.state.token_id = signed.key_id
        return Sender(owners[signed.key_id][0], signed)


def _owners(senders: Mapping[str, TrustedKeys]) -> dict[str, tuple[str, bytes]]:
    """Key id → its source and key. An id that two sources have says nothing about who sends: it is left out."""
    found: dict[str, list[tuple[str, bytes]]] = {}
    for source, keys in senders.items():
        for key_id, key in keys.items():
            found.setdefault(key_id, []).append((source, key))
    return {key_id: owners[0] for key_id, owners in found.items() if len(owners) == 1}


def by_path(senders: Callable[[Callable[[str], bool]], Mapping[str, TrustedKeys]], clock: Clock) -> dict[str, Signers]:
    """Path → who may send there. ``senders``: the sources whose kind of record a function accepts, with their keys; it
    is asked at each request."""
    return {
        "/steps": Signers(lambda: senders(lambda kind: kind != REPORTS), clock),
        "/transfer-reports": Signers(lambda: senders(lambda kind: kind == REPORTS), clock),
    }
