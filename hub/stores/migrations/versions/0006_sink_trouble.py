"""The last trouble of each sink stays after it is over."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "sink_trouble",
        sa.Column("sink", sa.String(length=64), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("trouble_ms", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("sink", name="pk_sink_trouble"),
    )


def downgrade() -> None:
    raise NotImplementedError("a hub of the revision before works with this table")
