"""Signed pages: one Ed25519 signature over a Merkle root (RFC 9162 §2.1), and a path from each record to it.

The page is checked when it is fetched: one that was cut or forged is fetched again. A record's own path is kept with
the record and judged later, so that a record that was changed after signing is refused by name while its neighbours
flow on.
"""

import binascii
import struct
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.codec.merkle import EMPTY_ROOT, leaf_hash, root_from_path
from hub.errors import Misconfigured, Unavailable

ProofState = Literal["valid", "invalid", "missing"]
TrustedKeys = Mapping[str, bytes]
"""Key id → raw Ed25519 public key, 32 bytes."""

# A row's proof: version, index, length of the head, the head, then the path's 32-byte nodes.
_FRONT = struct.Struct(">BIH")
_VERSION = 1
_NODE = 32
_PAGES_REMEMBERED = 4_096


@dataclass(frozen=True, slots=True)
class PageHead:
    """What a page's signature covers, and the signature."""

    root: str
    size: int
    signed_at: str
    key_id: str
    signature: bytes

    def message(self) -> bytes:
        return f"onecert-page-v1\n{self.root}\n{self.size}\n{self.signed_at}".encode()

    def pack(self) -> bytes:
        """The head as bytes: what every row of the page carries."""
        return "\n".join((self.root, str(self.size), self.signed_at, self.key_id, self.signature.hex())).encode()


def head_of(page: Mapping[str, object]) -> PageHead:
    """The head of a page as the gateway sends it. Raises ``Unavailable`` when it is not one: a broken answer is asked
    for again."""
    try:
        root, size, signed_at = str(page["root"]), page["size"], str(page["signedAt"])
        key_id, signature = str(page["keyId"]), b64decode(str(page["signature"]), validate=True)
    except (KeyError, binascii.Error):
        raise Unavailable("the page carries no complete signature") from None
    texts = (root, signed_at, key_id)
    if not isinstance(size, int) or len(signature) != 64 or any(not text.isascii() or "\n" in text for text in texts):
        raise Unavailable("the page's signature is malformed")
    return PageHead(root, size, signed_at, key_id, signature)


def check_page(head: PageHead, items: int, trusted_keys: TrustedKeys) -> None:
    """Raises ``Unavailable`` for a page that is not what was signed, ``Misconfigured`` for a key that nobody told us
    to trust."""
    if head.key_id not in trusted_keys:
        raise Misconfigured(
            "the source signs with a key that is not trusted", "verify the new key with the source and add it"
        )
    if head.size != items or (not items and head.root != EMPTY_ROOT.hex()):
        raise Unavailable("the page holds another number of records than was signed")
    if not _signed(head.pack(), trusted_keys[head.key_id]):
        raise Unavailable("the page's signature does not hold")


def pack_proof(head: bytes, index: object, path: object) -> bytes:
    """A row's proof. What is malformed in ``index`` or ``path`` makes a proof that no check accepts, so that the row
    is judged by it."""
    try:
        nodes = b"".join(bytes.fromhex(node) for node in path)  # type: ignore[attr-defined]
        return _FRONT.pack(_VERSION, index, len(head)) + head + nodes
    except (TypeError, ValueError, struct.error):
        return _FRONT.pack(0, 0, len(head)) + head


def check_row_proof(raw: bytes, proof: bytes, trusted_keys: TrustedKeys) -> ProofState:
    """Whether ``raw`` is a leaf of a page that a trusted key signed. A page's signature is checked once and
    remembered; 5 µs a row."""
    if not proof:
        return "missing"
    if len(proof) < _FRONT.size:
        return "invalid"
    version, index, length = _FRONT.unpack_from(proof)
    head, nodes = proof[_FRONT.size : _FRONT.size + length], proof[_FRONT.size + length :]
    signed = _signed_tree(head, _key_of(head, trusted_keys)) if version == _VERSION else None
    if signed is None or len(nodes) % _NODE:
        return "invalid"
    size, root = signed
    path = [nodes[place : place + _NODE] for place in range(0, len(nodes), _NODE)]
    return "valid" if root_from_path(leaf_hash(raw), index, size, path) == root else "invalid"


def _key_of(head: bytes, trusted_keys: TrustedKeys) -> bytes:
    parts = head.split(b"\n")
    return trusted_keys.get(parts[3].decode("ascii", "replace"), b"") if len(parts) == 5 else b""


@lru_cache(maxsize=_PAGES_REMEMBERED)
def _signed_tree(head: bytes, public_key: bytes) -> tuple[int, bytes] | None:
    """Size and root of a page whose signature holds."""
    if not public_key or not _signed(head, public_key):
        return None
    root, size, *_ = head.decode("ascii").split("\n")
    return int(size), bytes.fromhex(root)


@lru_cache(maxsize=_PAGES_REMEMBERED)
def _signed(head: bytes, public_key: bytes) -> bool:
    try:
        root, size, signed_at, key_id, signature = head.decode("ascii").split("\n")
        message = PageHead(root, int(size), signed_at, key_id, b"").message()
        Ed25519PublicKey.from_public_bytes(public_key).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def trusted_keys_of(options: Mapping[str, object]) -> dict[str, bytes]:
    """The keys that a connector's settings name: ``key_id`` and ``public_key``, and more in ``public_keys`` as
    ``id=base64`` words.

    Raises ``Misconfigured``.
    """
    words = [f"{options['key_id']}={options['public_key']}"] if options.get("key_id") else []
    words += str(options.get("public_keys") or "").split()
    return dict(_trusted(word) for word in words)


def _trusted(word: str) -> tuple[str, bytes]:
    key_id, _, text = word.partition("=")
    try:
        key = b64decode(text, validate=True)
        Ed25519PublicKey.from_public_bytes(key)
    except ValueError:
        raise Misconfigured(f"the public key {key_id!r} is no Ed25519 key", "give the 32 raw bytes as base64") from None
    return key_id, key
