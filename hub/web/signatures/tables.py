"""The nonces of signatures that were used."""

from sqlalchemy import BigInteger, Column, String, Table

from hub.stores.tables import ID, metadata

used_nonce = Table(
    "used_nonce",
    metadata,
    Column("nonce_id", ID, primary_key=True, doc="digest of the key's id and the nonce"),
    Column("key_id", String(64), nullable=False, doc="of the public key"),
    Column("until_ms", BigInteger, nullable=False, index=True, doc="a signature with it is too old from then on"),
    sqlite_with_rowid=False,
)
