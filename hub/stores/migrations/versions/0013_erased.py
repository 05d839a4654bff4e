"""How many records of each source were erased, because no application used them, and when it is looked again."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "erased",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", name="pk_erased"),
    )
    op.create_table(
        "erase_due",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_erase_due"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
