"""What stages report of themselves."""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from hub.stores.tables import metadata

# What every process's stages last said of themselves (hub.runtime.status).
stage_status = Table(
    "stage_status",
    metadata,
    Column("worker", String(128), primary_key=True, doc="instance, and the worker's number where there are several"),
    Column("stage", String(64), primary_key=True),
    Column("state", String(16), nullable=False, doc="RUNNING, RESTARTING, STALE, STOPPED"),
    Column("records", BigInteger, nullable=False, doc="since the process began"),
    Column("failures", Integer, nullable=False, doc="in a row"),
    Column("trouble", Text, nullable=False),
    Column("last_step_ms", BigInteger, nullable=False, doc="last step that worked"),
    Column("reported_ms", BigInteger, nullable=False),
)
