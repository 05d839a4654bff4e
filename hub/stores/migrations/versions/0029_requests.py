"""What customers asked the hub for: the next segment."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "segment_request",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("segment", sa.String(32), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_segment_request_case_id"),
        sa.PrimaryKeyConstraint("case_id", "number", name="pk_segment_request"),
    )
