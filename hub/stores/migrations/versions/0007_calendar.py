"""Notices about working days, and the dates of applications with what they were counted by."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("edition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("days_off", sa.Text(), nullable=False),
        sa.Column("make_up_days", sa.Text(), nullable=False),
        sa.Column("changed_from", sa.String(length=10), nullable=True),
        sa.Column("changed_to", sa.String(length=10), nullable=True),
        sa.Column("imported_ms", sa.BigInteger(), nullable=False),
        sa.Column("principal", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("edition", name="pk_notice"),
    )
    op.add_column("application", sa.Column("segment", sa.String(length=32), nullable=True))
    op.add_column("application", sa.Column("segment_due_on", sa.String(length=10), nullable=True))
    op.add_column("application", sa.Column("counted_to", sa.String(length=10), nullable=True))
    op.add_column("application", sa.Column("provisional", sa.Boolean(), nullable=True))
    op.add_column("application", sa.Column("calendar", sa.String(length=128), nullable=True))
    op.add_column("application", sa.Column("edition", sa.Integer(), nullable=True))
    op.add_column("application", sa.Column("told", sa.Integer(), nullable=True))
    op.create_index("ix_application_counted_to", "application", ["counted_to", "edition", "provisional"], unique=False)
    # As the projection of a submission writes them. A date that runs is computed again by the hub.
    op.execute(
        "UPDATE application SET counted_to = due_on, segment = '', calendar = '', edition = -1, provisional = false, "
        "told = 0"
    )
