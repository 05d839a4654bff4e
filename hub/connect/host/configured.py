"""The connectors of this hub: those that are installed and have a table in the settings."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from hub.connect.host.guard import GuardedSink, GuardedSource
from hub.connect.host.quota import QuotaBook
from hub.connect.host.registry import discover, open_sink, open_source, trusted_keys
from hub.connect.spec import ConnectorInfo
from hub.errors import Misconfigured
from hub.grants.grant import FEED, Grant, load
from hub.ports import Clock
from hub.settings import Settings


class Connectors:
    """The configured connectors, by name. Opening one makes no call."""

    def __init__(self, settings: Settings, clock: Clock, book: QuotaBook | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._book = book
        self._directory = settings.connectors_dir

    @cached_property
    def infos(self) -> Mapping[str, ConnectorInfo]:
        """Name → description of the connector. Raises ``Misconfigured`` for a table of a connector that is not
        installed."""
        return {name: self._installed(name) for name in self._settings.connectors}

    @property
    def sources(self) -> Mapping[str, ConnectorInfo]:
        """Those of ``infos`` that are sources."""
        return {name: info for name, info in self.infos.items() if info.direction == "source"}

    @property
    def sinks(self) -> Mapping[str, ConnectorInfo]:
        """Those of ``infos`` that are sinks."""
        return {name: info for name, info in self.infos.items() if info.direction == "sink"}

    @property
    def absent_sinks(self) -> Mapping[str, ConnectorInfo]:
        """The installed sinks that are not in the settings now."""
        installed = discover(self._directory).items()
        found = {name: one.info for name, one in installed if not isinstance(one, Misconfigured)}
        return {name: info for name, info in found.items() if info.direction == "sink" and name not in self.infos}

    @cached_property
    def trusted(self) -> Mapping[str, Mapping[str, bytes]]:
        """Source → key id → raw Ed25519 public key (RFC 8032, 32 bytes): the keys that may sign its records."""
        return {name: trusted_keys(name, self._options(name), self._directory) for name in self.sources}

    @cached_property
    def grants(self) -> Mapping[str, Grant]:
        """Source → its grant, as the file of the setting ``grants`` says. Raises ``Misconfigured``."""
        return load(self._settings.grants)

    @property
    def feeds(self) -> Mapping[str, ConnectorInfo]:
        """The sources that are to be fed: those whose grant allows it. Also those without a grant, whose feed says
        so."""
        return {name: info for name, info in self.sources.items() if self._may_be_fed(name)}

    def _may_be_fed(self, name: str) -> bool:
        grant = self.grants.get(name)
        return grant is None or FEED in grant.ways

    def check(self) -> None:
        """Raises ``Misconfigured`` for the first setting of a connector that is wrong, and for a file of grants that
        cannot be read."""
        _ = self.grants
        for name, info in self.infos.items():
            info.options(self._options(name))

    def open_source(self, name: str) -> GuardedSource:
        """A configured source, guarded by throttle, quota and time limits. Raises ``Misconfigured`` when there is none
        of that name, or when its options are wrong."""
        grant = self.grants.get(self.source(name))
        return open_source(name, self._options(name), self._clock, self._book, grant, self._directory)

    def source(self, name: str) -> str:
        """The name of a configured source. Raises ``Misconfigured`` when there is none of that name."""
        if name not in self.sources:
            here = ", ".join(self.sources) or "none"
            raise Misconfigured(f"no source {name!r} is configured", f"sources here: {here}")
        return name

    def open_sink(self, name: str) -> GuardedSink:
        """A configured sink, guarded by throttle, quota and time limits. Raises ``Misconfigured`` when there is none of
        that name, or when its options are wrong."""
        return open_sink(name, self._options(name), self._clock, self._book, directory=self._directory)

    def _options(self, name: str) -> Mapping[str, Any]:
        return self._settings.connector(name)

    def _installed(self, name: str) -> ConnectorInfo:
        found = discover(self._directory)
        installed = found.get(name)
        if installed is None:
            raise Misconfigured(f"connectors.{name}: no such connector is installed", f"installed: {', '.join(found)}")
        if isinstance(installed, Misconfigured):
            raise installed
        return installed.info
