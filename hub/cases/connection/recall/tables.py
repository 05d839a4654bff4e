"""The table of recalls: a projection of ``connection.retracted`` and ``connection.recalled``."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table

from hub.stores.tables import ID, metadata

recall = Table(
    "recall",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False, doc="of the event in its case"),
    Column("nth", Integer, doc="counts the notices of the case from 1; null: the evidence was taken back"),
    Column("kind", String(64), nullable=False, doc="of the record"),
    Column("record_id", ID, nullable=False, doc="the record that the sinks have"),
    Column("reading", Integer, nullable=False),
    Column("reason", String(64), nullable=False, doc="NOT_CURRENT, CHANGED or NOT_OF_SITE"),
    Column("later_id", ID, nullable=False, doc="the version of its row that was the current one then"),
    Column("changed_ms", BigInteger, doc="when its source changed it; null: it gives no time"),
    Column("learned_ms", BigInteger, nullable=False, doc="when the hub verified that"),
    Column("decided_ms", BigInteger, nullable=False),
)
