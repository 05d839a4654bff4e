"""AES-256-GCM as the hub uses it, and what each ciphertext is bound to."""

import hmac
import os
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import TamperDetected

NONCE_BYTES = 12


def encrypt(key: bytes, plaintext: bytes, bound_to: bytes) -> bytes:
    """Nonce and ciphertext. ``bound_to`` is authenticated but not stored: opening needs the same bytes."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, bound_to)


def decrypt(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """Raises ``TamperDetected`` when the key, the ciphertext or what it is bound to is not as it was."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError):
        raise TamperDetected("a sealed value does not open: its bytes or its open part were changed") from None


def joint_key(keys: Sequence[bytes], record_id: bytes) -> bytes:
    """The key of what concerns several subjects at once: erase any one of them and it is gone. HMAC-SHA256 as a PRF."""
    return hmac.digest(b"".join(sorted(keys)), b"onecert-original-v1" + record_id, "sha256")


def open_part(envelope: dict[str, Any], subjects: Sequence[bytes]) -> bytes:
    """Everything in the open, and whose parts there are, as bytes: every part is bound to it, so that a changed status
    or a part taken away is noticed (P4). Texts have their length before them: no two open parts give the same bytes."""
    return (
        f"{_text(envelope['kind'])}{_text(envelope['authority'])}{_text(envelope['region'])}{envelope['status']}|"
        f"{envelope['issued_month']}|{envelope['valid_until_year']}|{_source(envelope['source'])}"
        f"{envelope['reading']}|{envelope['read_at_ms']}|{envelope['assurance']}|{len(subjects)}|"
    ).encode() + b"".join(
        (
            envelope["record_id"],
            envelope["row_id"],
            envelope["source"]["content"],
            envelope["mapping"],
            envelope["original_commitment"],
            *subjects,
            *envelope["links"],
        )
    )


def unreadable_part(envelope: dict[str, Any]) -> bytes:
    """Everything in the open of an unreadable row, as bytes: its sealed bytes are bound to it."""
    faults = "".join(_text(fault["code"]) + _text(fault["field"]) for fault in envelope["faults"])
    return (
        f"{_text(envelope['kind'])}{_source(envelope['source'])}{len(envelope['faults'])}|{faults}"
        f"{envelope['size']}|{envelope['read_at_ms']}|"
    ).encode() + b"".join(
        (envelope["record_id"], envelope["row_id"], envelope["source"]["content"], envelope["subject_id"])
    )


def _source(source: dict[str, Any]) -> str:
    return f"{_text(source['system'])}{source['version']}|{source['revision']}|{source['operation']}|"


def _text(value: str) -> str:
    return f"{len(value)}:{value}|"


def part_binding(opened: bytes, subject_id: bytes, role: str, root: bytes) -> bytes:
    """What a part's ciphertext is bound to: the record's open part, whose it is, as what, and its commitment."""
    return opened + subject_id + role.encode() + root
