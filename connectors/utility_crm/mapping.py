"""Between the hub's pieces and the connection system's paths, fields and codes. Pure."""

import csv
from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.connect.codes import Codes
from hub.ports import Address

REGISTRATION = "registration"
TRANSFER = "transfer"
"""The procedure of joint transfers of title and account."""
_AFTER = {
    "dates": "dates",
    "warning": "warnings",
    "rating": "ratings",
    "withdrawal": "withdrawals",
    "recall": "recalls",
    "handover": "handovers",
    "cancellation": "cancellations",
}
"""Kind of a piece that is no evidence → the last part of its path."""
_OF_TRANSFER = {"check": "checks", "transfer": "pushes", "cancellation": "cancellations", "notice": "notices"}
"""Kind of a piece of a joint transfer → the last part of its path."""

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
