"""Positions say which log they belong to: a mark of the last record, and what relay has published."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("projection_offset", sa.Column("marked", sa.BigInteger()))
    op.add_column("projection_offset", sa.Column("mark", sa.LargeBinary(16)))
    op.create_table(
        "outbox_published",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_outbox_published"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
