"""The first tables of every room. Made by ``python -m tests.migration --write``."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.LargeBinary(16)
CODE = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _privacy()
    op.bulk_insert(sa.table("vault_floor", sa.column("one"), sa.column("revision")), [{"one": 1, "revision": revision}])


def downgrade() -> None:
    raise NotImplementedError("restore the backup: there is nothing before the first revision")


def _privacy() -> None:
    op.create_table(
        "data_key",
        sa.Column("id", ID, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_data_key"),
    )
    op.create_table(
        "identity",
        sa.Column("hmac", sa.LargeBinary(32), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.PrimaryKeyConstraint("hmac", name="pk_identity"),
    )
    op.create_index("ix_identity_id", "identity", ["id"], unique=False)
    op.create_table(
        "vault_check",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_vault_check"),
    )
    op.create_table(
        "vault_epoch",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("erasures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_vault_epoch"),
    )
    op.create_table(
        "vault_floor",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_vault_floor"),
    )
