"""Whether a request was signed by a key that is trusted, now, and for exactly this request.

    Signature-Input, Signature ── one signature ── covers enough? ── its time ── its key ── Ed25519 ── Content-Digest

What is refused here says why by a code, and never repeats what was sent. Whether the signature was used before is said
by ``nonces``, in the transaction that takes what was sent.
"""

import hmac
from datetime import UTC, datetime
from hashlib import sha256, sha512
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from starlette.responses import JSONResponse

from hub.connect.trust import TrustedKeys, counts
from hub.web.problems import Denied, problem
from hub.web.signatures import structured
from hub.web.signatures.message import Message, base
from hub.web.signatures.structured import InnerList, Malformed

CREATED_WITHIN_S: Final = 300
"""How far ``created`` of a signature may be from now, in both directions, seconds."""
KEY_ID_CHARACTERS_MAX: Final = 64
NONCE_CHARACTERS_MAX: Final = 128
NONCE_CHARACTERS_MIN: Final = 16
ALGORITHM: Final = "ed25519"
_NEEDED: Final = frozenset({"@method", "content-digest"})
_TARGETS: Final = (frozenset({"@target-uri"}), frozenset({"@authority", "@path"}))
"""One of these must be covered, so that a signature for one hub, or one route, is none for another."""
_DIGESTS: Final = {"sha-256": sha256, "sha-512": sha512}
ACCEPTED: Final = '("@method" "@authority" "@path" "content-digest");created;nonce;keyid;alg="ed25519"'
"""What a signature should cover (RFC 9421 §5.1)."""


class SignatureRefused(Denied):
    """The request is not signed as it must be. Its ``code`` says why."""

    def answer(self) -> JSONResponse:
        """401 with what is accepted (RFC 9421 §5.1)."""
        return problem(self.code, headers={"WWW-Authenticate": "Signature", "Accept-Signature": f"sig={ACCEPTED}"})


class Signed(NamedTuple):
    """A signature that is valid for its request. ``created_s``: seconds since the epoch, by its signer. ``text`` is
    what was signed, ``signature`` has 64 bytes."""

    key_id: str
    created_s: int
    nonce: str
    text: bytes
    signature: bytes


def check(message: Message, body: bytes, trusted: TrustedKeys, now_s: float) -> Signed:
    """The signature of a request with this body. Raises ``SignatureRefused`` (SIGNATURE_MISSING, SIGNATURE_FORM,
    SIGNATURE_COVERS, SIGNATURE_TIME, SIGNATURE_KEY, SIGNATURE_WRONG, SIGNATURE_DIGEST)."""
    given, signature = _given(message)
    _check_cover(given)
    signed = _signed(message, given, signature)
    _check_time(given, signed, now_s)
    _check_key(signed, trusted)
    _check_digest(message, body)
    return signed


def _given(message: Message) -> tuple[InnerList, bytes]:
    inputs, signatures = message.header("signature-input"), message.header("signature")
    if inputs is None or signatures is None:
        raise SignatureRefused("SIGNATURE_MISSING")
    try:
        found, values = structured.lists(inputs), structured.byte_sequences(signatures)
    except Malformed:
        raise SignatureRefused("SIGNATURE_FORM") from None
    if len(found) != 1 or found.keys() != values.keys():
        raise SignatureRefused("SIGNATURE_FORM")
    return next(iter(found.values())), next(iter(values.values()))


def _check_cover(given: InnerList) -> None:
    covered = set(given.items)
    if not covered >= _NEEDED or not any(covered >= target for target in _TARGETS):
        raise SignatureRefused("SIGNATURE_COVERS")


def _signed(message: Message, given: InnerList, signature: bytes) -> Signed:
    try:
        text = base(message, given)
    except Malformed:
        raise SignatureRefused("SIGNATURE_COVERS") from None
    key_id, created_s, nonce = (given.parameters.get(name) for name in ("keyid", "created", "nonce"))
    if not isinstance(key_id, str) or type(created_s) is not int or not isinstance(nonce, str):
        raise SignatureRefused("SIGNATURE_FORM")
    if len(key_id) > KEY_ID_CHARACTERS_MAX or not NONCE_CHARACTERS_MIN <= len(nonce) <= NONCE_CHARACTERS_MAX:
        raise SignatureRefused("SIGNATURE_FORM")
    if given.parameters.get("alg", ALGORITHM) != ALGORITHM:
        raise SignatureRefused("SIGNATURE_FORM")
    return Signed(key_id, created_s, nonce, text, signature)


def _check_time(given: InnerList, signed: Signed, now_s: float) -> None:
    expires_s = given.parameters.get("expires", signed.created_s + CREATED_WITHIN_S)
    if type(expires_s) is not int:
        raise SignatureRefused("SIGNATURE_FORM")
    if abs(now_s - signed.created_s) > CREATED_WITHIN_S or now_s > expires_s:
        raise SignatureRefused("SIGNATURE_TIME")


def _check_key(signed: Signed, trusted: TrustedKeys) -> None:
    key = trusted.get(signed.key_id)
    if key is None or not counts(key, datetime.fromtimestamp(signed.created_s, UTC).isoformat()):
        raise SignatureRefused("SIGNATURE_KEY")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed.signature, signed.text)
    except InvalidSignature:
        raise SignatureRefused("SIGNATURE_WRONG") from None


def _check_digest(message: Message, body: bytes) -> None:
    """RFC 9530 §2: each digest that is known must agree, and there must be one."""
    try:
        given = structured.byte_sequences(message.header("content-digest") or "")
    except Malformed:
        raise SignatureRefused("SIGNATURE_DIGEST") from None
    known = [(_DIGESTS[name](body).digest(), value) for name, value in given.items() if name in _DIGESTS]
    if not known or not all(hmac.compare_digest(*pair) for pair in known):
        raise SignatureRefused("SIGNATURE_DIGEST")
