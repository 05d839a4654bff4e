"""Tickets of the identity service: what one says, and whether it is for this application and this person.

    BASE64URL(statement, JSON) "." BASE64URL(Ed25519 signature)

The service signs that a person was checked, by face or at a counter, for one application. A ticket of a face check with
the result only names no one: the applicant types the number, and the ticket has a keyed digest of the number, so that
it vouches for this number and for no other. No picture is ever part of it. The statement has no public form
(《国家网络身份认证公共服务管理办法》): this one is ours, and the connector of an identity service makes it.
"""

import hmac
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.clock import CHINA, SKEW_S
from hub.codec.json_object import read_json
from hub.errors import RecordRejected
from hub.records.identifiers import resident_id_18

FACE_RESULT: Final = "FACE_RESULT"
FACE_PLAINTEXT: Final = "FACE_PLAINTEXT"
COUNTER: Final = "COUNTER"
MODES: Final = (FACE_RESULT, FACE_PLAINTEXT, COUNTER)
"""By face with the result only; by face with the separate consent to name the person; by a clerk at a counter."""
APPLICANT: Final = "APPLICANT"
AGENT: Final = "AGENT"
"""Who was checked: the applicant, or the one who acts for the applicant."""
TICKET_CHARACTERS_MAX: Final = 2_000
"""Most characters of a ticket."""
TICKET_LIFE_MAX_S: Final = 1_800
"""A ticket is good for so many seconds at most, also when it says more."""
DOMAIN: Final = b"onecert-ticket-v1\n"
"""What stands before the statement when it is signed: no other signature of the service can pass for a ticket."""
_SERIAL = re.compile(r"(?!(.)\1+$)[0-9A-F]{16,64}")
_TEXTS = ("serial", "mode", "result", "time", "until", "channel", "externalNo", "holder", "keyId")
KeyOf = Callable[[str, str], bytes | None]
"""(Key id, time of the signature in ISO 8601) → the raw Ed25519 public key, 32 bytes, if it is trusted at that time."""


class Matter(NamedTuple):
    """What a ticket is presented for: an application by its channel and number, and the people that it may be about:
    who → resident ID."""

    channel: str
    external_no: str
    persons: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that was checked. ``person``: who of the matter was checked. ``until_ms``: process time, ms since the
    epoch. ``text``: as it was presented."""

    serial: str
    mode: str
    person: str
    until_ms: int
    text: str


def check(text: str, matter: Matter, key_of: KeyOf, now_ms: int) -> Ticket:
    """The ticket in ``text``, if it is for ``matter`` and good at ``now_ms`` (process time).

    Raises ``RecordRejected``: TICKET_FORM, TICKET_SIGNATURE (also for a key that is not trusted), TICKET_EXPIRED,
    TICKET_OTHER_APPLICATION, TICKET_OTHER_PERSON, TICKET_NO_MATCH (the service found another person),
    TICKET_NO_CONSENT (plaintext without separate consent).
    """
    signed, said = _read(text, key_of)
    if not signed:
        raise _refused("TICKET_SIGNATURE")
    until_ms = _until_ms(said, now_ms)
    if (said["channel"], said["externalNo"]) != (matter.channel, matter.external_no):
        raise _refused("TICKET_OTHER_APPLICATION")
    person = _person(said, matter)
    if said["result"] != "MATCH":
        raise _refused("TICKET_NO_MATCH")
    if said["mode"] == FACE_PLAINTEXT and said.get("consent") is not True:
        raise _refused("TICKET_NO_CONSENT")
    return Ticket(said["serial"], said["mode"], person, until_ms, text)


def _person(said: Mapping[str, Any], matter: Matter) -> str:
    """Who of the matter the ticket is about. Raises ``RecordRejected`` (TICKET_OTHER_PERSON)."""
    for who, number in matter.persons.items():
        if hmac.compare_digest(said["holder"].encode(), holder_digest(said["serial"], number).encode()):
            return who
    raise _refused("TICKET_OTHER_PERSON")


def holder_digest(serial: str, resident_id: str) -> str:
    """HMAC-SHA256 of the number of 18 characters under the ticket's serial number, hexadecimal: it names the person to
    no one who does not know both.

    >>> holder_digest("S", "360426910101007") == holder_digest("S", "360426199101010071")
    True
    """
    return hmac.digest(serial.encode(), resident_id_18(resident_id).encode(), "sha256").hex()


def _refused(code: str) -> RecordRejected:
    return RecordRejected(code, "ticket")


def _read(text: str, key_of: KeyOf) -> tuple[bool, Mapping[str, Any]]:
    """Whether a trusted key signed it, and the statement."""
    try:
        first, _, second = text.partition(".")
        statement, signature = _decoded(first), _decoded(second)
        said = read_json(statement)
    except (ValueError, RecordRejected):
        raise _refused("TICKET_FORM") from None
    texts = all(isinstance(said.get(name), str) for name in _TEXTS)
    if not texts or said["mode"] not in MODES or not _SERIAL.fullmatch(said["serial"]) or not said["holder"].isascii():
        raise _refused("TICKET_FORM")
    return _signed(key_of(said["keyId"], said["time"]), signature, statement), said


def _decoded(text: str) -> bytes:
    """Base64 for URLs without padding (RFC 4648 §5), strictly. Raises ``ValueError``."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise ValueError
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _signed(key: bytes | None, signature: bytes, statement: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key or b"").verify(signature, DOMAIN + statement)
    except (InvalidSignature, ValueError):
        return False
    return True


def _until_ms(said: Mapping[str, Any], now_ms: int) -> int:
    """Until when it is good. Raises ``RecordRejected`` when that is over, or when it was made in the future."""
    made_s, until_s = _seconds(said["time"]), _seconds(said["until"])
    until_ms = int(min(until_s, made_s + TICKET_LIFE_MAX_S) * 1000)
    if made_s * 1000 > now_ms + SKEW_S * 1000 or until_ms <= now_ms:
        raise _refused("TICKET_EXPIRED")
    return until_ms


def _seconds(text: str) -> float:
    """Seconds since the epoch of an ISO 8601 time; without an offset it is China's."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).timestamp()
    except (ValueError, OverflowError):
        raise _refused("TICKET_FORM") from None
