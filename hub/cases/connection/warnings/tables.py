"""The table of warnings: a projection of ``connection.warned``."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, String, Table, Text

from hub.stores.tables import ID, metadata

warning = Table(
    "warning",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("nth", Integer, primary_key=True, autoincrement=False, doc="counts the warnings of the case from 1"),
    Column("level", String(16), nullable=False, doc="BEFORE the last day, or AFTER it"),
    Column("about", String(16), nullable=False, doc="SEGMENT, TOTAL, WHOLE or FOLLOW_UP"),
    Column("segment", String(32), nullable=False, doc="the segment that ran; empty for the whole process"),
    Column("due_on", String(10), nullable=False, doc="the last day"),
    Column("working_days", Integer, nullable=False, doc="left or over, at the end of that day"),
    Column("provisional", Boolean, nullable=False, doc="a year without a notice was counted"),
    Column("recipients", Text, nullable=False, doc="JSON: names in the settings"),
    Column("warned_ms", BigInteger, nullable=False),
)
