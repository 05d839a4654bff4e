"""Ratings, and ratings that were refused."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "rating",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("rated_ms", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("follow_up_due_on", sa.String(10), nullable=True),
        sa.Column("outcome", sa.String(32), nullable=True),
        sa.Column("followed_up_ms", sa.BigInteger(), nullable=True),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_rating_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_rating")),
    )
    op.create_index(op.f("ix_rating_follow_up_due_on"), "rating", ["follow_up_due_on"], unique=False)
    op.create_table(
        "rating_refusal",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("principal", sa.String(128), nullable=False),
        sa.Column("refused_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_rating_refusal_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_rating_refusal")),
    )
