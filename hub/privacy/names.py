"""The opaque ids by which what a utility reports is linked to a case: of the numbers of an application, and of events.
They reveal neither (P5)."""

import hmac
from collections.abc import Callable, Sequence
from typing import Final

from hub.ports import KeyVault
from hub.privacy.references import References, read_number
from hub.records.identifiers import Identity, identity_of
from hub.records.kinds import identity_within

APPLICATION_NO: Final = "utility.application-no"
APP_NO: Final = "utility.app-no"
ID_BYTES: Final = 16


class Names:
    """The names of one installation. ``references``: a sink's name → the references for it; ``key``: 32 secret bytes.
    The methods that ask the vault raise as ``KeyVault`` does."""

    def __init__(self, vault: KeyVault, references: Callable[[str], References], key: bytes) -> None:
        self._vault = vault
        self._references = references
        self._key = key

    def identify(self, identities: Sequence[Identity]) -> list[bytes]:
        """The opaque id of each number, made where there is none yet."""
        return self._vault.identify(identities) if identities else []

    def find(self, identity: Identity) -> bytes | None:
        """The opaque id of a number; ``None`` for one that was not named before."""
        return self._vault.find([identity])[0]

    def hub_number(self, sink: str, case_id: bytes) -> Identity:
        """The hub's number of a case at a sink."""
        identity = identity_of(APPLICATION_NO, self._references(sink).hub_number(case_id))
        assert identity is not None, "a number of 14 characters tells one case from another"
        return identity

    def event(self, authority: str, event_id: str, action: str = "") -> bytes:
        """The opaque id of an event at an authority, 16 bytes. With ``action``, of one that a row of a table tells of
        beside others. The same event over two ways has the same id."""
        parts = (text.encode("utf-8", "surrogatepass") for text in (authority, event_id, action))
        # Each part has its length before it: two different lists never give the same bytes.
        message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self._key, message, "sha256")[:ID_BYTES]


def hubs_number(text: str) -> Identity | None:
    """The hub's number of an application, as a person or a system wrote it; ``None`` for a text that is none."""
    number = read_number(text)
    return identity_of(APPLICATION_NO, number) if number else None


def utility_number(authority: str, app_no: str) -> Identity | None:
    """The utility's own number of an application; ``None`` for a text that is no number."""
    identity = identity_of(APP_NO, app_no)
    return identity_within(identity, authority) if identity else None
