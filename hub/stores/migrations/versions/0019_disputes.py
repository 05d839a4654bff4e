"""Numbers of applications that two of them have."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "number_dispute",
        sa.Column("number_id", sa.LargeBinary(16), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_number_dispute_case_id"),
        sa.PrimaryKeyConstraint("number_id", "case_id", name="pk_number_dispute"),
    )
    op.create_index("ix_number_dispute_case_id", "number_dispute", ["case_id"])
    op.add_column("application", sa.Column("voltage_now", sa.String(16), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
