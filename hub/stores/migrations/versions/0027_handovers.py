"""Titles that change hands after electricity is on."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

ID = sa.LargeBinary(16)


def upgrade() -> None:
    op.create_table(
        "handover",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("registered_on", sa.String(length=10), nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=128), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("notice_on", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("learned_ms", sa.BigInteger(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=True),
        sa.Column("told_ms", sa.BigInteger(), nullable=True),
        sa.Column("back_nth", sa.Integer(), nullable=True),
        sa.Column("transfer_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_handover_case_id"),
        sa.PrimaryKeyConstraint("case_id", "registered_on", name="pk_handover"),
    )
    op.create_index("ix_handover_due", "handover", ["state", "notice_on"], unique=False)
    op.create_index("ix_handover_unit_id", "handover", ["unit_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
