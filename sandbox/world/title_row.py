"""One row of the exchange table in memory, before it is written."""

from dataclasses import dataclass, field

from sandbox.world.defects import Defect
from sandbox.world.owners import Owner


@dataclass(slots=True)
class TitleRow:
    """One row of ``ex_bdc_title`` with its holders.

    ``texts`` are the BLOB columns, still as text; ``raw`` overrides some with bytes.
    """

    position: int
    key: str
    operation: str
    update_time: int
    columns: dict[str, str | None]
    texts: dict[str, str | None]
    owners: list[Owner]
    defect: Defect | None = None
    raw: dict[str, bytes] = field(default_factory=dict)
