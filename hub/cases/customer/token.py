"""The application's own token: the one who has it sees the progress and rates the service. It is a keyed digest of the
application's id, so nothing is stored, and every process of the hub knows it."""

import hmac
from base64 import urlsafe_b64encode
from typing import Final

PREFIX: Final = "oca_"
"""What an application's token begins with; that of a client begins with ``oct_``."""
_DIGEST_BYTES: Final = 24
"""192 bits: they cannot be guessed."""
_DOMAIN: Final = b"application-token-v1\n"


class ApplicationTokens:
    """Makes and checks tokens under ``key``, 32 secret bytes that all hubs of an installation share. Pure."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def text(self, case_id: bytes) -> str:
        """The token of an application: the same each time."""
        digest = hmac.digest(self._key, _DOMAIN + case_id, "sha256")[:_DIGEST_BYTES]
        return PREFIX + urlsafe_b64encode(digest).decode()

    def opens(self, text: str, case_id: bytes) -> bool:
        """Whether this is the token of that application. It takes the same time for every text of one length."""
        return hmac.compare_digest(text.encode("utf-8", "replace"), self.text(case_id).encode())
