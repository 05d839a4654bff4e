"""Titles that the utility was told of in a joint transfer, and that changed at their source afterwards."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"

ID = sa.LargeBinary(16)


def upgrade() -> None:
    op.create_table(
        "transfer_recall",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("later_id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.Column("registered_on", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=True),
        sa.Column("learned_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=False),
        sa.Column("notice", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_transfer_recall_case_id"),
        sa.PrimaryKeyConstraint("case_id", "later_id", name="pk_transfer_recall"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
