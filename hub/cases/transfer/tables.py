"""The tables of joint transfers: projections of their events. They contain no personal value (P5)."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table

from hub.stores.tables import ID, Opaque, metadata

transfer = Table(
    "transfer",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("submission_id", ID, nullable=False, doc="all that came under one number"),
    Column("place", Integer, nullable=False, doc="in its submission, from 0"),
    Column("cause", String(32), nullable=False, doc="PURCHASE, INHERITANCE, DIVISION, FIRST_REGISTRATION"),
    Column("purpose", String(64), nullable=False),
    Column("legal_basis", String(64), nullable=False, doc="code of the purpose's table"),
    Column("policy", String(64), nullable=False, doc="version of the policy's table that it began with"),
    Column("unit_id", ID, doc="null until the title that the matter names is known"),
    Column("title_id", ID, doc="of the old title's number, where the matter names it"),
    Column("account_id", ID, nullable=False),
    Column("mandate", Boolean, nullable=False, doc="one of the new holders acts for all"),
    Column("keep_tariff", Boolean, nullable=False),
    Column("state", String(16), nullable=False, doc="of hub.cases.transfer.states"),
    Column("checks", Integer, nullable=False, doc="questions for a check so far"),
    Column("transfers", Integer, nullable=False, doc="questions for the transfer so far"),
    Column("owed_ms", BigInteger, doc="when the utility found arrears last"),
    Column("paid_ms", BigInteger, doc="when they were paid last"),
    Column("account_holder", String(16), nullable=False, doc="SAME, OTHER or UNKNOWN, as the check found"),
    Column("registered_on", String(10), doc="date of the entry in the book; null: not entered"),
    Column("record_id", ID, doc="the title that was entered"),
    Column("reading", Integer),
    Column("topic", String(128)),
    Column("partition", Integer),
    Column("offset", BigInteger),
    Column("due_on", String(10), doc="last day for the utility's answer; null where the policy sets none"),
    Column("asked_on", String(10), doc="day of the question that due_on was counted from"),
    Column("provisional", Boolean, doc="a year without a notice was counted"),
    Column("edition", Integer, doc="newest imported notice when it was counted; 0 for none"),
    Column("sealed", Opaque, nullable=False, doc="the matter without its holders, under the first new holder's key"),
    Index("ix_transfer_unit_id", "unit_id"),
    Index("ix_transfer_title_id", "title_id"),
    Index("ix_transfer_submission_id", "submission_id"),
    Index("ix_transfer_account_id", "account_id"),
    Index("ix_transfer_due_on", "due_on"),
)

transfer_holder = Table(
    "transfer_holder",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("holder_id", ID, primary_key=True, doc="opaque id of a new holder"),
    Column("place", Integer, nullable=False, doc="among the new holders' ids, in their order, from 0"),
)

transfer_person = Table(
    "transfer_person",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("side", String(8), primary_key=True, doc="OLD or NEW"),
    Column("place", Integer, primary_key=True, autoincrement=False, doc="among the holders of that side, from 0"),
    Column("subject_id", ID, nullable=False),
    Column("sealed", Opaque, nullable=False, doc="the holder, under the own key"),
)

transfer_number = Table(
    "transfer_number",
    metadata,
    Column("number_id", ID, primary_key=True, doc="opaque id of the hub's number at a sink"),
    Column("case_id", ID, ForeignKey("case.case_id"), nullable=False, index=True),
)

transfer_report = Table(
    "transfer_report",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("event", ID, primary_key=True, doc="the utility's event, the same over every way"),
    Column("record_id", ID, nullable=False),
    Column("reading", Integer, nullable=False),
    Column("topic", String(128), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("result", String(16), nullable=False),
    Column("question", Integer, nullable=False),
    Column("reported_at_ms", BigInteger, nullable=False),
    Column("heard_ms", BigInteger, nullable=False),
    Column("counted", Boolean, nullable=False),
)

transfer_conflict = Table(
    "transfer_conflict",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("record_id", ID, primary_key=True),
    Column("event", ID, nullable=False, doc="the event of transfer_report that it gives another content of"),
    Column("reading", Integer, nullable=False),
    Column("topic", String(128), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("result", String(16), nullable=False),
    Column("question", Integer, nullable=False),
    Column("reported_at_ms", BigInteger, nullable=False),
    Column("heard_ms", BigInteger, nullable=False),
)

transfer_title = Table(
    "transfer_title",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("record_id", ID, primary_key=True),
    Column("reading", Integer, primary_key=True, autoincrement=False),
    Column("what", String(32), nullable=False, doc="ENTERED, UNDECLARED, or why it was overlooked"),
    Column("registered_on", String(10), nullable=False),
    Column("topic", String(128)),
    Column("partition", Integer),
    Column("offset", BigInteger),
    Column("heard_ms", BigInteger, nullable=False),
    Column("notice", Integer, doc="number of the first notice's piece"),
    Column("notice_on", String(10), doc="last day to declare a transfer without a notice; null: nothing follows"),
    Column("declared_by", ID, doc="the other transfer that this change of hands belongs to"),
    Index("ix_transfer_title_notice_on", "notice_on"),
)

transfer_recall = Table(
    "transfer_recall",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("later_id", ID, primary_key=True, doc="the version of its row that was the current one then"),
    Column("record_id", ID, nullable=False, doc="the title that the sinks were told of"),
    Column("reading", Integer, nullable=False),
    Column("registered_on", String(10), nullable=False, doc="date of the entry that they were told of"),
    Column("reason", String(64), nullable=False, doc="NOT_CURRENT or CHANGED"),
    Column("changed_ms", BigInteger, doc="when its source changed it; null: it gives no time"),
    Column("learned_ms", BigInteger, nullable=False, doc="when the hub verified that"),
    Column("decided_ms", BigInteger, nullable=False),
    Column("notice", Integer, doc="number of the first notice's piece"),
)

TABLES = (
    transfer,
    transfer_holder,
    transfer_person,
    transfer_number,
    transfer_report,
    transfer_conflict,
    transfer_title,
    transfer_recall,
)
"""A table comes after those that it refers to."""
