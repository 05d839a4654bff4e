"""How often persons looked at an application."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.add_column("application", sa.Column("looks", sa.Integer(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
