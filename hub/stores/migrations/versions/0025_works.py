"""Whether a case needs works outside the site."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("application", sa.Column("external_works", sa.Boolean(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
