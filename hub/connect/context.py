"""What the hub gives to a connector when it opens it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from hub.connect.codes import Codes
from hub.connect.declared.compiled import Mapper
from hub.connect.folder import Folder
from hub.connect.spec import ConnectorInfo, Limits
from hub.errors import Misconfigured
from hub.ports import Clock


class Granted(Protocol):
    """What the mapping needs of a grant."""

    @property
    def fields(self) -> frozenset[str]:
        """Columns of the source, as dotted paths; a path is granted with all below it."""

    def within(self, columns: Mapping[str, Any]) -> tuple[Mapping[str, Any], frozenset[str]]:
        """A row without what is outside the grant, and the paths of what was dropped."""


def _uncounted(paths: frozenset[str]) -> None:
    """Count nothing."""


@dataclass(frozen=True)
class Context:
    """What a connector is opened with: its own description, its limits with the operator's values, the clock, its
    folder, and its grant (``None`` in tests of a connector alone: then nothing is dropped).

    ``on_dropped`` is called with the paths that were dropped from a row.
    """

    info: ConnectorInfo
    limits: Limits
    clock: Clock
    folder: Folder
    grant: Granted | None = None
    on_dropped: Callable[[frozenset[str]], None] = _uncounted

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
