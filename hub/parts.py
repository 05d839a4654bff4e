"""The parts of an open hub, which every stage and job is given. ``hub.bootstrap`` makes them.

There is one such object, so that a stage which needs one thing more changes its own module and no signature on the way.
What a stage must not have is not in it: no master key, no settings of a connector.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hub.cases.journal import Journal
from hub.connect.host.configured import Connectors
from hub.ports import Clock, KeyVault, RecordLog, Store
from hub.privacy.opening import Opener
from hub.privacy.references import References
from hub.privacy.sealing import Sealer
from hub.settings import LimitSettings


@dataclass(frozen=True)
class Parts:
    """The parts of one hub process. All are safe for use by several threads."""

    instance: str
    """This process's stable name; a stage's member is called ``instance.stage``."""
    partitions: int
    """Of every topic."""
    limits: LimitSettings
    clock: Clock
    log: RecordLog
    store: Store
    vault: KeyVault
    sealer: Sealer
    opener: Opener
    connectors: Connectors
    references: Callable[[str], References]
    """A sink's name → the references for it."""
    seen_key: bytes
    """32 secret bytes: keys the hashes by which rows are remembered."""
    behind: Callable[[str], int]
    """Kind → records that are received and not in the tables yet. Raises ``Unavailable``."""
    awaited: Callable[[], bool]
    """Whether an application waits for an answer now. Raises ``Unavailable``."""

    journal: Callable[[], Journal]
    """The journal of cases. Raises ``Misconfigured`` for a connector that is not installed."""

    def member(self, stage: str) -> str:
        """The name of this process's member of a stage's group."""
        return f"{self.instance}.{stage}"
