"""AES-256-GCM (NIST SP 800-38D) as the hub uses it, and the data to which each ciphertext is bound."""

import hmac
import os
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import TamperDetected

NONCE_BYTES = 12


def encrypt(key: bytes, plaintext: bytes, bound_to: bytes) -> bytes:
    """Nonce (12 random bytes) and ciphertext. ``bound_to`` is authenticated and not stored: ``decrypt`` needs the same
    bytes. ``key``: 32 bytes."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, bound_to)


def decrypt(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """The plaintext of ``encrypt``. Raises ``TamperDetected`` when key, ciphertext or ``bound_to`` differ."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError):
        raise TamperDetected("a sealed value does not open: its bytes or its open part were changed") from None


def joint_key(keys: Sequence[bytes], record_id: bytes) -> bytes:
    """The key for data about several subjects: HMAC-SHA256 as a PRF over all their keys, 32 bytes. When one subject is
    erased, it cannot be computed any more."""
    return hmac.digest(b"".join(sorted(keys)), b"onecert-original-v1" + record_id, "sha256")


def open_part(envelope: dict[str, Any], subjects: Sequence[bytes]) -> bytes:
    """All open fields and the list of subjects, as bytes. Each part is bound to them, so a changed status or a removed
    part is detected (P4). Each text has its length before it: two different open parts never give the same bytes."""
    return (
        f"{_text(envelope['kind'])}{_text(envelope['authority'])}{_text(envelope['region'])}{envelope['status']}|"
        f"{envelope['issued_month']}|{envelope['valid_until_year']}|{_source(envelope['source'])}"
        f"{envelope['reading']}|{envelope['read_at_ms']}|{envelope['assurance']}|{len(subjects)}|"
    ).encode() + b"".join(
        (
            envelope["record_id"],
            envelope["row_id"],
            envelope["entity_id"],
            envelope["source"]["content"],
            envelope["mapping"],
            envelope["original_commitment"],
            *subjects,
            *envelope["links"],
        )
    )


def unreadable_part(envelope: dict[str, Any]) -> bytes:
    """All open fields of an unreadable row, as bytes. Its sealed bytes are bound to them."""
    faults = "".join(_text(fault["code"]) + _text(fault["field"]) for fault in envelope["faults"])
    return (
        f"{_text(envelope['kind'])}{_source(envelope['source'])}{len(envelope['faults'])}|{faults}"
        f"{envelope['size']}|{envelope['reading']}|{envelope['read_at_ms']}|"
    ).encode() + b"".join(
        (
            envelope["record_id"],
            envelope["row_id"],
            envelope["source"]["content"],
            envelope["digest"] or b"",
            envelope["subject_id"],
        )
    )


def _source(source: dict[str, Any]) -> str:
    return f"{_text(source['system'])}{source['version']}|{source['revision']}|{source['operation']}|"


def _text(value: str) -> str:
    return f"{len(value)}:{value}|"


def part_binding(opened: bytes, subject_id: bytes, role: str, root: bytes) -> bytes:
    """The bytes to which a part's ciphertext is bound: the record's open part, the subject, its role, the
    commitment."""
    return opened + subject_id + role.encode() + root
