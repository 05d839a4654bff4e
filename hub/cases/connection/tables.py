"""The table of connection applications: a projection of their events.

It contains no personal value (P5): what a person wrote is sealed under their key.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    select,
)

from hub.cases.tables import case
from hub.errors import RecordRejected
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
    Column("due_on", String(10), doc="last day of the whole process; null where the policy sets none"),
    Column("sealed", Opaque, nullable=False, doc="the body as submitted, under the applicant's key"),
    Column("segment", String(32), doc="the segment that runs; empty where the policy times the whole process"),
    Column("segment_due_on", String(10), doc="last day of that segment"),
    Column("counted_to", String(10), doc="last day that was counted; null: not counted yet"),
    Column("provisional", Boolean, doc="a year without a notice was counted"),
    Column("calendar", String(128), doc="versions of the calendar that the days were counted by"),
    Column("edition", Integer, doc="newest imported notice when they were counted; 0 for none"),
    Column("told", Integer, doc="how often the sinks were told other dates than those of the registration"),
    Column("numbered", Boolean, doc="its numbers at the sinks are known; null: not yet"),
    Column("ended", String(16), doc="END, NOT_ACCEPTED or TERMINATE, as the utility's steps say"),
    Column("ended_ms", BigInteger, doc="when, as the utility says"),
    Column("first_id", ID, doc="the first of the applications for the same, of which earlier ones were ended"),
    Column(
        "total_due_on", String(10), doc="the day on which the total is used up, or the next of a former kind's limits"
    ),
    Column("external_works", Boolean, doc="works outside the site are needed; null: not said"),
    Column("voltage_now", String(16), doc="after a change of kind; null: as it was submitted"),
    Column("looks", Integer, doc="how often persons looked at what is sealed; null: never"),
    Column("mark", Integer, nullable=False, server_default="0", doc="0: not warned of counted_to; 1: before; 2: after"),
    Column("total_mark", Integer, nullable=False, server_default="0", doc="the same of total_due_on"),
    Index("ix_application_numbered", "numbered"),
    Index("ix_application_mark", "mark", "counted_to"),
    Index("ix_application_total_mark", "total_mark", "total_due_on"),
    Index("ix_application_counted_to", "counted_to", "edition", "provisional"),
)


def every() -> Select[Any]:
    """Applications, each with the columns of its case."""
    columns = [one for one in case.c if one.name != "case_id"]
    return select(application, *columns).join(case, case.c.case_id == application.c.case_id)


def find_row(connection: Connection, case_id: bytes) -> Row[Any] | None:
    """The row of one application, as in ``every``; ``None`` when there is no such application."""
    return connection.execute(every().where(application.c.case_id == case_id)).one_or_none()


def row_of(connection: Connection, case_id: bytes) -> Row[Any]:
    """As ``find_row``. Raises ``RecordRejected`` (NO_SUCH_APPLICATION)."""
    row = find_row(connection, case_id)
    if row is None:
        raise RecordRejected("NO_SUCH_APPLICATION")
    return row
