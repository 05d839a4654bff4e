"""The voltage that a change of kind tells."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("step", sa.Column("becomes_voltage", sa.String(16), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
