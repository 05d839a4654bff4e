"""Every answer to a question about a site. The last one of each was stored before."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.create_table(
        "place_answer",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("nth", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("answer", sa.String(16), nullable=False),
        sa.Column("answered_ms", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id", "nth"], ["place.case_id", "place.nth"], name="fk_place_answer_case_id_nth"),
        sa.PrimaryKeyConstraint("case_id", "nth", "number", name="pk_place_answer"),
    )
    op.execute(
        "INSERT INTO place_answer (case_id, nth, number, answer, answered_ms, sealed) "
        "SELECT case_id, nth, 1, answer, answered_ms, sealed FROM place WHERE answer IS NOT NULL"
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
