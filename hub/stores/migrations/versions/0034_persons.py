"""The holders of joint transfers, each under the own key."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

ID = sa.LargeBinary(16)


def upgrade() -> None:
    op.create_table(
        "transfer_person",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_transfer_person_case_id"),
        sa.PrimaryKeyConstraint("case_id", "side", "place", name="pk_transfer_person"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
