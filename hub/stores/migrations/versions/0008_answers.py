"""How often sources answered what a need asked; cases by their applicant."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("need", sa.Column("answers", sa.Integer(), nullable=True))
    op.execute("UPDATE need SET answers = 0")
    op.create_index("ix_case_subject_id", "case", ["subject_id"], unique=False)
