"""What a person may choose from without its being written down: a choice is sealed and given to the caller, who brings
it back with the application."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

from hub.errors import RecordRejected, TamperDetected
from hub.privacy import cipher

CHOICE_CHARACTERS_MAX = 300
"""Most characters of a choice."""


class Choices:
    """Seals choices under ``key``, 32 secret bytes that all hubs of an installation share. Pure."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, value: str, channel: str, external_no: str) -> str:
        """The choice of ``value`` for the application of this channel and number. No other application can use it."""
        sealed = cipher.encrypt(self._key, value.encode(), _bound(channel, external_no))
        return urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, choice: str, channel: str, external_no: str) -> str:
        """The value that was chosen. Raises ``RecordRejected`` (CHOICE_INVALID) for any other text, and for a choice of
        another application."""
        try:
            sealed = urlsafe_b64decode(choice + "=" * (-len(choice) % 4))
            return cipher.decrypt(self._key, sealed, _bound(channel, external_no)).decode()
        except (Error, ValueError, TamperDetected):
            raise RecordRejected("CHOICE_INVALID", "site.choice") from None


def _bound(channel: str, external_no: str) -> bytes:
    return f"{channel}\0{external_no}".encode()
