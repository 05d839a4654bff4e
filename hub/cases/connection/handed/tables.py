"""The table of titles that changed hands: a projection of ``connection.handed-over``, ``undeclared``, ``declared`` and
``handed-back``."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table

from hub.stores.tables import ID, metadata

handover = Table(
    "handover",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("registered_on", String(10), primary_key=True, doc="date of the entry in the book"),
    Column("unit_id", ID, nullable=False),
    Column("record_id", ID, nullable=False, doc="the title; one of them where several were entered on that day"),
    Column("reading", Integer, nullable=False),
    Column("topic", String(128), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("notice_on", String(10), nullable=False, doc="last day to declare a transfer without a notice"),
    Column("state", String(16), nullable=False, doc="WAITING, TOLD, DECLARED, ENDED"),
    Column("learned_ms", BigInteger, nullable=False),
    Column("nth", Integer, doc="number of the notice; null: the sinks were not told"),
    Column("told_ms", BigInteger),
    Column("back_nth", Integer, doc="number of the notice that takes it back"),
    Column("transfer_id", ID, doc="the transfer that was declared"),
    Index("ix_handover_due", "state", "notice_on"),
    Index("ix_handover_unit_id", "unit_id"),
)
