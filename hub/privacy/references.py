"""References: what a sink gets instead of the hub's own ids (P2, P5).

Each sink has a secret of its own, derived from the master key. A number, key or reference is an HMAC under that
secret. So a sink cannot join its data with a topic, with a table, or with the data of another sink. The hub computes
the same value again at each attempt and does not store it.
"""

import base64
import hmac
import re
from itertools import pairwise

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from hub.privacy.vault import MasterKey

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: without I, L and O, which people confuse with digits, and without U."""
NUMBER_LENGTH = 14
"""13 characters of HMAC (65 bits) and one check character. Among 10^7 cases two have the same number with a
probability of about 10^-6."""
_DELIVERY_ID = re.compile(r"[A-Za-z0-9_-]{48}")
_CASE_BYTES = 16
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
_CONFUSED = str.maketrans("ILO", "110", "- ")
_GROUPS = (0, 5, 9, 14)


class References:
    """The references for one sink. Pure: the same arguments give the same value, in every process."""

    def __init__(self, master: MasterKey, sink: str) -> None:
        self._secret = master.derive(f"sink/{sink}")

    def hub_number(self, case_id: bytes) -> str:
        """The hub's own short number for a case at this sink: 14 characters of ``ALPHABET``, the last one a check
        character. ``grouped`` prints it, ``read_number`` reads it."""
        drawn = int.from_bytes(self._digest("number", case_id)[:9], "big") >> 7
        digits = [drawn >> shift & 31 for shift in range(60, -1, -5)]
        return "".join(ALPHABET[digit] for digit in (*digits, _check_digit(digits)))

    def piece_key(self, case_id: bytes, kind: str, record_id: bytes | None = None, reading: int = 0) -> str:
        """The idempotency key of one piece, 32 hex digits: the same for the same case, kind, record and reading (P2).
        ``record_id`` is ``None`` for a piece that is about no record, such as a registration."""
        return self._digest("piece", case_id, kind.encode(), record_id or b"", str(reading).encode())[:16].hex()

    def record_reference(self, record_id: bytes) -> str:
        """The reference for a record at this sink, 32 hex digits."""
        return self._digest("record", record_id)[:16].hex()

    def delivery_id(self, case_id: bytes, piece: int) -> str:
        """The id that this sink's system answers a piece by, 48 characters: case and number of the piece under AES-SIV
        (RFC 5297), so it is the same at each time, and only the hub makes and reads it."""
        named = case_id + piece.to_bytes(4, "big")
        return base64.urlsafe_b64encode(self._siv().encrypt(named, None)).decode()

    def read_delivery_id(self, text: str) -> tuple[bytes, int] | None:
        """Case and number of the piece in a ``delivery_id`` of this sink; ``None`` for any other text."""
        if not _DELIVERY_ID.fullmatch(text):
            return None
        try:
            named = self._siv().decrypt(base64.urlsafe_b64decode(text), None)
        except InvalidTag:
            return None
        return named[:_CASE_BYTES], int.from_bytes(named[_CASE_BYTES:], "big")

    def _siv(self) -> AESSIV:
        return AESSIV(self._digest("delivery"))

    def _digest(self, use: str, *parts: bytes) -> bytes:
        # Each part has its length before it: two different lists never give the same bytes.
        message = b"".join(len(part).to_bytes(4, "big") + part for part in (use.encode(), *parts))
        return hmac.digest(self._secret, message, "sha256")


def grouped(number: str) -> str:
    """A number in groups, as people read it.

    >>> grouped("7K3M9QPDX2V4TW")
    '7K3M9-QPDX-2V4TW'
    """
    return "-".join(number[start:end] for start, end in pairwise(_GROUPS))


def read_number(text: str) -> str | None:
    """The number that a person typed, in the form of ``hub_number``; ``None`` when it is not a valid one.

    Accepts small letters, blanks and hyphens, I and L as 1, and O as 0. The check character finds each single wrong
    character and each exchange of two characters.
    """
    number = text.upper().translate(_CONFUSED)
    if len(number) != NUMBER_LENGTH or not _VALUES.keys() >= set(number):
        return None
    digits = [_VALUES[letter] for letter in number]
    return number if _check_digit(digits[:-1]) == digits[-1] else None


def _check_digit(digits: list[int]) -> int:
    """The digits as a polynomial over GF(32), evaluated at a generator (a Reed-Solomon check symbol): each position
    has a weight of its own, so a wrong digit and an exchange of two digits both change it."""
    total = 0
    for digit in digits:
        total = _times_generator(total ^ digit)
    return total


def _times_generator(value: int) -> int:
    # GF(32) modulo x^5 + x^2 + 1, whose root x generates all 31 elements but 0.
    shifted = value << 1
    return shifted ^ 0b100101 if shifted > 31 else shifted
