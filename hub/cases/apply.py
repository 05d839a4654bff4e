"""From events to tables. The only code that writes the tables of cases, live and in ``hub rebuild`` alike."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, update

from hub.cases import reasons
from hub.stores.tables import application, application_need, delivery

if TYPE_CHECKING:
    from hub.cases.events import DeliveryEvent, Event

_ENDED = {"ACKNOWLEDGED": "acknowledged", "REFUSED": "refused", "STOPPED": "stopped"}


def application_event(connection: Connection, event: "Event") -> None:
    """Bring the tables to what is true after ``event``. Its number must be the application's next."""
    if event.type != "SUBMITTED":
        _count(connection, event)
    _APPLY[event.type](connection, event)


def _count(connection: Connection, event: "Event") -> None:
    found = connection.execute(
        update(application)
        .where(application.c.application_id == event.application_id, application.c.number == event.number - 1)
        .values(number=event.number)
    )
    if found.rowcount != 1:
        raise AssertionError(f"event {event.number} does not follow; the case row was not locked")


def _submitted(connection: Connection, event: "Event") -> None:
    detail = event.detail
    copied = ("channel", "customer_class", "voltage", "starred", "applicant_id", "purpose", "legal_basis")
    row = {name: detail[name] for name in (*copied, "policy", "case_type", "sealed")}
    row |= {
        "application_id": event.application_id,
        "number": event.number,
        "submitted_ms": event.at_ms,
        "due_on": detail["due_on"].isoformat() if detail["due_on"] else None,
        "held": False,
        "pieces": 1,
    }
    connection.execute(insert(application), [row])
    if detail["needs"]:
        connection.execute(insert(application_need), [_need(event, need) for need in detail["needs"]])
    registration = {"piece": 0, "kind": "registration", "key": detail["key"], "holder_relation": "NONE"}
    _add_delivery(connection, event, registration)


def _need(event: "Event", need: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "application_id": event.application_id,
        "kind": need["kind"],
        "wanted_by": need["wanted_by"],
        "wanted_id": need["wanted_id"],
        "state": "open",
        "reason": reasons.NEW if need["wanted_id"] else reasons.ADDRESS_UNCLEAR,
        "attempt": 0,
        "next_ask_ms": event.at_ms,
    }


def _add_delivery(connection: Connection, event: "Event", values: Mapping[str, Any]) -> None:
    row = {"application_id": event.application_id, "decided_ms": event.at_ms, "state": "pending"}
    connection.execute(insert(delivery), [row | dict(values)])


def _waiting(connection: Connection, event: "Event") -> None:
    detail = event.detail
    _set_need(
        connection,
        event,
        detail["kind"],
        {"reason": detail["reason"], "attempt": detail["attempt"], "next_ask_ms": detail["next_ask_ms"]},
    )


def _set_need(connection: Connection, event: "Event", kind: str, values: Mapping[str, Any]) -> None:
    connection.execute(
        update(application_need)
        .where(application_need.c.application_id == event.application_id, application_need.c.kind == kind)
        .values(**values)
    )


def _matched(connection: Connection, event: "Event") -> None:
    detail = event.detail
    other = detail["kind"] == "licence.property-title" and detail["holder_relation"] == "OTHER"
    met = {"state": "met", "record_id": detail["record_id"], "piece": detail["piece"]}
    _set_need(connection, event, detail["kind"], met | {"reason": reasons.HELD_BY_OTHER if other else reasons.MET})
    _add_delivery(connection, event, detail)
    connection.execute(
        update(application)
        .where(application.c.application_id == event.application_id)
        .values(pieces=detail["piece"] + 1)
    )


def _withdrawn(connection: Connection, event: "Event") -> None:
    detail = event.detail
    # The record's id stays with the need, so that it is not found again.
    reopened = {"state": "open", "piece": None, "reason": detail["reason"]}
    _set_need(connection, event, detail["kind"], reopened | {"next_ask_ms": detail["next_ask_ms"]})
    connection.execute(
        update(delivery)
        .where(delivery.c.application_id == event.application_id, delivery.c.piece == detail["piece"])
        .values(state="withdrawn", reason=detail["reason"], ended_ms=event.at_ms)
    )


def _held(connection: Connection, event: "Event") -> None:
    _set_held(connection, event, True)


def _released(connection: Connection, event: "Event") -> None:
    """Also puts what was refused or stopped back in line: the operator has seen to the cause. It will ask first."""
    _set_held(connection, event, False)
    connection.execute(
        update(delivery)
        .where(delivery.c.application_id == event.application_id, delivery.c.state.in_(("refused", "stopped")))
        .values(state="pending", reason=None, sealed_reason=None, ended_ms=None, next_attempt_ms=0)
    )


def _set_held(connection: Connection, event: "Event", held: bool) -> None:
    connection.execute(
        update(application).where(application.c.application_id == event.application_id).values(held=held)
    )


_APPLY: dict[str, Callable[[Connection, "Event"], None]] = {
    "SUBMITTED": _submitted,
    "WAITING": _waiting,
    "MATCHED": _matched,
    "WITHDRAWN": _withdrawn,
    "HELD": _held,
    "RELEASED": _released,
}


def delivery_event(connection: Connection, event: "DeliveryEvent") -> None:
    """Bring the delivery's row to how it ended."""
    connection.execute(
        update(delivery)
        .where(delivery.c.application_id == event.application_id, delivery.c.piece == event.piece)
        .values(
            state=_ENDED[event.type],
            receipt=event.receipt,
            receipt_at=event.receipt_at,
            reason=event.reason,
            sealed_reason=event.sealed_reason,
            ended_ms=event.at_ms,
        )
    )
