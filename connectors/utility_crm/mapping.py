"""Between the hub's pieces and the connection system's paths, fields and codes. Pure."""

import csv
from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.connect.codes import Codes
from hub.errors import Unconfirmed
from hub.ports import Address, Receipt

REGISTRATION = "registration"
TRANSFER = "transfer"
"""The procedure of joint transfers of title and account."""
_AFTER = {
    "dates": "dates",
    "warning": "warnings",
    "rating": "ratings",
    "withdrawal": "withdrawals",
    "recall": "recalls",
    "cancellation": "cancellations",
}
"""Kind of a piece that is no evidence → the last part of its path."""
_OF_TRANSFER = {"check": "checks", "transfer": "pushes", "cancellation": "cancellations", "notice": "notices"}
"""Kind of a piece of a joint transfer → the last part of its path."""
NOT_FOUND = "NOT_FOUND"
"""The agreed ``errorCode`` with which a 404 to a question says that the system does not have the piece."""
_AGREED = frozenset({"items", "total", "more", "next", "page", "requestId", "traceId"})
"""The fields of an answer to a question. In any other one an error may hide."""

Streets = Mapping[tuple[str, str], str]
"""(Division of GB/T 2260, street or town; "" for the rest of the division) → supply unit (orgNo)."""
STREETS_BYTES_MAX = 4 * 1024 * 1024
"""Most bytes of a street table."""


class Call(NamedTuple):
    """Where a piece goes: the path to post to and to ask, the query that asks for it, and the field of an answer that
    holds the system's own number."""

    path: str
    query: Mapping[str, str]
    number: str


def to_call(address: Address) -> Call:
    """The call of one piece. The hub's number stands where the system wants the platform's (``externalAppNo``): it is
    the only one that no two cases share."""
    if address.procedure == TRANSFER:
        return _of_transfer(address)
    if address.kind == REGISTRATION:
        return Call("/applications", {"externalAppNo": address.number}, "appNo")
    what = _AFTER.get(address.kind, "evidence")
    return Call(f"/applications/{address.number}/{what}", {"key": address.key}, "receiptNo")


def _of_transfer(address: Address) -> Call:
    if address.kind == REGISTRATION:
        return Call("/transfers", {"transferNo": address.number}, "receiptNo")
    return Call(f"/transfers/{address.number}/{_OF_TRANSFER[address.kind]}", {"key": address.key}, "receiptNo")


def to_body(address: Address, body: Mapping[str, Any], codes: Codes, streets: Streets) -> Mapping[str, Any]:
    """The JSON body of a call. That of a registration also has the hub's number, beside the channel's own number, and
    the system's own codes."""
    if address.kind != REGISTRATION:
        return body
    if address.procedure == TRANSFER:
        return {"transferNo": address.number, **body}
    given: dict[str, Any] = {"externalAppNo": address.number, **body}
    if {"custType", "voltageCode"} <= body.keys():
        # One code says class and voltage together.
        given["custType"] = f"LOW_{body['custType']}" if body["voltageCode"] == "LOW" else "HIGH"
    own = {name: codes.find(name, given[name]) or given[name] for name in codes.columns() & given.keys()}
    return given | own | ({"orgNo": _unit(body, streets)} if "orgNo" in body else {})


def _unit(body: Mapping[str, Any], streets: Streets) -> str:
    """The supply unit: of the street, else of the whole division, else the division itself."""
    division = str(body["orgNo"])
    return streets.get((division, str(body.get("street", "")))) or streets.get((division, "")) or division


def read_streets(text: str) -> Streets:
    """A street table: CSV with the columns division, street, orgNo; without a street it is the rest of the division.
    Raises ``ValueError`` for another first line or a line that is not complete."""
    lines = csv.DictReader(text.splitlines())
    if {"division", "street", "orgNo"} - {*(lines.fieldnames or ())}:
        raise ValueError("it begins with division,street,orgNo")
    found: dict[tuple[str, str], str] = {}
    for row in lines:
        if not (row["division"] and row["orgNo"]) or row["street"] is None:
            raise ValueError(f"line {lines.line_num} is not complete")
        found[row["division"].strip(), row["street"].strip()] = row["orgNo"].strip()
    return found


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
