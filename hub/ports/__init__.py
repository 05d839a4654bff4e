"""The ports: what the hub needs from the outside, each with its full contract. Adapters implement them. The code above
does not know which adapter it uses."""

from hub.ports.clock import Clock
from hub.ports.log import (
    Batch,
    Difference,
    Grant,
    Headers,
    LogRecord,
    Member,
    Outgoing,
    Positions,
    RecordLog,
    TopicSpec,
    Writer,
)
from hub.ports.sinks import OPEN_CODE, Address, Receipt, Refused, Sink
from hub.ports.sources import (
    NAMELESS,
    UNVERSIONED,
    Cursor,
    DayCount,
    Fault,
    LookupQuery,
    Page,
    Plain,
    Source,
    SourceRow,
)
from hub.ports.state import DAMAGED, DamagedKey, KeyVault, Signer, Store, Verifier

__all__ = [
    "DAMAGED",
    "NAMELESS",
    "OPEN_CODE",
    "UNVERSIONED",
    "Address",
    "Batch",
    "Clock",
    "Cursor",
    "DamagedKey",
    "DayCount",
    "Difference",
    "Fault",
    "Grant",
    "Headers",
    "KeyVault",
    "LogRecord",
    "LookupQuery",
    "Member",
    "Outgoing",
    "Page",
    "Plain",
    "Positions",
    "Receipt",
    "RecordLog",
    "Refused",
    "Signer",
    "Sink",
    "Source",
    "SourceRow",
    "Store",
    "TopicSpec",
    "Verifier",
    "Writer",
]
