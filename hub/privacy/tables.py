"""The tables of the vault, in a database of their own, and its migrations.

Without the master key they reveal nothing: identifiers are keyed hashes, data keys are wrapped.
"""

from pathlib import Path

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table

from hub.stores.migrate import History
from hub.stores.tables import ID, NAMES, Opaque, floor

metadata = MetaData(naming_convention=NAMES)

identity = Table(
    "identity",
    metadata,
    Column("hmac", Opaque(32), primary_key=True, doc="HMAC-SHA256 of namespace and normalised identifier"),
    Column("id", ID, nullable=False, index=True, doc="opaque id: seconds and random bytes"),
)

data_key = Table(
    "data_key",
    metadata,
    Column("id", ID, primary_key=True),
    Column("wrapped", Opaque, nullable=False, doc="nonce and AES-256-GCM ciphertext of the key, bound to the id"),
)

# Counts erasures, so that every process drops its cached keys when any process erases.
epoch = Table(
    "vault_epoch",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("erasures", Integer, nullable=False),
)

# Tells whether a master key belongs to this vault: another key would silently give each subject a second identity.
check = Table(
    "vault_check",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("value", LargeBinary(32), nullable=False),
)

vault_floor = floor("vault_floor", metadata)

VAULT = History("vault", Path(__file__).parent / "migrations", vault_floor, "vault_version", 7041179)
