"""Between the hub's pieces and the connection system's paths and fields. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.ports import Address, Receipt

REGISTRATION = "registration"


class Call(NamedTuple):
    """Where a piece goes: the path to post to and to ask, the query that asks for it, and the field of an answer that
    holds the system's own number."""

    path: str
    query: Mapping[str, str]
    number: str


def to_call(address: Address) -> Call:
    """The call of one piece. The hub's number stands where the system wants the platform's (``externalAppNo``): it is
    the only one that no two cases share."""
    if address.kind == REGISTRATION:
        return Call("/applications", {"externalAppNo": address.number}, "appNo")
    return Call(f"/applications/{address.number}/evidence", {"key": address.key}, "receiptNo")


def to_body(address: Address, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON body of a call. That of a registration also has the hub's number, beside the channel's own number."""
    return {"externalAppNo": address.number, **body} if address.kind == REGISTRATION else body


def to_receipt(call: Call, item: Mapping[str, Any]) -> Receipt | None:
    """The acknowledgement in an answer; ``None`` when it holds none."""
    number, received_at = item.get(call.number), item.get("receivedAt")
    return Receipt(str(number), str(received_at)) if number and received_at else None


def find_receipt(call: Call, key: str, items: object) -> Receipt | None:
    """The acknowledgement of the piece with ``key`` among what the system lists."""
    found = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return next((to_receipt(call, item) for item in found if item.get("idempotencyKey") == key), None)
