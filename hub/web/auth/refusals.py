"""Records on ``access.events`` that a client asked for what it is not registered for (P3, P4)."""

import threading
from typing import Final

from hub.ports import Clock, Store
from hub.stores import outbox
from hub.topics import access
from hub.web.auth.rights import Beyond
from hub.web.auth.tokens import Token
from hub.web.limits import Rate

SCHEMA: Final = "access.refused"
SOURCE: Final = "/access"
RECORDED_PER_S: Final = 1.0
RECORDED_BURST: Final = 100
"""Of one client. What it asks for beyond that is refused and in the log lines, so that it cannot make a topic grow
without limit."""


class Refusals:
    """Writes refusals into the outbox. Thread-safe."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._rate = Rate(RECORDED_PER_S, RECORDED_BURST, clock)
        self._lock = threading.Lock()

    def record(self, token: Token, channel: str, beyond: Beyond) -> None:
        """Record one refusal. ``channel`` is one of the installation's, or "". Raises ``Unavailable`` when the store
        is."""
        with self._lock:
            if self._rate.take(token.client.name):
                return
        said = {
            "by": token.by(channel)._asdict(),
            "code": beyond.code,
            "purpose": beyond.purpose,
            "division": beyond.division,
            "materials": list(beyond.materials),
        }
        message = access.message(self._clock, SCHEMA, SOURCE, said)
        with self._store.write() as connection:
            outbox.put(connection, [message])
