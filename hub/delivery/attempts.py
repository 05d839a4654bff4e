"""One attempt to deliver a piece: ask the sink, then push. It writes nothing.

    first attempt ─────────────────────────────▶ push ─┬─▶ yes ─▶ read back ─▶ there: an event
    later: ask ─┬─▶ there: acknowledged           ▲    │               └─▶ unknown
                ├─▶ placed, no answer yet: later  │    ├─▶ no: an event
                ├─▶ no answer: later              │    ├─▶ placed: later
                ├─▶ not there, not settled: later │    └─▶ unknown ──▶ later, and it may take effect until then
                └─▶ not there, settled ───────────┘

A success code is no acknowledgement: of a system that can be asked (``reads_back`` of its connector) the hub asks for
what it has just acknowledged. What is not there then is an unknown outcome.

An unknown outcome is neither yes nor no: the call may take effect after the hub gave up. So the sink is asked until
``settle_s`` has passed since the call's end, and only what it does not have then is pushed again (P2). A system that
answers each push with neither yes nor no gets it at growing intervals, and ``UNCONFIRMED_MAX`` times; then a person
must look. A piece that was placed where the system takes it is asked for, ever more seldom, until the system answers.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from hub.cases import events, reasons
from hub.cases.events import ToSeal
from hub.cases.journal import Journal
from hub.cases.procedure import Body, MustNotSend, WillNotDo
from hub.crash import crash_point
from hub.delivery import answers, sending
from hub.delivery.claims import LEASE_S, SETTLE_MAX_S, SETTLE_S, Again, Claimed, Claims
from hub.errors import HubError, Misconfigured, NotSent, Unavailable, Unconfirmed
from hub.logging import get_logger, mask
from hub.ports import Address, Placed, Receipt, Refused, Sink, Store
from hub.privacy.opening import Opener
from hub.privacy.references import References

UNCONFIRMED_MAX = 5
"""Pushes of one piece that are answered by neither yes nor no."""
PLACED_TOLD = 9
"""After so many looks (some five minutes) it is told that a piece lies at its system without an answer."""
_BESIDE_THE_CALLS_S = 60.0
_READER = "see whether the program of the utility runs that takes the pieces and writes its answers back"
T = TypeVar("T")

log = get_logger("deliver")


@dataclass(frozen=True)
class SinkParts:
    """What the deliveries to one sink need, on either side that begins the call. ``name`` is the connector's;
    ``references`` are those for this sink."""

    name: str
    references: References
    store: Store
    journal: Journal
    opener: Opener
    instance: str

    @property
    def claims(self) -> Claims:
        """The rows of this sink's pieces."""
        return Claims(self.store, self.name, self.instance)


@dataclass(frozen=True)
class DeliverParts(SinkParts):
    """What pushing to one sink needs. Times in seconds, as in ``Claims``. ``reads_back``: the sink is asked for what it
    has acknowledged. ``attempts_max``: of a sink that cannot be asked, and whose pieces lose their use, how often one
    is tried; 0 for every other."""

    sink: Sink
    settle_s: float = SETTLE_S
    lease_s: float = LEASE_S
    reads_back: bool = False
    attempts_max: int = 0

    @property
    def claims(self) -> Claims:
        """The claims of this sink by this instance."""
        return Claims(self.store, self.name, self.instance, self.settle_s, self.lease_s)


class Later(NamedTuple):
    """The piece did not end. ``retry_after_s``: the wait that the sink asked for, seconds. ``placed``: it lies at the
    sink's system, which has not answered."""

    again: Again
    retry_after_s: float | None = None
    placed: bool = False


Outcome = events.Acknowledged | events.Refused | events.Stopped | WillNotDo | Later


class _NotYet(Exception):
    """Neither yes nor no, so far: ``later`` says how it continues."""

    def __init__(self, later: Later) -> None:
        super().__init__(later)
        self.later = later


def lease_s(total_timeout_s: float) -> float:
    """The least lease for a sink whose calls take at most ``total_timeout_s``, seconds: one attempt asks and pushes.

    >>> lease_s(30.0), lease_s(600.0)
    (120.0, 1260.0)
    """
    return max(LEASE_S, 2 * total_timeout_s + _BESIDE_THE_CALLS_S)


def attempt(parts: DeliverParts, claimed: Claimed) -> Outcome:
    """Make one attempt for a claimed piece. Everything that happens is its outcome: it never raises."""
    return tried(parts, claimed, lambda: _acknowledged(parts, claimed))


def tried(parts: SinkParts, claimed: Claimed, work: Callable[[], T]) -> T | Outcome:
    """What ``work`` returns for a piece, or the outcome that its error means. It never raises."""
    try:
        return work()
    except Refused as no:
        return refused(claimed, no)
    except MustNotSend as stop:
        return events.Stopped(reason=stop.reason, **_told(claimed))
    except WillNotDo as changed:
        return changed
    except _NotYet as not_yet:
        return not_yet.later
    except Exception as trouble:  # one case that cannot be delivered must not stop the others
        return _later(parts, claimed, trouble, claimed.settle_until_ms, claimed.unconfirmed)


def _told(claimed: Claimed) -> dict[str, Any]:
    return {"piece": claimed.piece.piece, "sink": claimed.piece.sink, "attempts": claimed.attempts + 1}


def _acknowledged(parts: DeliverParts, claimed: Claimed) -> events.Acknowledged:
    receipt, found = _receipt(parts, claimed)
    return acknowledged(claimed, receipt, found)


def acknowledged(claimed: Claimed, receipt: Receipt, found: bool = False) -> events.Acknowledged:
    """The event of a yes: the receipt sealed."""
    sealed = ToSeal(json.dumps(receipt._asdict()).encode())
    return events.Acknowledged(found=found, sealed_receipt=sealed, **_told(claimed))


def refused(claimed: Claimed, no: Refused) -> events.Refused:
    """The event of a final no: its code in the open if it is one, its words sealed."""
    words = answers.words(no.message)
    code = answers.code(no)
    if code is None:
        code, words = reasons.REFUSED, answers.words(f"{no.code} {no.message}")
    return events.Refused(reason=code, sealed_reason=ToSeal(words.encode()), **_told(claimed))


def _receipt(parts: DeliverParts, claimed: Claimed) -> tuple[Receipt, bool]:
    """The receipt, and whether ``Sink.find`` found it."""
    address = sending.address(parts.references, claimed)
    if parts.attempts_max and claimed.attempts >= parts.attempts_max:
        raise MustNotSend(reasons.NOT_TOLD)
    if claimed.attempts > 0 and not parts.attempts_max:
        asked_ms = parts.journal.clock.process_ms()
        earlier = parts.sink.find(address)
        if isinstance(earlier, Placed):
            raise _NotYet(_placed(parts, claimed))
        if earlier is not None:
            return answers.receipt(earlier), True
        if asked_ms < claimed.settle_until_ms:
            raise _NotYet(Later(Again(claimed.settle_until_ms, claimed.unconfirmed)))
    if claimed.unconfirmed >= UNCONFIRMED_MAX:
        raise MustNotSend(reasons.UNCONFIRMED)
    with parts.store.read() as connection:
        body = sending.body(parts.journal, parts.opener, parts.references, connection, claimed)
    pushed = _push(parts, claimed, address, body)
    if isinstance(pushed, Placed):
        raise _NotYet(_placed(parts, claimed))
    return pushed, False


def _push(parts: DeliverParts, claimed: Claimed, address: Address, body: Body) -> Receipt | Placed:
    """Raises ``Refused``; ``NotSent`` and ``Misconfigured``, after which nothing has taken effect; ``_NotYet`` for
    everything else: the outcome is unknown."""
    if claimed.push_until_ms is not None and parts.journal.clock.process_ms() > claimed.push_until_ms:
        # This process was stopped for a while: another one may have the piece when the call ends.
        raise NotSent("the claim was too old for a push")
    try:
        answer = parts.sink.push(address, body)
        pushed = answer if isinstance(answer, Placed) else answers.receipt(answer)
    except (Refused, NotSent, Misconfigured):
        raise
    except Exception as trouble:
        raise _NotYet(_unknown(parts, claimed, trouble)) from trouble
    crash_point("deliver.posted")
    if parts.reads_back and isinstance(pushed, Receipt):
        _read_back(parts, claimed, address)
    return pushed


def _read_back(parts: DeliverParts, claimed: Claimed, address: Address) -> None:
    """Ask for the piece that was acknowledged. Raises ``_NotYet`` when the sink does not have it, or does not say so.
    When the lease ends meanwhile, another instance asks too, and pushes nothing before that has settled."""
    try:
        found = parts.sink.find(address)
    except Exception as trouble:
        raise _NotYet(_unknown(parts, claimed, trouble)) from trouble
    if found is None:
        nothing = Unconfirmed(f"{parts.name}: it acknowledged the piece, and does not have it when it is asked")
        raise _NotYet(_unknown(parts, claimed, nothing))


def _placed(parts: DeliverParts, claimed: Claimed) -> Later:
    """It is there once, so nothing has to settle."""
    if claimed.attempts < PLACED_TOLD:
        return Later(Again(0, claimed.unconfirmed, ""), placed=True)
    return Later(Again(0, claimed.unconfirmed, f"{parts.name}: placed, and not answered yet", _READER), placed=True)


def _unknown(parts: DeliverParts, claimed: Claimed, trouble: Exception) -> Later:
    """It settles for ``settle_s`` from now, the end of the call; for a sink that answers without a yes or no twice as
    long each time."""
    unconfirmed = claimed.unconfirmed + isinstance(trouble, Unconfirmed)
    settle_s = min(SETTLE_MAX_S, parts.settle_s * 2 ** max(0, unconfirmed - 1))
    now_ms = parts.journal.clock.process_ms()
    return _later(parts, claimed, trouble, now_ms + int(settle_s * 1000), unconfirmed)


def unwritten(parts: DeliverParts, claimed: Claimed, failure: Exception) -> Later:
    """An outcome that could not be written down is as unknown as one that was not told."""
    until_ms = parts.journal.clock.process_ms() + int(parts.settle_s * 1000)
    trouble = f"its outcome cannot be written down ({type(failure).__name__})"
    return Later(Again(until_ms, claimed.unconfirmed, trouble))


def _later(parts: SinkParts, claimed: Claimed, trouble: Exception, settle_until_ms: int, unconfirmed: int) -> Later:
    if not isinstance(trouble, HubError):
        named = {"sink": parts.name, "case": claimed.case.case_id.hex(), "piece": claimed.piece.piece}
        log.error("a delivery failed", error=type(trouble).__name__, exc_info=trouble, **named)
        return Later(Again(settle_until_ms, unconfirmed, type(trouble).__name__))
    said, remedy = (trouble.what, trouble.remedy) if isinstance(trouble, Misconfigured) else (str(trouble), None)
    retry_after_s = trouble.retry_after_s if isinstance(trouble, Unavailable) else None
    return Later(Again(settle_until_ms, unconfirmed, mask(said), remedy), retry_after_s)
