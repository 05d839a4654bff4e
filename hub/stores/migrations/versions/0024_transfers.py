"""Joint transfers of title and account."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "transfer",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("submission_id", sa.LargeBinary(16), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(32), nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("legal_basis", sa.String(64), nullable=False),
        sa.Column("policy", sa.String(64), nullable=False),
        sa.Column("unit_id", sa.LargeBinary(16), nullable=True),
        sa.Column("title_id", sa.LargeBinary(16), nullable=True),
        sa.Column("account_id", sa.LargeBinary(16), nullable=False),
        sa.Column("mandate", sa.Boolean(), nullable=False),
        sa.Column("keep_tariff", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("transfers", sa.Integer(), nullable=False),
        sa.Column("owed_ms", sa.BigInteger(), nullable=True),
        sa.Column("paid_ms", sa.BigInteger(), nullable=True),
        sa.Column("account_holder", sa.String(16), nullable=False),
        sa.Column("registered_on", sa.String(10), nullable=True),
        sa.Column("record_id", sa.LargeBinary(16), nullable=True),
        sa.Column("reading", sa.Integer(), nullable=True),
        sa.Column("topic", sa.String(128), nullable=True),
        sa.Column("partition", sa.Integer(), nullable=True),
        sa.Column("offset", sa.BigInteger(), nullable=True),
        sa.Column("due_on", sa.String(10), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_transfer_case_id"),
        sa.PrimaryKeyConstraint("case_id", name="pk_transfer"),
    )
    op.create_index("ix_transfer_account_id", "transfer", ["account_id"])
    op.create_index("ix_transfer_submission_id", "transfer", ["submission_id"])
    op.create_index("ix_transfer_title_id", "transfer", ["title_id"])
    op.create_index("ix_transfer_unit_id", "transfer", ["unit_id"])
    op.create_table(
        "transfer_holder",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("holder_id", sa.LargeBinary(16), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_transfer_holder_case_id"),
        sa.PrimaryKeyConstraint("case_id", "holder_id", name="pk_transfer_holder"),
    )
    op.create_table(
        "transfer_number",
        sa.Column("number_id", sa.LargeBinary(16), nullable=False),
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_transfer_number_case_id"),
        sa.PrimaryKeyConstraint("number_id", name="pk_transfer_number"),
    )
    op.create_index("ix_transfer_number_case_id", "transfer_number", ["case_id"])
    op.create_table(
        "transfer_report",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("event", sa.LargeBinary(16), nullable=False),
        sa.Column("record_id", sa.LargeBinary(16), nullable=False),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(128), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("question", sa.Integer(), nullable=False),
        sa.Column("reported_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("heard_ms", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_transfer_report_case_id"),
        sa.PrimaryKeyConstraint("case_id", "event", name="pk_transfer_report"),
    )
    op.create_table(
        "transfer_title",
        sa.Column("case_id", sa.LargeBinary(16), nullable=False),
        sa.Column("record_id", sa.LargeBinary(16), nullable=False),
        sa.Column("reading", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("registered_on", sa.String(10), nullable=False),
        sa.Column("topic", sa.String(128), nullable=True),
        sa.Column("partition", sa.Integer(), nullable=True),
        sa.Column("offset", sa.BigInteger(), nullable=True),
        sa.Column("heard_ms", sa.BigInteger(), nullable=False),
        sa.Column("notice", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_transfer_title_case_id"),
        sa.PrimaryKeyConstraint("case_id", "record_id", "reading", name="pk_transfer_title"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup")
