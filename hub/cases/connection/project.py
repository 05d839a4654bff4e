"""From events to tables. The only code that writes the tables of cases, live and in ``hub rebuild`` alike."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, insert, update

from hub.cases import reasons
from hub.cases.connection.tables import application, application_need, delivery

if TYPE_CHECKING:
    from hub.cases.connection.events import DeliveryEvent, Event

_ENDED = {"ACKNOWLEDGED": "acknowledged", "REFUSED": "refused", "STOPPED": "stopped"}
_Events = Sequence["Event"]


def application_events(connection: Connection, happened: _Events) -> None:
    """Bring the tables to what is true after these events, in their order. The number of each must be its
    application's next. Neighbours of one type are written together."""
    for what, neighbours in groupby(happened, key=lambda event: event.type):
        alike = list(neighbours)
        if what != "SUBMITTED":
            _count(connection, alike)
        _APPLY[what](connection, alike)


def _count(connection: Connection, happened: _Events) -> None:
    follows = (application.c.application_id == bindparam("of")) & (application.c.number == bindparam("before"))
    rows = [{"of": one.application_id, "before": one.number - 1, "number": one.number} for one in happened]
    if connection.execute(update(application).where(follows), rows).rowcount != len(rows):
        raise AssertionError("an event does not follow; its case row was not locked")


def _submitted(connection: Connection, happened: _Events) -> None:
    for event in happened:
        connection.execute(insert(application), [_application(event)])
        if needs := event.detail["needs"]:
            connection.execute(insert(application_need), [_need(event, need) for need in needs])
        registration = {"piece": 0, "kind": "registration", "key": event.detail["key"], "holder_relation": "NONE"}
        connection.execute(insert(delivery), [_delivery(event, registration)])


def _application(event: "Event") -> dict[str, Any]:
    detail = event.detail
    copied = ("channel", "customer_class", "voltage", "starred", "applicant_id", "purpose", "legal_basis")
    return {name: detail[name] for name in (*copied, "policy", "case_type", "sealed")} | {
        "application_id": event.application_id,
        "number": event.number,
        "submitted_ms": event.at_ms,
        "due_on": detail["due_on"].isoformat() if detail["due_on"] else None,
        "held": False,
        "pieces": 1,
    }


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


def _delivery(event: "Event", values: Mapping[str, Any]) -> dict[str, Any]:
    return {"application_id": event.application_id, "decided_ms": event.at_ms, "state": "pending", **values}


def _waiting(connection: Connection, happened: _Events) -> None:
    names = ("reason", "attempt", "next_ask_ms")
    _set_needs(connection, [(event, {name: event.detail[name] for name in names}) for event in happened])


def _set_needs(connection: Connection, changes: Sequence[tuple["Event", Mapping[str, Any]]]) -> None:
    """Set values of the needs that events are about; of all the same columns."""
    about = (application_need.c.application_id == bindparam("of")) & (application_need.c.kind == bindparam("about"))
    rows = [{"of": event.application_id, "about": event.detail["kind"], **values} for event, values in changes]
    connection.execute(update(application_need).where(about), rows)


def _matched(connection: Connection, happened: _Events) -> None:
    _set_needs(connection, [(event, _met(event.detail)) for event in happened])
    connection.execute(insert(delivery), [_delivery(event, event.detail) for event in happened])
    pieces = [{"of": event.application_id, "pieces": event.detail["piece"] + 1} for event in happened]
    connection.execute(update(application).where(application.c.application_id == bindparam("of")), pieces)


def _met(detail: Mapping[str, Any]) -> dict[str, Any]:
    other = detail["kind"] == "licence.property-title" and detail["holder_relation"] == "OTHER"
    reason = reasons.HELD_BY_OTHER if other else reasons.MET
    return {"state": "met", "record_id": detail["record_id"], "piece": detail["piece"], "reason": reason}


def _withdrawn(connection: Connection, happened: _Events) -> None:
    # The record's id stays with the need, so that it is not found again.
    reopened = {"state": "open", "piece": None}
    for event in happened:
        detail = event.detail
        again = {"reason": detail["reason"], "next_ask_ms": detail["next_ask_ms"]}
        _set_needs(connection, [(event, reopened | again)])
        connection.execute(
            update(delivery)
            .where(delivery.c.application_id == event.application_id, delivery.c.piece == detail["piece"])
            .values(state="withdrawn", reason=detail["reason"], ended_ms=event.at_ms)
        )


def _held(connection: Connection, happened: _Events) -> None:
    _set_held(connection, happened, True)


def _released(connection: Connection, happened: _Events) -> None:
    """Also puts what was refused or stopped back in line: the operator has seen to the cause. It will ask first."""
    _set_held(connection, happened, False)
    for event in happened:
        connection.execute(
            update(delivery)
            .where(delivery.c.application_id == event.application_id, delivery.c.state.in_(("refused", "stopped")))
            .values(state="pending", reason=None, sealed_reason=None, ended_ms=None, next_attempt_ms=0)
        )


def _set_held(connection: Connection, happened: _Events, held: bool) -> None:
    ids = [event.application_id for event in happened]
    connection.execute(update(application).where(application.c.application_id.in_(ids)).values(held=held))


_APPLY: dict[str, Callable[[Connection, _Events], None]] = {
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
