"""What the certificates of an application say of each other."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "agreement",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("about", sa.String(32), nullable=False),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("why", sa.String(32), nullable=False),
        sa.Column("one_id", sa.LargeBinary(16), nullable=True),
        sa.Column("other_id", sa.LargeBinary(16), nullable=True),
        sa.Column("found_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_agreement_case_id"),
        sa.PrimaryKeyConstraint("case_id", "about", name="pk_agreement"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
