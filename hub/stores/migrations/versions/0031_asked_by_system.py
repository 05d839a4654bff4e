"""Requests for materials by the connection system: which one it was, and the answer to each material."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.add_column("material_request", sa.Column("request_id", sa.LargeBinary(16), nullable=True))
    op.add_column("material_request", sa.Column("content_id", sa.LargeBinary(16), nullable=True))
    op.add_column("material_request", sa.Column("answers", sa.Text(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
