"""The table of findings: a projection of ``connection.agreed``. The newest of each pair."""

from sqlalchemy import BigInteger, Column, ForeignKey, String, Table

from hub.stores.tables import ID, metadata

agreement = Table(
    "agreement",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("about", String(32), primary_key=True, doc="which pair"),
    Column("result", String(16), nullable=False, doc="AGREES, DIFFERS, UNKNOWN"),
    Column("why", String(32), nullable=False, doc="by what, how, or why nothing can be said"),
    Column("one_id", ID, doc="the version that was compared; null: what was submitted"),
    Column("other_id", ID),
    Column("found_ms", BigInteger, nullable=False),
)
