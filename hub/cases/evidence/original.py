"""The original of a record, for the archive of a sink whose purpose may have it."""

import base64
import json
from hashlib import sha256

from hub.cases import reasons
from hub.cases.procedure import Body, MustNotSend
from hub.errors import TamperDetected
from hub.grants.originals import is_withheld
from hub.privacy.opening import Opened

ORIGINAL_BYTES_MAX = 512 * 1024
"""Bytes of an original that is sent; of a larger one only its digest is."""


def original(opened: Opened) -> Body | None:
    """What the source gave, unchanged: ``mediaType``, ``sha256`` and ``content``, with ``proof``, the source's
    signature, where there is one. ``None`` where the source's grant did not let the hub store it. Raises
    ``MustNotSend`` for one that does not open."""
    try:
        given = opened.original()
    except TamperDetected:
        raise MustNotSend(reasons.SEAL_BROKEN) from None
    if is_withheld(given.raw):
        return None
    body: Body = {"mediaType": _media_type(given.raw), "sha256": sha256(given.raw).hexdigest()}
    if len(given.raw) <= ORIGINAL_BYTES_MAX:
        body["content"] = base64.b64encode(given.raw).decode()
    if given.proof:
        body["proof"] = base64.b64encode(given.proof).decode()
    return body


def _media_type(raw: bytes) -> str:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return "application/octet-stream"
    return "application/json"
