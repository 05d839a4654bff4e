"""What happens to an application and to its deliveries, as events. Tables follow from them and from nothing else.

The live path is one database transaction with the case row locked: ``happen`` applies the event and puts it into the
outbox. ``hub rebuild`` applies the same events from the topics with the same functions, and emits nothing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.cases.connection import project as apply
from hub.cases.connection.tables import application
from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.stores import outbox
from hub.topics import cloudevents
from hub.topics.declared import APPLICATION_EVENTS, DELIVERY_EVENTS

APPLICATION_SCHEMA = schema_id("application.event")
DELIVERY_SCHEMA = schema_id("delivery.event")
REGISTRATION = "registration"

_DETAIL = {"SUBMITTED": "submitted", "WAITING": "waiting", "MATCHED": "matched", "WITHDRAWN": "withdrawn"}


@dataclass(frozen=True, slots=True)
class Event:
    """One event of one application; ``detail`` as in schemas/application/event.v1.avsc for its type."""

    application_id: bytes
    number: int
    type: str
    at_ms: int
    detail: Mapping[str, Any]
    by: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryEvent:
    """How one piece ended: ACKNOWLEDGED, REFUSED or STOPPED; fields as in schemas/delivery/event.v1.avsc."""

    application_id: bytes
    piece: int
    type: str
    at_ms: int
    key: str
    attempts: int
    record_id: bytes | None = None
    receipt: str | None = None
    receipt_at: str | None = None
    found: bool = False
    reason: str | None = None
    sealed_reason: bytes | None = None


def piece_key(application_id: bytes, kind: str, record_id: bytes = b"") -> str:
    """The idempotency key of a piece, 32 hex digits, from what it is about: the same piece, the same key (P2)."""
    return hashlib.sha256(application_id + kind.encode() + b"\0" + record_id).hexdigest()[:32]


def lock(connection: Connection, application_id: bytes) -> Row[Any] | None:
    """The application's row, locked until the transaction ends."""
    query = select(application).where(application.c.application_id == application_id).with_for_update()
    return connection.execute(query).one_or_none()


def happen(connection: Connection, happened: Sequence[Event], requests: Sequence[outbox.Message] = ()) -> None:
    """Apply events in their order and put them into the outbox, after ``requests``. The case rows are locked by the
    caller."""
    apply.application_events(connection, happened)
    outbox.put(connection, [*requests, *map(message, happened)])


def happen_delivery(connection: Connection, event: DeliveryEvent) -> None:
    """As ``happen``, for a delivery."""
    apply.delivery_event(connection, event)
    outbox.put(connection, [delivery_message(event)])


def message(event: Event) -> outbox.Message:
    """An application event as a message of its topic."""
    value: dict[str, Any] = {
        "application_id": event.application_id,
        "number": event.number,
        "type": event.type,
        "occurred_at_ms": event.at_ms,
        "by": event.by,
    }
    if event.type in _DETAIL:
        value[_DETAIL[event.type]] = event.detail
    headers = cloud_event(
        f"{event.application_id.hex()}-{event.number}", f"application.{event.type.lower()}", event.at_ms
    )
    return outbox.Message(
        APPLICATION_EVENTS, event.application_id, wire.encode(APPLICATION_SCHEMA, value), headers, event.at_ms
    )


def delivery_message(event: DeliveryEvent) -> outbox.Message:
    """A delivery event as a message of its topic."""
    value = {
        "application_id": event.application_id,
        "piece": event.piece,
        "type": event.type,
        "occurred_at_ms": event.at_ms,
        "key": event.key,
        "record_id": event.record_id,
        "receipt": event.receipt,
        "receipt_at": event.receipt_at,
        "found": event.found,
        "attempts": event.attempts,
        "reason": event.reason,
        "sealed_reason": event.sealed_reason,
    }
    headers = cloud_event(f"{event.key}-{event.attempts}", f"delivery.{event.type.lower()}", event.at_ms)
    return outbox.Message(
        DELIVERY_EVENTS, event.application_id, wire.encode(DELIVERY_SCHEMA, value), headers, event.at_ms
    )


def cloud_event(event_id: str, event_type: str, at_ms: int) -> dict[str, str]:
    """The headers of an outbox message: what happened to a case, at ``at_ms`` (milliseconds since the epoch)."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    found = cloudevents.headers(event_id, event_type, "/cases", moment)
    return {name: value.decode() for name, value in found}


def read(value: bytes) -> Event | DeliveryEvent:
    """The event in a message of either topic. Raises ``RecordRejected`` for anything else."""
    schema_id, fields = wire.decode(value)
    if schema_id == DELIVERY_SCHEMA:
        fields["at_ms"] = fields.pop("occurred_at_ms")
        return DeliveryEvent(**fields)
    detail = fields[_DETAIL[fields["type"]]] if fields["type"] in _DETAIL else {}
    return Event(
        fields["application_id"], fields["number"], fields["type"], fields["occurred_at_ms"], detail, fields["by"]
    )
