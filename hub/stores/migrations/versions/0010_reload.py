"""Orders to reload connectors, and what each hub has in force; how far a feed is."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "connector_loaded",
        sa.Column("worker", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=16), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("reported_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("worker", "name", name=op.f("pk_connector_loaded")),
    )
    op.create_table(
        "connector_reload",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_connector_reload")),
    )
    op.add_column("connector_status", sa.Column("total", sa.BigInteger(), nullable=True))
    op.add_column("connector_status", sa.Column("done", sa.BigInteger(), nullable=True))
    op.add_column("connector_status", sa.Column("rate_per_s", sa.Float(), nullable=True))
