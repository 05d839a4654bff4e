"""Records that wait until one about the same thing is verified."""

import sqlalchemy as sa
from alembic import op

from hub.stores.tables import ID

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "waiting",
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("entity_id", ID, nullable=False),
        sa.Column("waits_for", sa.String(length=64), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "offset", name=op.f("pk_waiting")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_waiting_entity_id"), "waiting", ["entity_id"], unique=False)
