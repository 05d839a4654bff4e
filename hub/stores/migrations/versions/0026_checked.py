"""Whether the identity service checked the one who rated."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("rating", sa.Column("checked", sa.Boolean(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
