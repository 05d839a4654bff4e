"""Trusted keys: the public keys by which a source signs, each with the days on which its signatures count.

A key that replaces another one is added before the source uses it, and the former one stays until its last day, also
for records that were signed by it: so a change of keys stops no feed and rejects nothing.
"""

from base64 import b64decode
from collections.abc import Mapping
from datetime import date, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.clock import CHINA
from hub.errors import Misconfigured


class TrustedKey(bytes):
    """A raw Ed25519 public key (RFC 8032, 32 bytes). What it signed from ``since`` to ``until`` counts, both days
    included, Beijing time; ``None``: without that end."""

    since: date | None = None
    until: date | None = None

    @classmethod
    def dated(cls, raw: bytes, since: date | None, until: date | None) -> "TrustedKey":
        """The key with its days."""
        key = cls(raw)
        key.since, key.until = since, until
        return key

    @property
    def term(self) -> str:
        """Its days, as they are in the settings."""
        return f"{self.since or ''}..{self.until or ''}"


TrustedKeys = Mapping[str, bytes]
"""Key id → key. A key that is no ``TrustedKey`` has no days."""


def counts(key: bytes, signed_at: str) -> bool:
    """Whether a signature of this time (ISO 8601, Beijing time where it has no zone) by ``key`` counts.

    >>> key = TrustedKey.dated(bytes(32), date(2026, 11, 1), None)
    >>> counts(key, "2026-11-01T00:00:00+08:00"), counts(key, "2026-10-31T23:59:59"), counts(bytes(32), "")
    (True, False, True)
    """
    since, until = (getattr(key, name, None) for name in ("since", "until"))
    if since is None and until is None:
        return True
    try:
        signed = datetime.fromisoformat(signed_at)
    except ValueError:
        return False
    day = (signed if signed.tzinfo else signed.replace(tzinfo=CHINA)).astimezone(CHINA).date()
    return (since or date.min) <= day <= (until or date.max)


def trusted_key(trusted: TrustedKeys, key_id: str, signed_at: str, said: str, owner: str) -> bytes:
    """The key of a signature of this time. Raises ``Misconfigured`` for a key that is not trusted, or not on that day;
    ``said`` and ``owner`` are words of the message, such as "the source signs" and "source"."""
    key = trusted.get(key_id)
    if key is None:
        raise Misconfigured(
            f"{said} with the key {key_id!r}, which is not trusted",
            f"verify it with the {owner}, add {key_id}=BASE64 to public_keys, and reload the connector",
        )
    if not counts(key, signed_at):
        raise Misconfigured(
            f"{said} with the key {key_id!r} outside its days ({getattr(key, 'term', '')})",
            f"ask the {owner} which key is in force; correct public_keys, and reload the connector",
        )
    return key


def trusted_keys_of(options: Mapping[str, object]) -> dict[str, bytes]:
    """The trusted keys of a connector's settings: ``key_id`` with ``public_key``, and further words in ``public_keys``,
    each ``id=base64``, or ``id=base64@SINCE..UNTIL`` with one or both days. A word there with the id of ``key_id`` and
    the same key gives that one its days. Empty when it has none.

    Raises ``Misconfigured`` for a text that is not an Ed25519 public key, and for days that are none.
    """
    words = [f"{options['key_id']}={options['public_key']}"] if options.get("key_id") else []
    words += str(options.get("public_keys") or "").split()
    found: dict[str, bytes] = {}
    for key_id, key in map(_trusted, words):
        if found.setdefault(key_id, key) != key:
            raise Misconfigured(
                f"two public keys have the id {key_id!r}", "ask the source for its key, and remove the other one"
            )
        found[key_id] = key
    return found


def _trusted(word: str) -> tuple[str, bytes]:
    key_id, _, rest = word.partition("=")
    text, dated, term = rest.partition("@")
    try:
        key = b64decode(text, validate=True)
        Ed25519PublicKey.from_public_bytes(key)
    except ValueError:
        raise Misconfigured(
            f"the public key {key_id!r} is not an Ed25519 key", "give the 32 raw bytes as base64"
        ) from None
    return key_id, TrustedKey.dated(key, *_days(key_id, term)) if dated else TrustedKey(key)


def _days(key_id: str, term: str) -> tuple[date | None, date | None]:
    try:
        since, until = (date.fromisoformat(day) if day else None for day in term.split(".."))
    except ValueError:
        raise Misconfigured(
            f"the days of the public key {key_id!r} cannot be read", "write @2026-11-01..2027-10-31, or one of both"
        ) from None
    if since and until and until < since:
        raise Misconfigured(f"the days of the public key {key_id!r} end before they begin", "correct one of them")
    return since, until
