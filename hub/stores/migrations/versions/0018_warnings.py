"""Warnings of last days: which were given, and how far each application is warned of."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "warning",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("nth", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("about", sa.String(16), nullable=False),
        sa.Column("segment", sa.String(32), nullable=False),
        sa.Column("due_on", sa.String(10), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("warned_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_warning_case_id"),
        sa.PrimaryKeyConstraint("case_id", "nth", name="pk_warning"),
    )
    op.add_column("application", sa.Column("total_due_on", sa.String(10), nullable=True))
    op.add_column("application", sa.Column("mark", sa.Integer(), server_default="0", nullable=False))
    op.add_column("application", sa.Column("total_mark", sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_application_mark", "application", ["mark", "counted_to"])
    op.create_index("ix_application_total_mark", "application", ["total_mark", "total_due_on"])


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
