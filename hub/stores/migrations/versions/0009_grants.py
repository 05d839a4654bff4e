"""How often each column was dropped because the grant of its source does not have it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "grant_dropped",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("path", sa.String(200), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "path", name="pk_grant_dropped"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
