"""The first tables of every room. Made by ``python -m tests.migration --write``."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.LargeBinary(16)
CODE = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _stores()
    _runtime()
    _records()
    _pipeline()
    _cases()
    _cases_connection()
    _cases_evidence()
    _delivery()
    _ingest()
    _web_auth()
    op.bulk_insert(
        sa.table("schema_floor", sa.column("one"), sa.column("revision")), [{"one": 1, "revision": revision}]
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup: there is nothing before the first revision")


def _stores() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("topic", sa.String(length=128), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("timestamp_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "schema_floor",
        sa.Column("one", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_schema_floor"),
    )


def _runtime() -> None:
    op.create_table(
        "stage_status",
        sa.Column("worker", sa.String(length=128), nullable=False),
        sa.Column("stage", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("last_step_ms", sa.BigInteger(), nullable=False),
        sa.Column("reported_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("worker", "stage", name="pk_stage_status"),
    )


def _records() -> None:
    op.create_table(
        "current",
        sa.Column("row_id", ID, nullable=False),
        sa.Column("entity_id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("read_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.Column("authority", CODE, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("operation", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name="pk_current"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_current_entity_id", "current", ["entity_id"], unique=False)
    op.create_table(
        "reason_tally",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("verdicts", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", "code", name="pk_reason_tally"),
    )
    op.create_table(
        "record",
        sa.Column("record_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("row_id", ID, nullable=False),
        sa.Column("entity_id", ID, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=True),
        sa.Column("operation", sa.String(length=16), nullable=False),
        sa.Column("authority", CODE, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("assurance", sa.String(length=32), nullable=False),
        sa.Column("mapping", sa.LargeBinary(8), nullable=True),
        sa.Column("issued_month", sa.Integer(), nullable=True),
        sa.Column("valid_until_year", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("topic", sa.String(length=128), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("judged_ms", sa.BigInteger(), nullable=False),
        sa.Column("read_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name="pk_record"),
        sqlite_with_rowid=False,
    )
    op.create_index("ux_record_nth", "record", ["row_id", "version", "nth"], unique=True)
    op.create_table(
        "record_link",
        sa.Column("link_id", ID, nullable=False),
        sa.Column("record_id", ID, nullable=False),
        sa.Column("row_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("link_id", "record_id", name="pk_record_link"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_record_link_record_id", "record_link", ["record_id"], unique=False)
    op.create_table(
        "tally",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("received", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("looked_up", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("verified", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rejected", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("duplicate", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("readings", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("revised", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", name="pk_tally"),
    )


def _pipeline() -> None:
    op.create_table(
        "projection_offset",
        sa.Column("group", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=128), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("group", "topic", "partition", name="pk_projection_offset"),
    )


def _cases() -> None:
    op.create_table(
        "case",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("procedure", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("held", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("sinks", sa.Text(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_case"),
    )
    op.create_index("ix_case_opened_ms", "case", ["opened_ms", "case_id"], unique=False)
    op.create_table(
        "piece",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.Column("sink", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("after", sa.Integer(), nullable=True),
        sa.Column("record_id", ID, nullable=True),
        sa.Column("reading", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=128), nullable=True),
        sa.Column("partition", sa.Integer(), nullable=True),
        sa.Column("offset", sa.BigInteger(), nullable=True),
        sa.Column("holder_relation", sa.String(length=16), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_receipt", sa.LargeBinary(), nullable=True),
        sa.Column("found", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_piece_case_id"),
        sa.PrimaryKeyConstraint("case_id", "piece", name="pk_piece"),
    )
    op.create_index("ix_piece_ended_ms", "piece", ["ended_ms"], unique=False)
    op.create_index("ix_piece_state", "piece", ["state", "sink"], unique=False)


def _cases_connection() -> None:
    op.create_table(
        "application",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("customer_class", sa.String(length=16), nullable=False),
        sa.Column("voltage", sa.String(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("legal_basis", sa.String(length=64), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("case_type", sa.String(length=32), nullable=False),
        sa.Column("starred", sa.Boolean(), nullable=False),
        sa.Column("due_on", sa.String(length=10), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_application_case_id"),
        sa.PrimaryKeyConstraint("case_id", name="pk_application"),
    )


def _cases_evidence() -> None:
    op.create_table(
        "need",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("wanted_by", sa.String(length=16), nullable=False),
        sa.Column("wanted_id", ID, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("record_id", ID, nullable=True),
        sa.Column("reading", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("next_ask_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.case_id"], name="fk_need_case_id"),
        sa.PrimaryKeyConstraint("case_id", "kind", name="pk_need"),
    )
    op.create_index("ix_need_due", "need", ["state", "next_ask_ms"], unique=False)
    op.create_index("ix_need_wanted_id", "need", ["wanted_id"], unique=False)


def _delivery() -> None:
    op.create_table(
        "attempt",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.Column("sink", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_ms", sa.BigInteger(), nullable=True),
        sa.Column("claimed_by", sa.String(length=128), nullable=True),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("trouble", sa.String(length=256), nullable=True),
        sa.PrimaryKeyConstraint("case_id", "piece", name="pk_attempt"),
    )
    op.create_index("ix_attempt_due", "attempt", ["sink", "next_attempt_ms"], unique=False)


def _ingest() -> None:
    op.create_table(
        "connector_control",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("wanted", sa.String(length=16), nullable=False),
        sa.Column("restart_token", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_connector_control"),
    )
    op.create_table(
        "connector_quota",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", "day", name="pk_connector_quota"),
    )
    op.create_table(
        "connector_status",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("worker", sa.String(length=128), nullable=False),
        sa.Column("reported_ms", sa.BigInteger(), nullable=False),
        sa.Column("fetched_ms", sa.BigInteger(), nullable=False),
        sa.Column("rows_ms", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("behind_ms", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("circuit", sa.String(length=16), nullable=False),
        sa.Column("quota_left", sa.Integer(), nullable=True),
        sa.Column("wait_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_connector_status"),
    )
    op.create_table(
        "source_row",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("row_key", ID, nullable=False),
        sa.Column("digest", ID, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("row_id", ID, nullable=True),
        sa.Column("record_id", ID, nullable=True),
        sa.PrimaryKeyConstraint("source", "row_key", name="pk_source_row"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_source_row_version", "source_row", ["source", "version"], unique=False)


def _web_auth() -> None:
    op.create_table(
        "token",
        sa.Column("token_id", sa.String(length=16), nullable=False),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("scopes", sa.String(length=256), nullable=False),
        sa.Column("channels", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token_id", name="pk_token"),
    )
