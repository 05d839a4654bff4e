"""The tokens of the API, hashed."""

from sqlalchemy import BigInteger, Column, String, Table, Text

from hub.stores.tables import Opaque, metadata

token = Table(
    "token",
    metadata,
    Column("token_id", String(16), primary_key=True),
    Column("client", String(64), nullable=False, doc="name that the operator gave to the system that uses it"),
    Column("hash", Opaque(32), nullable=False, doc="SHA-256 of a 256-bit random secret"),
    Column("scopes", String(256), nullable=False, doc="space-separated"),
    Column("channels", Text, nullable=False, doc="space-separated; the only ones that it may use"),
    Column("created_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
)
