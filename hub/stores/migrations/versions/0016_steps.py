"""Steps that the utility reports, the numbers that they name, and how an application ended."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "case_number",
        sa.Column("number_id", sa.LargeBinary(16), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("sort", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_case_number_case_id")),
        sa.PrimaryKeyConstraint("number_id", name=op.f("pk_case_number")),
    )
    op.create_index("ix_case_number_case_id", "case_number", ["case_id"], unique=False)
    op.create_table(
        "step",
        sa.Column("record_id", sa.LargeBinary(16), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("event", sa.LargeBinary(16), nullable=False),
        sa.Column("segment", sa.String(32), nullable=False),
        sa.Column("occurred_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("requested_ms", sa.BigInteger(), nullable=True),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=True),
        sa.Column("amends", sa.LargeBinary(16), nullable=True),
        sa.Column("explained", sa.Boolean(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("becomes_type", sa.String(32), nullable=True),
        sa.Column("becomes_starred", sa.Boolean(), nullable=True),
        sa.Column("topic", sa.String(128), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("why", sa.String(32), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name=op.f("fk_step_case_id")),
        sa.PrimaryKeyConstraint("record_id", "action", name=op.f("pk_step")),
    )
    op.create_index("ix_step_case_id", "step", ["case_id", "at_ms"], unique=False)
    op.create_index("ix_step_occurred_ms", "step", ["occurred_ms"], unique=False)
    op.add_column("application", sa.Column("numbered", sa.Boolean(), nullable=True))
    op.add_column("application", sa.Column("ended", sa.String(16), nullable=True))
    op.add_column("application", sa.Column("ended_ms", sa.BigInteger(), nullable=True))
    op.add_column("application", sa.Column("first_id", sa.LargeBinary(16), nullable=True))
    op.create_index("ix_application_numbered", "application", ["numbered"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
