"""Rows that sources send by themselves, and the nonces of their signatures."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "sent_row",
        sa.Column("record_id", sa.LargeBinary(16), nullable=False),
        sa.Column("row_id", sa.LargeBinary(16), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("first", sa.Boolean()),
        sa.Column("sent_ms", sa.BigInteger(), nullable=False),
        sa.Column("again", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_sent_row")),
        sqlite_with_rowid=False,
    )
    op.create_index("ux_sent_row_first", "sent_row", ["row_id", "first"], unique=True)
    op.create_index("ix_sent_row_source", "sent_row", ["source"])
    op.create_table(
        "used_nonce",
        sa.Column("nonce_id", sa.LargeBinary(16), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("nonce_id", name=op.f("pk_used_nonce")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_used_nonce_until_ms", "used_nonce", ["until_ms"])
