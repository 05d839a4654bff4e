"""The parts of an open hub. Every stage and job gets them. ``hub.bootstrap`` makes them.

There is one such object, so that a stage that needs one more part changes its own module only. It has nothing that a
stage must not have: no master key, and no settings of a connector.
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
    """The parts of one hub process. All are thread-safe."""

    instance: str
    """The stable name of this process. The name of a stage's member is ``instance.stage``."""
    partitions: int
    """The number of partitions of every topic."""
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
    """32 secret bytes: the key of the hashes of seen rows."""
    behind: Callable[[str], int]
    """Kind → records that are received and not in the tables yet. Raises ``Unavailable``."""
    awaited: Callable[[], bool]
    """Whether an application waits for an answer now. Raises ``Unavailable``."""

    journal: Callable[[], Journal]
    """The journal of cases. Raises ``Misconfigured`` for a connector that is not installed."""

    def member(self, stage: str) -> str:
        """The name of this process's member of a stage's group."""
        return f"{self.instance}.{stage}"
