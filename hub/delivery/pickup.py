"""A sink whose system fetches its pieces: what ``GET /deliveries`` shows, and what the system says of it.

    pending ── shown, again and again ──▶ acknowledged | refused
       │                                  stopped: the hub must not show it (a broken seal, an erased subject)
       └────────────────────────────────▶ withdrawn: the record changed since it was decided

A piece is made when it is shown, so what is not true any more does not leave, and no table has a body (P3, P5). The
system's word is written in the same transaction as the piece's state, before it is answered: to say it again changes
nothing (P2).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import select

from hub.cases.by import By
from hub.cases.case import PieceState
from hub.cases.tables import piece
from hub.crash import crash_point
from hub.delivery import answers, attempts, endings, sending
from hub.delivery.attempts import SinkParts
from hub.delivery.claims import Claimed
from hub.delivery.offers import Offers
from hub.errors import RecordRejected, Unconfirmed
from hub.ports import Address, Fault, Pickup, Receipt, Refused

PAGE_PIECES_MAX = 100
"""Pieces that one call is shown."""
PAGE_BYTES_MAX = 8 * 1024 * 1024
"""Bytes of their bodies; a page has one piece at least."""


@dataclass(frozen=True)
class PickupParts(SinkParts):
    """What a sink whose system fetches needs."""

    pickup: Pickup

    @property
    def claims(self) -> Offers:
        """The pieces that wait to be fetched."""
        return Offers(self.store, self.name, self.instance)


@dataclass(frozen=True, slots=True)
class Shown:
    """A piece as the system sees it: the id that it answers by, its address, and its body (JSON values)."""

    delivery_id: str
    address: Address
    body: Mapping[str, Any]


class Page(NamedTuple):
    """Pieces in their order. ``next``: where the next call continues, "" when nothing waits; ``more``: whether there
    are more now."""

    items: list[Shown]
    next: str
    more: bool


class Deliveries:
    """The pieces of one sink for the system that fetches them. Thread-safe. Every method raises ``Unavailable`` when
    log, vault or database is."""

    def __init__(self, parts: PickupParts) -> None:
        self._parts = parts

    def page(self, after: str = "", limit: int = PAGE_PIECES_MAX) -> Page:
        """Up to ``limit`` pieces after the one with the id ``after``; after the last one the list begins again. Raises
        ``RecordRejected`` (FIELD_INVALID) for an ``after`` that is no id."""
        key = self._parts.references.read_delivery_id(after) if after else None
        if after and key is None:
            raise RecordRejected("FIELD_INVALID", "after")
        found = self._parts.claims.waiting(limit + 1, self._now_ms(), key)
        shown, looked = self._looked_at(found[:limit])
        self._parts.claims.handed([claimed for claimed, _ in shown], self._now_ms())
        crash_point("pickup.handed")
        last = self._id(found[looked - 1]) if looked else ""
        return Page([one for _, one in shown], last, looked < len(found))

    def acknowledge(self, delivery_id: str, receipt: Receipt, by: By) -> str:
        """The system has the piece, durably, under its own number. Returns the piece's state: "acknowledged", or
        "withdrawn" when the hub took it back after it was shown, so that the system does not use it. Raises
        ``RecordRejected``: NO_SUCH_DELIVERY, FIELD_INVALID for a number that cannot be one, DELIVERY_ENDED when it was
        acknowledged with another number, refused or stopped."""
        claimed = self._known(delivery_id)
        try:
            given = answers.receipt(receipt)
        except Unconfirmed:
            raise RecordRejected("FIELD_INVALID", "number") from None
        endings.end(self._parts, claimed, attempts.acknowledged(claimed, given), by, withdrawn_counts=False)
        crash_point("pickup.acknowledged")
        state, told = self._ended(claimed)
        same = state == PieceState.ACKNOWLEDGED and told in ("", given.number)
        if not same and state != PieceState.WITHDRAWN:
            raise RecordRejected("DELIVERY_ENDED")
        return state

    def refuse(self, delivery_id: str, no: Refused, by: By) -> str:
        """The system refuses the piece, finally. Returns the piece's state: "refused"; "withdrawn" or "stopped" when
        the hub had done so. Raises ``RecordRejected``: NO_SUCH_DELIVERY, DELIVERY_ENDED when it was acknowledged, or
        refused with another code."""
        claimed = self._known(delivery_id)
        event = attempts.refused(claimed, no)
        endings.end(self._parts, claimed, event, by)
        crash_point("pickup.refused")
        state, told = self._ended(claimed)
        if state == PieceState.ACKNOWLEDGED or (state == PieceState.REFUSED and told != event.reason):
            raise RecordRejected("DELIVERY_ENDED")
        return state

    def _looked_at(self, found: Sequence[Claimed]) -> tuple[list[tuple[Claimed, Shown]], int]:
        """Those that can be shown, up to the bound of bytes, and how many were looked at. Of a piece that cannot be
        shown the outcome is written down."""
        shown, size = list[tuple[Claimed, Shown]](), 0
        for looked, claimed in enumerate(found):
            made = attempts.tried(self._parts, claimed, partial(self._show, claimed))
            if not isinstance(made, Shown):
                endings.write(self._parts, claimed, made)
                continue
            size += len(json.dumps(made.body))
            if shown and size > PAGE_BYTES_MAX:
                return shown, looked
            shown.append((claimed, made))
        return shown, len(found)

    def _show(self, claimed: Claimed) -> Shown:
        parts = self._parts
        address = sending.address(parts.references, claimed)
        with parts.store.read() as connection:
            body = sending.body(parts.journal, parts.opener, parts.references, connection, claimed)
        return Shown(self._id(claimed), address, parts.pickup.shown(address, body))

    def _known(self, delivery_id: str) -> Claimed:
        key = self._parts.references.read_delivery_id(delivery_id)
        claimed = self._parts.claims.get(key, self._now_ms()) if key else None
        if claimed is None:
            raise RecordRejected("NO_SUCH_DELIVERY")
        return claimed

    def _ended(self, claimed: Claimed) -> tuple[str, str]:
        """(State of the piece; the number of its receipt or the code of its refusal, "" when it cannot be read)."""
        query = select(piece.c.state, piece.c.reason, piece.c.sealed_receipt).where(
            piece.c.case_id == claimed.key[0], piece.c.piece == claimed.key[1]
        )
        with self._parts.store.read() as connection:
            row = connection.execute(query).one()
        if row.sealed_receipt is None:
            return row.state, row.reason or ""
        opened = self._parts.opener.open_values([(claimed.case.subject_id, bytes(row.sealed_receipt))])[0]
        return row.state, "" if isinstance(opened, Fault) else json.loads(opened)["number"]

    def _id(self, claimed: Claimed) -> str:
        return self._parts.references.delivery_id(*claimed.key)

    def _now_ms(self) -> int:
        return self._parts.journal.clock.process_ms()
