"""Tickets: the service signs that a person was checked for one application. No picture is in them, and with the result
only no number either."""

import hmac
import json
import secrets
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sandbox.errors import Misconfigured
from sandbox.world.digits import from_legacy

MODES = ("FACE_RESULT", "FACE_PLAINTEXT", "COUNTER")
LIFE_S = 600
_DOMAIN = b"onecert-ticket-v1\n"


class Issuer:
    """The service's Ed25519 key, made from the seed, and the tickets that it signs."""

    def __init__(self, seed: int) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(sha256(f"onecert sandbox identity {seed}".encode()).digest())
        self.key_id = f"identity-{seed}"

    @property
    def public_key(self) -> str:
        """Base64 of the raw public key."""
        return b64encode(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def ticket(self, channel: str, external_no: str, id_number: str, mode: str = MODES[0], **other: Any) -> str:
        """A ticket for one application and one person, good for ``LIFE_S`` seconds from now. ``other`` replaces parts
        of its statement. Raises ``Misconfigured`` for an unknown mode."""
        if mode not in MODES:
            raise Misconfigured(f"no mode {mode!r}", "choose one of " + ", ".join(MODES))
        serial, now = secrets.token_hex(12).upper(), datetime.now(UTC)
        said: dict[str, Any] = {
            "serial": serial,
            "mode": mode,
            "result": "MATCH",
            "time": now.isoformat(timespec="milliseconds"),
            "until": (now + timedelta(seconds=LIFE_S)).isoformat(timespec="milliseconds"),
            "channel": channel,
            "externalNo": external_no,
            "holder": holder(serial, id_number),
            "keyId": self.key_id,
        }
        said |= {"consent": True} if mode == "FACE_PLAINTEXT" else {}
        return self.sign(said | other)

    def sign(self, said: dict[str, Any]) -> str:
        """The statement with its signature."""
        statement = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        return f"{_text(statement)}.{_text(self._key.sign(_DOMAIN + statement))}"

    def read(self, ticket: str) -> dict[str, Any] | None:
        """The statement of a ticket that this service signed; ``None`` for anything else."""
        try:
            statement, signature = (urlsafe_b64decode(one + "=" * (-len(one) % 4)) for one in ticket.split("."))
            self._key.public_key().verify(signature, _DOMAIN + statement)
            said = json.loads(statement)
        except (InvalidSignature, ValueError):
            return None
        return said if isinstance(said, dict) else None

    def page_signature(self, message: bytes) -> str:
        """Base64 signature over the head of a page."""
        return b64encode(self._key.sign(message)).decode()


def holder(serial: str, id_number: str) -> str:
    """The person in a ticket: a digest of the number, keyed with the serial number."""
    return hmac.digest(serial.encode(), from_legacy(id_number).encode(), "sha256").hex()


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
