"""What the hub gives to a connector when it opens it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hub.connect.codes import Codes
from hub.connect.declared.compiled import Mapper
from hub.connect.folder import Folder
from hub.connect.spec import ConnectorInfo, Limits
from hub.errors import Misconfigured
from hub.grants.dropped import Dropped
from hub.grants.grant import Grant
from hub.ports import Clock


def _uncounted() -> None:
    """Count nothing."""


@dataclass(frozen=True)
class Context:
    """What a connector is opened with: its own description, its limits with the operator's values, the clock, its
    folder, and the grant of its source (``None``: the hub makes no call; sinks have none).

    ``dropped`` counts what was left out of rows because the grant does not have it. A connector that makes several
    calls for one question calls ``further`` before each but the first: it counts the call, and raises ``Unavailable``
    when it may not be made.
    """

    info: ConnectorInfo
    limits: Limits
    clock: Clock
    folder: Folder
    grant: Grant | None = None
    dropped: Dropped = field(default_factory=Dropped, repr=False, compare=False)
    further: Callable[[], object] = field(default=_uncounted, repr=False, compare=False)

    @property
    def codes(self) -> Codes:
        """The tables of the folder's ``codes.csv``, empty without one."""
        return self.folder.codes

    @cached_property
    def mapper(self) -> Mapper:
        """The folder's ``mapping.toml`` as a function. Raises ``Misconfigured`` without one."""
        if self.folder.mapping is None:
            raise Misconfigured(f"{self.folder.name} has no mapping.toml", "write one: docs/connectors.md")
        granted = self.grant.fields if self.grant else None
        return Mapper(self.folder.mapping, self.folder.codes, self.info, self.folder.hook, granted)

    def granted(self, columns: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """A row's columns without what is outside the grant, and whether something was dropped, which is counted."""
        if self.grant is None:
            return columns, False
        rest, paths = self.grant.within(columns)
        if paths:
            self.dropped.add(paths)
        return rest, bool(paths)
