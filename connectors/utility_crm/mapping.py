"""Between the hub's pieces and the connection system's paths and fields. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.errors import Unconfirmed
from hub.ports import Address, Receipt

REGISTRATION = "registration"
DATES = "dates"
NOT_FOUND = "NOT_FOUND"
"""The agreed ``errorCode`` with which a 404 to a question says that the system does not have the piece."""
_AGREED = frozenset({"items", "total", "more", "next", "page", "requestId", "traceId"})
"""The fields of an answer to a question. In any other one an error may hide."""


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
    what = "dates" if address.kind == DATES else "evidence"
    return Call(f"/applications/{address.number}/{what}", {"key": address.key}, "receiptNo")


def to_body(address: Address, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON body of a call. That of a registration also has the hub's number, beside the channel's own number."""
    return {"externalAppNo": address.number, **body} if address.kind == REGISTRATION else body


def to_receipt(call: Call, item: Mapping[str, Any]) -> Receipt | None:
    """The acknowledgement in an answer; ``None`` when it holds no number. The time is "" when there is none."""
    number, received_at = item.get(call.number), item.get("receivedAt")
    if isinstance(number, bool) or not isinstance(number, str | int) or not str(number).strip():
        return None
    return Receipt(str(number), received_at if isinstance(received_at, str) else "")


def find_receipt(call: Call, key: str, answer: Mapping[str, Any]) -> Receipt | None:
    """The acknowledgement of the piece with ``key`` in the answer to a question; ``None`` when the answer is complete
    and does not list it. Raises ``Unconfirmed`` for an answer that is not complete: it does not say "not there" (P2).
    """
    items = answer.get("items")
    if not isinstance(items, list):
        raise Unconfirmed("utility_crm: the answer to a question has no list of items")
    for item in items:
        if isinstance(item, dict) and item.get("idempotencyKey") == key:
            receipt = to_receipt(call, item)
            if receipt is None:
                raise Unconfirmed("utility_crm: lists the piece without a number")
            return receipt
    if missing := _missing(answer, items):
        raise Unconfirmed(f"utility_crm: the answer to a question is not complete: {missing}")
    return None


def _missing(answer: Mapping[str, Any], items: list[Any]) -> str:
    """Why a list without the piece does not say that the piece is not there; "" when it does."""
    if any(not isinstance(item, dict) or not _is_text(item.get("idempotencyKey")) for item in items):
        return "an item has no idempotencyKey"
    if answer.get("more") or answer.get("next"):
        return "it has more pages"
    if answer.get("total") not in (None, len(items)):
        return "it lists fewer items than its total"
    return "it has fields that are not agreed" if answer.keys() - _AGREED else ""


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


class OwnError(NamedTuple):
    """The system's own error object: its code, and its words."""

    code: str
    message: str


def to_error(answer: object) -> OwnError | None:
    """The system's own error object in an answer: a JSON object with ``errorCode``, a text or number. ``None`` for
    anything else, such as the page of a proxy."""
    code = answer.get("errorCode") if isinstance(answer, dict) else None
    if isinstance(code, bool) or not isinstance(code, str | int) or not str(code).strip():
        return None
    message = answer.get("message") if isinstance(answer, dict) else None
    return OwnError(str(code), message if isinstance(message, str) else "")
