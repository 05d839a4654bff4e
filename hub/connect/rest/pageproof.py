"""Signed pages: one Ed25519 signature (RFC 8032) over a Merkle root (RFC 9162 §2.1), and a path from each record to it.

A page is checked when it is fetched; one that was cut or changed, or was signed long ago, is fetched again. The path
of a record is stored with the record and checked later by the rules. So a single record that was changed after signing
is rejected, and the others of its page are not.
"""

import struct
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.clock import CHINA
from hub.codec.merkle import EMPTY_ROOT, leaf_hash, root_from_path
from hub.connect.trust import TrustedKeys, counts, trusted_key
from hub.errors import Unavailable

ProofState = Literal["valid", "invalid", "missing"]

# A row's proof: version, index, length of the head, the head, then the path's 32-byte nodes.
_FRONT = struct.Struct(">BIH")
_VERSION = 1
_NODE = 32
FRESH_MAX_S = 300
"""Largest difference between the time of a page's signature and now, seconds."""
_PAGES_REMEMBERED = 4_096
TEXT_MAX = 200
"""Characters of the root, of the time and of the key's name on a page. What is longer is malformed, and not cached."""
HEAD_BYTES_MAX = 1_024
_HEAD_LINES = 5


@dataclass(frozen=True, slots=True)
class PageHead:
    """What a page's signature covers, and the signature (64 bytes). ``root``: hexadecimal. ``size``: records.
    ``signed_at``: the source's time, as text."""

    root: str
    size: int
    signed_at: str
    key_id: str
    signature: bytes

    def message(self) -> bytes:
        """The signed bytes: four lines, the first names the format."""
        return f"onecert-page-v1\n{self.root}\n{self.size}\n{self.signed_at}".encode()

    def pack(self) -> bytes:
        """The head with its signature as bytes. Each row of the page carries them in its proof."""
        return "\n".join((self.root, str(self.size), self.signed_at, self.key_id, self.signature.hex())).encode()


def head_of(page: Mapping[str, object]) -> PageHead:
    """The head of a page: its keys root, size, signedAt, keyId and signature (Base64).

    Raises ``Unavailable`` when one is missing or malformed: the page is fetched again.
    """
    try:
        root, size, signed_at = str(page["root"]), page["size"], str(page["signedAt"])
        key_id, signature = str(page["keyId"]), b64decode(str(page["signature"]), validate=True)
    except (KeyError, ValueError):  # not base64, or not even ASCII
        raise Unavailable("the page carries no complete signature") from None
    texts = all(text.isascii() and "\n" not in text and len(text) <= TEXT_MAX for text in (root, signed_at, key_id))
    if not isinstance(size, int) or not 0 <= size < 2**31 or len(signature) != 64 or not texts:
        raise Unavailable("the page's signature is malformed")
    return PageHead(root, size, signed_at, key_id, signature)


def check_page(head: PageHead, items: int, trusted_keys: TrustedKeys, now_ms: int) -> None:
    """Check a page of ``items`` records by its signature, and that it was signed within ``FRESH_MAX_S`` of ``now_ms``
    (process time).

    Raises ``Misconfigured`` for a key that is not trusted, ``Unavailable`` when the number of records, the signature or
    its time does not agree: the page is fetched again.
    """
    key = trusted_key(trusted_keys, head.key_id, head.signed_at, "the source signs", "source")
    if head.size != items or (not items and head.root != EMPTY_ROOT.hex()):
        raise Unavailable("the page holds another number of records than was signed")
    if not _signed(head.pack(), key):
        raise Unavailable("the page's signature is not valid")
    _check_fresh(head.signed_at, now_ms)


def _check_fresh(signed_at: str, now_ms: int) -> None:
    """A page that was signed long ago is right and says nothing about now: a cache or a replica may have it."""
    try:
        signed = datetime.fromisoformat(signed_at)
    except ValueError:
        raise Unavailable("the page's time of signature (signedAt) is no time") from None
    if signed.tzinfo is None:
        signed = signed.replace(tzinfo=CHINA)
    age_s = now_ms / 1000 - signed.timestamp()
    if abs(age_s) > FRESH_MAX_S:
        how = "ago: a cache or a replica that is behind gave it" if age_s > 0 else "ahead of now"
        raise Unavailable(
            f"the page was signed {abs(age_s):.0f} s {how}; {FRESH_MAX_S} s are allowed; see this machine's clock"
        )


def pack_proof(head: bytes, index: object, path: object) -> bytes:
    """The proof of one row: the page's packed head, the row's index and its path (hexadecimal nodes).

    A malformed ``index`` or ``path`` gives a proof that ``check_row_proof`` finds invalid. So only this row of the page
    is rejected.
    """
    try:
        nodes = b"".join(bytes.fromhex(node) for node in path)  # type: ignore[attr-defined]
        return _FRONT.pack(_VERSION, index, len(head)) + head + nodes
    except (TypeError, ValueError, struct.error):
        return _FRONT.pack(0, 0, len(head)) + head


def check_row_proof(raw: bytes, proof: bytes, trusted_keys: TrustedKeys) -> ProofState:
    """Whether ``raw`` is a leaf of a page that a trusted key signed, on one of its days. Takes 5 µs: the result of a
    page's signature is cached."""
    if not proof:
        return "missing"
    if len(proof) < _FRONT.size:
        return "invalid"
    version, index, length = _FRONT.unpack_from(proof)
    if length > HEAD_BYTES_MAX:
        return "invalid"
    head, nodes = proof[_FRONT.size : _FRONT.size + length], proof[_FRONT.size + length :]
    signed = _signed_tree(head, _key_of(head, trusted_keys)) if version == _VERSION else None
    if signed is None or len(nodes) % _NODE:
        return "invalid"
    size, root = signed
    path = [nodes[place : place + _NODE] for place in range(0, len(nodes), _NODE)]
    return "valid" if root_from_path(leaf_hash(raw), index, size, path) == root else "invalid"


def _key_of(head: bytes, trusted_keys: TrustedKeys) -> bytes:
    parts = head.decode("ascii", "replace").split("\n")
    if len(parts) != _HEAD_LINES:
        return b""
    key = trusted_keys.get(parts[3], b"")
    return key if counts(key, parts[2]) else b""


@lru_cache(maxsize=_PAGES_REMEMBERED)
def _signed_tree(head: bytes, public_key: bytes) -> tuple[int, bytes] | None:
    """(Size, root) of a page, or ``None`` when its signature is not valid."""
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
