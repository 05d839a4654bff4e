"""Other contents of what the utility reported about joint transfers."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

ID = sa.LargeBinary(16)


def upgrade() -> None:
    op.create_table(
        "transfer_conflict",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("event", ID, nullable=False),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=128), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("question", sa.Integer(), nullable=False),
        sa.Column("reported_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("heard_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_transfer_conflict_case_id"),
        sa.PrimaryKeyConstraint("case_id", "record_id", name="pk_transfer_conflict"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
