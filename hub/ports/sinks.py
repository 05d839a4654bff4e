"""The port to the systems that the hub delivers to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

OPEN_CODE: Final = re.compile(r"(?!.*[0-9]{7})[A-Za-z0-9_.-]{1,64}")
"""A code of a sink that may be open in events, tables and log lines: it cannot be a person's number (P5)."""

DESK: Final = "desk."
"""Before the name of a recipient of warnings that has an address: that is the name of its sink."""


class Receipt(NamedTuple):
    """A system's acknowledgement: its own number, and the time that it gave, ISO 8601; "" when it gave none."""

    number: str
    received_at: str


@dataclass(frozen=True, slots=True)
class Placed:
    """The piece is where the system takes it, durably, once and under its key; the system has not answered yet."""


class Refused(Exception):
    """The sink gave a final no. ``code`` and ``message`` are the sink's own. They are stored and shown to a person; the
    hub tries again only when an operator says so."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Address:
    """Where one piece of one case belongs at a sink, and by what it is found there again.

    ``procedure`` and ``kind`` say what it is: "registration", or the kind of the record. ``number`` is the hub's own
    number for the case at this sink (14 characters, no two cases have the same); ``key`` the idempotency key of the
    piece (32 hex digits). Number and key are made for this sink only (hub/privacy/references.py): they are on no topic,
    and no other sink has them.
    """

    procedure: str
    kind: str
    number: str
    key: str


class Sink(Protocol):
    """A system that the hub delivers to, such as the utility's connection system.

    The hub delivers the registration of a case first and its other pieces after that, in any order and several at
    once. Of one piece it makes one call at a time. Safe for use by several threads. Every call has a time-out. A sink
    repeats no call by itself: the hub decides about the next attempt.
    """

    def push(self, address: Address, body: Mapping[str, Any]) -> Receipt | Placed:
        """Hand over one piece; with a receipt it has taken effect there, durably, and the system has acknowledged it
        with a number. ``body`` holds JSON values only; its fields are the procedure's.

        A system that takes pieces in its own time, such as from a table, returns ``Placed``: to place the same piece
        again changes nothing, and ``find`` gives the system's answer when there is one.

        Raises ``Refused`` for a final no in the system's own words. Raises ``NotSent`` when the call was not made, and
        ``Misconfigured`` for what only the operator can change (a wrong address or token): in both cases nothing has
        taken effect.

        Everything else leaves the outcome unknown: ``Unavailable`` when there is no answer (a time-out, a connection
        that breaks off, 5xx; ``retry_after_s`` is what the system asked for), ``Unconfirmed`` when the answer says
        neither yes nor no (a success code without a number, a proxy's page). The piece may have taken effect, or may do
        so later. So the hub asks with ``find`` until ``settle_s`` seconds have passed since the call's end, and only
        then pushes again (P2).
        """

    def find(self, address: Address) -> Receipt | Placed | None:
        """The receipt of the piece with this key if an earlier ``push`` took effect, else ``None``. Changes nothing.
        ``Placed`` for a piece that was placed and has no answer yet; raises ``Refused`` for one that was answered with
        a no.

        ``None`` only for a complete answer that does not have the piece. Raises ``Unavailable`` or ``Unconfirmed`` for
        everything else: an error with a success code, an answer without a list, a part of a list, an answer from a copy
        that is not up to date. Raises ``Misconfigured`` as ``push`` does.
        """

    def close(self) -> None:
        """Release connections. Calls that are running may fail with ``Unavailable``."""


class Pickup(Protocol):
    """A system that fetches its pieces itself, because nothing may call into its network: ``GET /deliveries``. The hub
    makes no call to it. Safe for use by several threads."""

    def shown(self, address: Address, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The body of a piece as the system reads it, with its own codes: what ``Sink.push`` would send. Pure."""

    def close(self) -> None:
        """Release what it has open."""
