"""When a question of a joint transfer was asked and its last day counted, and until when a transfer of a title that
went to others may be declared."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"

ID = sa.LargeBinary(16)


def upgrade() -> None:
    op.add_column("transfer", sa.Column("asked_on", sa.String(length=10), nullable=True))
    op.add_column("transfer", sa.Column("provisional", sa.Boolean(), nullable=True))
    op.add_column("transfer", sa.Column("edition", sa.Integer(), nullable=True))
    op.add_column("transfer_title", sa.Column("notice_on", sa.String(length=10), nullable=True))
    op.add_column("transfer_title", sa.Column("declared_by", ID, nullable=True))
    op.create_index("ix_transfer_due_on", "transfer", ["due_on"], unique=False)
    op.create_index("ix_transfer_title_notice_on", "transfer_title", ["notice_on"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
