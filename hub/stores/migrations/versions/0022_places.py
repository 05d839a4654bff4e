"""Findings about sites of applications: whether each is that of the title, and what a person answered."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "place",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("nth", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record_id", sa.LargeBinary(16), nullable=True),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("compared_by", sa.String(16), nullable=False),
        sa.Column("parts", sa.String(255), nullable=False),
        sa.Column("question", sa.String(32), nullable=False),
        sa.Column("placed_ms", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.String(16), nullable=True),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_place_case_id"),
        sa.PrimaryKeyConstraint("case_id", "nth", name="pk_place"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
