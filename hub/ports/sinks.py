"""The port to the systems that the hub delivers to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol


class Receipt(NamedTuple):
    """A system's acknowledgement: its own number, and the time that it gave, ISO 8601."""

    number: str
    received_at: str


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

    def push(self, address: Address, body: Mapping[str, Any]) -> Receipt:
        """Hand over one piece; on return it has taken effect there, durably, and the system has acknowledged it with a
        number. ``body`` holds JSON values only; its fields are the procedure's.

        Raises ``Unavailable`` when the outcome is unknown: no connection, a time-out, an answer that breaks off, a
        success code without an acknowledgement. The piece may have taken effect, so the hub asks with ``find`` before
        it pushes again (P2); ``retry_after_s`` is what the system asked for. Raises ``Refused`` for a final no, and
        ``Misconfigured`` for what only the operator can change (a wrong address or token); in both cases nothing has
        taken effect.
        """

    def find(self, address: Address) -> Receipt | None:
        """The receipt of the piece with this key if an earlier ``push`` took effect, else ``None``. Changes nothing.

        ``None`` means that the hub may push: no earlier push with this key has taken effect, and none can still take
        effect. The hub waits at least two seconds after an attempt whose outcome is unknown. A sink whose system may
        need longer, or answers from a copy that is not up to date, raises ``Unavailable`` until it knows. Raises
        ``Misconfigured`` as ``push`` does.
        """

    def close(self) -> None:
        """Release connections. Calls that are running may fail with ``Unavailable``."""
