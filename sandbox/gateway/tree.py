"""Hash tree over a page's records (RFC 9162 §2.1) and the signature over its root."""

import base64
from collections.abc import Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def leaf_hash(text: str) -> bytes:
    """SHA-256(0x00 ∥ UTF-8 of the record's text)."""
    return sha256(b"\x00" + text.encode()).digest()


def root_and_paths(leaves: Sequence[bytes]) -> tuple[bytes, list[list[bytes]]]:
    """The root, and for each leaf the siblings on its way up.

    A last node without sibling rises as it is, which is RFC 9162's tree.
    """
    paths: list[list[bytes]] = [[] for _ in leaves]
    level = list(leaves)
    depth = 0
    while len(level) > 1:
        for index, path in enumerate(paths):
            sibling = (index >> depth) ^ 1
            if sibling < len(level):
                path.append(level[sibling])
        pairs = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = [*pairs, level[-1]] if len(level) % 2 else pairs
        depth += 1
    return (level[0] if level else sha256(b"").digest()), paths


class PageSigner:
    """The gateway's Ed25519 key, made from the seed: a secret of a world that does not exist. ``following``: the key
    that it will have next."""

    def __init__(self, seed: int, following: bool = False) -> None:
        mark = " next" if following else ""
        self._key = Ed25519PrivateKey.from_private_bytes(sha256(f"onecert sandbox key {seed}{mark}".encode()).digest())
        self.key_id = f"sandbox-{seed}{mark.replace(' ', '-')}"

    @property
    def public_key(self) -> str:
        """Base64 of the raw public key."""
        return base64.b64encode(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def sign(self, root: str, size: int, signed_at: str) -> str:
        """Base64 signature over the page's head."""
        return base64.b64encode(self._key.sign(f"onecert-page-v1\n{root}\n{size}\n{signed_at}".encode())).decode()
