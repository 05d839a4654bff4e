"""What an attempt to deliver leaves behind: until when it may take effect, and its trouble."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("attempt", sa.Column("remedy", sa.Text(), nullable=True))
    op.add_column("attempt", sa.Column("trouble_ms", sa.BigInteger(), nullable=True))
    op.add_column("attempt", sa.Column("settle_until_ms", sa.BigInteger(), nullable=True))
    op.add_column("attempt", sa.Column("unconfirmed", sa.Integer(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a hub of the revision before works with these columns")
