"""What every process's stages last said of themselves, and which hubs may still write to these tables."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stage_status",
        sa.Column("worker", sa.String(length=128), nullable=False),
        sa.Column("stage", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("last_step_ms", sa.BigInteger(), nullable=False),
        sa.Column("reported_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("worker", "stage", name=op.f("pk_stage_status")),
    )
    floor = op.create_table(
        "schema_floor",
        sa.Column("one", sa.Integer(), nullable=False),
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_schema_floor")),
    )
    op.bulk_insert(floor, [{"one": 1, "revision": "0001"}])


def downgrade() -> None:
    raise NotImplementedError("nothing needs it: hubs of revision 0001 run on these tables as they are")
