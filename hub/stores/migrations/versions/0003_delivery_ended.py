"""What was delivered lately is found without reading what was delivered ever."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_delivery_ended_ms", "delivery", ["ended_ms"])


def downgrade() -> None:
    op.drop_index("ix_delivery_ended_ms", "delivery")
