"""The tables of steps: projections of ``connection.numbered``, ``connection.stepped`` and ``connection.requested``.

They hold no personal value and no caller's words (P5): staff, reasons and meters are in the records, sealed.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table

from hub.stores.tables import ID, metadata

case_number = Table(
    "case_number",
    metadata,
    Column("number_id", ID, primary_key=True, doc="opaque id of the number; a step that names it is linked to it"),
    Column("case_id", ID, ForeignKey("case.case_id"), nullable=False),
    Column("sort", String(16), nullable=False, doc="HUB: the hub's number at one sink; UTILITY: the utility's own"),
    Index("ix_case_number_case_id", "case_id"),
)

number_dispute = Table(
    "number_dispute",
    metadata,
    Column("number_id", ID, primary_key=True, doc="a number of case_number that two cases have: it is of neither"),
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True, doc="one of them"),
    Index("ix_number_dispute_case_id", "case_id"),
)

step = Table(
    "step",
    metadata,
    Column("record_id", ID, primary_key=True),
    Column("action", String(32), primary_key=True, doc="hub.cases.steps.facts.Action; a table's row may tell of two"),
    Column("case_id", ID, ForeignKey("case.case_id"), nullable=False),
    Column("reading", Integer, nullable=False),
    Column("source", String(64), nullable=False, doc="connector"),
    Column("event", ID, nullable=False, doc="opaque id of the event: two contents of one event have the same"),
    Column("segment", String(32), nullable=False, doc="hub.cases.steps.facts.SEGMENTS; empty: of the whole case"),
    Column("occurred_ms", BigInteger, nullable=False, doc="its own time, as the utility says"),
    Column("received_ms", BigInteger, nullable=False, doc="when the hub first read it"),
    Column("requested_ms", BigInteger, doc="when the customer asked for the segment"),
    Column("recorded_ms", BigInteger, doc="when the utility wrote it down"),
    Column("amends", ID, doc="the event whose time it corrects"),
    Column("explained", Boolean, nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("becomes_type", String(32), doc="of a change: the row of the policy's table from now on"),
    Column("becomes_starred", Boolean),
    Column("becomes_voltage", String(16)),
    Column("said", ID, doc="opaque id of all that it says, also sealed; null: a former hub wrote it"),
    Column("topic", String(128), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("state", String(16), nullable=False, doc="hub.cases.steps.judge.State, over all facts of the case"),
    Column("why", String(32), doc="hub.cases.steps.judge.Why; null: a clock counts it"),
    Column("at_ms", BigInteger, nullable=False, doc="its own time, as corrected"),
    Column("late", Boolean, nullable=False),
    Index("ix_step_case_id", "case_id", "at_ms"),
    Index("ix_step_occurred_ms", "occurred_ms"),
)

segment_request = Table(
    "segment_request",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False, doc="of the event in its case"),
    Column("segment", String(32), nullable=False, doc="what the customer asked the hub for"),
    Column("asked_ms", BigInteger, nullable=False, doc="by the hub's clock"),
    Column("refused", String(32), nullable=False, doc="code of the answer by what was known then; empty: it was taken"),
)
