"""What the operator's own policy tables say."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "policy_file",
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policy_file")),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
