"""What each step says, as an opaque id: another content of an event that differs in a sealed part is a conflict."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    op.add_column("step", sa.Column("said", sa.LargeBinary(16), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
