"""What a sink answered, made fit to store and to show, for every sink alike: from outside come texts of any length with
any character."""

import re
from datetime import datetime

from hub.errors import Unconfirmed
from hub.ports import OPEN_CODE, Receipt, Refused
from hub.records import text

RECEIPT_NUMBER_MAX = 64
"""Characters of a receipt's number."""
REFUSAL_WORDS_MAX = 2_000
"""Characters of a sink's own words that are stored; the rest is cut."""
_TIME_MAX = 40
# Java's ZonedDateTime names the zone after the offset.
_ZONE = re.compile(r"\[[A-Za-z0-9_/+-]{1,40}\]$")


def receipt(given: Receipt) -> Receipt:
    """The receipt with a number of at most ``RECEIPT_NUMBER_MAX`` characters, none of them hidden. A time that is not
    ISO 8601 becomes "": the number is the acknowledgement. Raises ``Unconfirmed`` for a number that is none.

    >>> receipt(Receipt(" A1", "2026-11-26T12:00:00.000000+08:00[Asia/Shanghai]"))
    Receipt(number='A1', received_at='2026-11-26T12:00:00.000000+08:00')
    """
    number = text.label(str(given.number), RECEIPT_NUMBER_MAX)
    if not number:
        raise Unconfirmed("acknowledged with a number that cannot be one")
    return Receipt(number, _time(str(given.received_at)))


def _time(said: str) -> str:
    if len(said) > 2 * _TIME_MAX:
        return ""
    bare = _ZONE.sub("", text.strip(said))
    try:
        datetime.fromisoformat(bare)
    except ValueError:
        return ""
    return bare if len(bare) <= _TIME_MAX and bare.isascii() else ""


def code(refused: Refused) -> str | None:
    """The sink's code, if it may be open; ``None`` if it must be sealed with the words."""
    said = str(refused.code)
    return said if OPEN_CODE.fullmatch(said) else None


def words(said: object) -> str:
    """A sink's words for a person: one line of at most ``REFUSAL_WORDS_MAX`` characters, without hidden characters and
    lone surrogates.

    >>> words("no\\x00 \\ud800\\nbad")
    'no� � bad'
    """
    known = str(said)[: REFUSAL_WORDS_MAX + 1]
    shown = "".join(
        " " if one in "\t\r\n" else one if text.is_plain(one) else "\N{REPLACEMENT CHARACTER}" for one in known
    )
    return shown if len(known) <= REFUSAL_WORDS_MAX else f"{shown[:-2]}…"
