"""Strict JSON of callers: one object that every reader understands in the same way (RFC 8259)."""

import json
from typing import Any

from hub.errors import RecordRejected


def read_json(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises ``RecordRejected`` (UNREADABLE) for anything else, a key given twice and NaN included."""
    try:
        document = json.loads(body, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise RecordRejected("UNREADABLE", "", "not a JSON object") from None
    if not isinstance(document, dict):
        raise RecordRejected("UNREADABLE", "", "not a JSON object")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("twice the same key")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)
