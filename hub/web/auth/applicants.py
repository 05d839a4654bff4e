"""Customers at the door: the token of one application (no login), and look-ups by number. Each is limited."""

from collections.abc import Callable
from typing import Final

from starlette.requests import Request

from hub.ports import Clock
from hub.web.connections import peer_of
from hub.web.limits import Rate
from hub.web.problems import Denied

SCOPE: Final = "application"
"""What a route is for that takes the application's own token; no client's token has it."""
APPLICATION_PER_S: Final = 1.0
APPLICATION_BURST: Final = 60
"""Requests with the token of one application."""
WRONG_PER_S: Final = 0.5
WRONG_BURST: Final = 60
"""Wrong tokens and wrong look-ups from one peer."""
GUESSES_PER_S: Final = 1 / 600
GUESSES_BURST: Final = 5
"""Look-ups with wrong last characters for one number, from all peers: four characters can be guessed."""


class Applicants:
    """Lets customers in. ``opens(text, application_id)`` says whether a text is the application's token. Used in one
    event loop only."""

    def __init__(self, opens: Callable[[str, bytes], bool], clock: Clock) -> None:
        self._opens = opens
        self._by_application = Rate(APPLICATION_PER_S, APPLICATION_BURST, clock)
        self._wrong = Rate(WRONG_PER_S, WRONG_BURST, clock)
        self._guesses = Rate(GUESSES_PER_S, GUESSES_BURST, clock)

    def allow(self, request: Request, application_id: bytes) -> None:
        """Raises ``Denied`` where the application's token is not there (UNAUTHORISED; TOO_MANY_REQUESTS after many such
        requests of one peer), and where it was used too often."""
        if not self._opens(bearer(request), application_id):
            wait_s = self._wrong.take(_peer(request))
            raise Denied("TOO_MANY_REQUESTS", wait_s) if wait_s else Denied("UNAUTHORISED")
        if wait_s := self._by_application.take(application_id.hex()):
            raise Denied("TOO_MANY_REQUESTS", wait_s)

    def may_look_up(self, request: Request, number: str) -> None:
        """Count a look-up as a wrong one, before it is carried out: calls at once cannot pass the limit. Raises
        ``Denied`` (TOO_MANY_REQUESTS) after too many wrong ones by this peer, or for this number."""
        if wait_s := self._wrong.take(_peer(request)) or self._guesses.take(number):
            raise Denied("TOO_MANY_REQUESTS", wait_s)

    def was_right(self, request: Request, number: str) -> None:
        """It was no wrong look-up: it is not counted."""
        self._wrong.take(_peer(request), -1)
        self._guesses.take(number, -1)


def bearer(request: Request) -> str:
    """The bearer token of a request; "" where there is none."""
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""


def _peer(request: Request) -> str:
    return peer_of(request.client.host) if request.client else ""
