"""Signs the calls to the hub: HTTP message signatures (RFC 9421) with Ed25519 over the digest of the body (RFC 9530).

Written apart from the hub's own reader, so that each is tested by the other.
"""

import time
import uuid
from base64 import b64encode
from hashlib import sha256
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_ID = "crm-sandbox"


class CallSigner:
    """The key of the utility's system, derived from the seed."""

    def __init__(self, seed: int) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(sha256(f"onecert sandbox steps {seed}".encode()).digest())

    @property
    def public_key(self) -> str:
        """As a hub trusts it: ID=BASE64."""
        return f"{KEY_ID}={b64encode(self._key.public_key().public_bytes_raw()).decode()}"

    def verify(self, signature: bytes, text: bytes) -> None:
        """Raises ``InvalidSignature`` for what this key did not sign."""
        self._key.public_key().verify(signature, text)

    def headers(
        self, method: str, url: str, body: bytes, created_s: int | None = None, nonce: str = ""
    ) -> dict[str, str]:
        """The headers of one call; each has a new nonce, unless one is given."""
        split, digest = urlsplit(url), f"sha-256=:{b64encode(sha256(body).digest()).decode()}:"
        created = int(time.time()) if created_s is None else created_s
        covered = ("@method", "@authority", "@path", "content-digest")
        what = f"({' '.join(f'{chr(34)}{one}{chr(34)}' for one in covered)});created={created}"
        what += f';nonce="{nonce or uuid.uuid4().hex}";keyid="{KEY_ID}";alg="ed25519"'
        values = (method, split.netloc.lower(), split.path or "/", digest)
        lines = [f'"{name}": {value}' for name, value in zip(covered, values, strict=True)]
        signed = "\n".join([*lines, f'"@signature-params": {what}'])
        signature = b64encode(self._key.sign(signed.encode())).decode()
        return {
            "Content-Type": "application/json",
            "Content-Digest": digest,
            "Signature-Input": f"sig={what}",
            "Signature": f"sig=:{signature}:",
        }
