"""A signature counts once: its nonce is stored in the transaction that takes what was sent, until the signature is too
old to count. So a call that was not carried out can be sent again as it is, and one that was cannot.
"""

from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, delete, select

from hub.ports import Clock
from hub.stores import bulk
from hub.web.signatures.check import CREATED_WITHIN_S, SignatureRefused, Signed
from hub.web.signatures.tables import used_nonce

FORGOTTEN_MAX: Final = 200
"""Nonces that are forgotten by one call: more than it adds, so that the table holds those of some minutes."""
_MARGIN_S: Final = 60
"""Clocks of the hubs of one installation may differ by less."""
_BYTES: Final = 16


class Nonces:
    """The nonces in the store, of all hubs that share it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def use(self, signed: Signed, connection: Connection) -> None:
        """Use up the nonce of a signature, in the caller's transaction. Raises ``SignatureRefused`` (SIGNATURE_USED)
        when it was used before."""
        until_ms = (signed.created_s + CREATED_WITHIN_S + _MARGIN_S) * 1000
        nonce_id = sha256(f"{signed.key_id}\n{signed.nonce}".encode()).digest()[:_BYTES]
        self._forget(connection)
        values: dict[str, list[Any]] = {"nonce_id": [nonce_id], "key_id": [signed.key_id], "until_ms": [until_ms]}
        if not bulk.add(connection, used_nonce, values):
            raise SignatureRefused("SIGNATURE_USED")

    def _forget(self, connection: Connection) -> None:
        old = select(used_nonce.c.nonce_id).where(used_nonce.c.until_ms < self._clock.process_ms())
        few = old.order_by(used_nonce.c.until_ms).limit(FORGOTTEN_MAX)
        connection.execute(delete(used_nonce).where(used_nonce.c.nonce_id.in_(few.scalar_subquery())))
