"""The clients of the API, and their tokens, hashed."""

from sqlalchemy import BigInteger, Column, String, Table, Text

from hub.stores.tables import Opaque, metadata

client = Table(
    "client",
    metadata,
    Column("client", String(64), primary_key=True, doc="name that the operator gave to the system"),
    Column("channels", Text, nullable=False, doc="space-separated; no other client that has not ended has them"),
    Column("divisions", Text, nullable=False, doc="space-separated codes (GB/T 2260); empty: every division"),
    Column("purposes", Text, nullable=False, doc="space-separated; it may ask for these only"),
    Column("created_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger, doc="its tokens are not valid from then on"),
)

token = Table(
    "token",
    metadata,
    Column("token_id", String(16), primary_key=True),
    Column("client", String(64), nullable=False, doc="the client that it belongs to"),
    Column("hash", Opaque(32), nullable=False, doc="SHA-256 of a 256-bit random secret"),
    Column("scopes", String(256), nullable=False, doc="space-separated"),
    Column("channels", Text, nullable=False, doc="of the client when it was made; read by hubs of revision 0001"),
    Column("created_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Column("expires_ms", BigInteger, doc="null for a token of revision 0001: LIFETIME_DAYS after it was made"),
)
