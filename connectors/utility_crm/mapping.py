"""Between the hub's pushes and the connection system's paths and fields. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from hub.ports import Receipt

NUMBER = {"application": "appNo", "evidence": "receiptNo"}


class Call(NamedTuple):
    """Where a push goes, where to ask for it, and what is sent."""

    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any]


def to_call(what: str, key: str, body: Mapping[str, Any]) -> Call:
    """``what`` is "application" or "evidence"; ``body`` always carries ``externalAppNo``, which for evidence is in
    the path."""
    number = str(body["externalAppNo"])
    if what == "application":
        return Call("/applications", {"externalAppNo": number}, body)
    sent = {name: value for name, value in body.items() if name != "externalAppNo"}
    return Call(f"/applications/{quote(number, safe='')}/evidence", {"key": key}, sent)


def to_receipt(what: str, item: Mapping[str, Any]) -> Receipt | None:
    """The acknowledgement in an answer; ``None`` when it holds none."""
    number, received_at = item.get(NUMBER[what]), item.get("receivedAt")
    return Receipt(str(number), str(received_at)) if number and received_at else None


def find_receipt(what: str, key: str, items: object) -> Receipt | None:
    """The acknowledgement of the push with ``key`` among what the system lists."""
    found = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return next((to_receipt(what, item) for item in found if item.get("idempotencyKey") == key), None)
