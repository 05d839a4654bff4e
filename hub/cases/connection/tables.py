"""The table of connection applications: a projection of their events.

It contains no personal value (P5): what a person wrote is sealed under their key.
"""

from sqlalchemy import Boolean, Column, ForeignKey, String, Table

from hub.stores.tables import ID, Opaque, metadata

application = Table(
    "application",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("customer_class", String(16), nullable=False),
    Column("voltage", String(16), nullable=False),
    Column("purpose", String(64), nullable=False),
    Column("legal_basis", String(64), nullable=False, doc="code of the purpose's table"),
    Column("policy", String(64), nullable=False, doc="version of the policy's table that the case began with"),
    Column("case_type", String(32), nullable=False, doc="row of the policy's table"),
    Column("starred", Boolean, nullable=False, doc="design review and mid inspection apply"),
    Column("due_on", String(10), doc="null while the calendar of that year is not known"),
    Column("sealed", Opaque, nullable=False, doc="the body as submitted, under the applicant's key"),
)
