"""The connectors of this hub: those that are installed and have a table in the settings."""

import hmac
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from weakref import WeakSet

from hub.connect.host import desk
from hub.connect.host.guard import GuardedSink, GuardedSource
from hub.connect.host.quota import QuotaBook
from hub.connect.host.registry import discover, find, forget, open_pickup, open_sink, open_source, trusted_keys
from hub.connect.spec import ConnectorInfo, mapping_digest
from hub.connect.table.spec import REPORT_URL
from hub.errors import Misconfigured
from hub.grants.grant import FEED, Grant, load
from hub.ports import DESK, Clock, Pickup
from hub.settings import Settings


class Connectors:
    """The configured connectors, by name. Opening one makes no call."""

    def __init__(self, settings: Settings, clock: Clock, book: QuotaBook | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._book = book
        self._directory = settings.connectors_dir
        self._opened: WeakSet[GuardedSource | GuardedSink] = WeakSet()
        self._changes: Counter[str] = Counter()
        self._pickups: dict[str, tuple[int, Pickup]] = {}

    @cached_property
    def infos(self) -> dict[str, ConnectorInfo]:
        """Name → description of the connector, also of the sinks of desks. Raises ``Misconfigured`` for a table of a
        connector that is not installed."""
        installed = {name: self._installed(name) for name in self._settings.connectors}
        return {**installed, **{name: desk.info(name) for name in self._settings.desks}}

    @property
    def sources(self) -> Mapping[str, ConnectorInfo]:
        """Those of ``infos`` that are sources."""
        return {name: info for name, info in self.infos.items() if info.direction == "source"}

    @property
    def sinks(self) -> Mapping[str, ConnectorInfo]:
        """Those of ``infos`` that are sinks."""
        return {name: info for name, info in self.infos.items() if info.direction == "sink"}

    @property
    def systems(self) -> Mapping[str, ConnectorInfo]:
        """Those of ``sinks`` that cases are opened with: all but the desks."""
        return {name: info for name, info in self.sinks.items() if not name.startswith(DESK)}

    @property
    def fetching(self) -> frozenset[str]:
        """The sinks whose systems fetch their pieces."""
        return frozenset(name for name, info in self.sinks.items() if info.fetches)

    @property
    def absent_sinks(self) -> Mapping[str, ConnectorInfo]:
        """The installed sinks that are not in the settings now."""
        installed = discover(self._directory).items()
        found = {name: one.info for name, one in installed if not isinstance(one, Misconfigured)}
        return {name: info for name, info in found.items() if info.direction == "sink" and name not in self.infos}

    @cached_property
    def trusted(self) -> dict[str, Mapping[str, bytes]]:
        """Source → key id → raw Ed25519 public key (RFC 8032, 32 bytes): the keys that may sign its records."""
        return {name: trusted_keys(name, self._options(name), self._directory) for name in self.sources}

    @property
    def senders(self) -> dict[str, Mapping[str, bytes]]:
        """Source → its trusted keys, of the sources that send rows to the hub by themselves."""
        return {name: keys for name, keys in self.trusted.items() if self.infos[name].sends}

    def senders_of(self, kinds: Callable[[str], bool]) -> dict[str, Mapping[str, bytes]]:
        """As ``senders``, of those whose kind of record ``kinds`` accepts."""
        return {name: keys for name, keys in self.senders.items() if kinds(self.infos[name].kind)}

    @cached_property
    def grants(self) -> dict[str, Grant]:
        """Source → its grant, as the file of the setting ``grants`` says. Raises ``Misconfigured``."""
        return dict(load(self._settings.grants))

    @property
    def feeds(self) -> Mapping[str, ConnectorInfo]:
        """The sources that are to be fed: those whose grant allows it. Also those without a grant, whose feed says
        so."""
        return {name: info for name, info in self.sources.items() if self._may_be_fed(name)}

    def permits(self, source: str, purpose: str) -> bool:
        """Whether records of a source may be used for a purpose: its grant says so, or there is none that says for
        which."""
        grant = self.grants.get(source)
        return grant is None or purpose in grant.purposes

    def _may_be_fed(self, name: str) -> bool:
        grant = self.grants.get(name)
        return grant is None or FEED in grant.ways

    @property
    def waits(self) -> Mapping[str, str]:
        """Source → the kind of record that must be verified before its own, of those that declare one."""
        return {name: info.waits_for for name, info in self.sources.items() if info.waits_for}

    @property
    def reporting(self) -> Mapping[str, ConnectorInfo]:
        """The sources that verdicts are written back to: those that are fed, and have the setting ``report_url``."""
        return {name: info for name, info in self.feeds.items() if self._options(name).get(REPORT_URL)}

    @property
    def filing(self) -> frozenset[str]:
        """The sources that give the files of their licences."""
        return frozenset(name for name, info in self.sources.items() if info.gives_files)

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
        found = open_source(name, self._options(name), self._clock, self._book, grant, self._directory)
        self._opened.add(found)
        return found

    def source(self, name: str) -> str:
        """The name of a configured source. Raises ``Misconfigured`` when there is none of that name."""
        if name not in self.sources:
            here = ", ".join(self.sources) or "none"
            raise Misconfigured(f"no source {name!r} is configured", f"sources here: {here}")
        return name

    def open_sink(self, name: str) -> GuardedSink:
        """A configured sink, guarded by throttle, quota and time limits. Raises ``Misconfigured`` when there is none of
        that name, or when its options are wrong."""
        if name in self._settings.desks:
            found = desk.open_desk(name, self._options(name), self._clock, self._book)
        else:
            found = open_sink(name, self._options(name), self._clock, self._book, directory=self._directory)
        self._opened.add(found)
        return found

    def pickup(self, name: str) -> Pickup:
        """A configured sink whose system fetches its pieces; with the settings that are in force now. Raises
        ``Misconfigured`` when there is none of that name, or when its options are wrong."""
        changes = self.changes(name)
        opened = self._pickups.get(name)
        if opened is None or opened[0] != changes:
            opened = changes, open_pickup(name, self._options(name), self._clock, self._directory)
            self._pickups[name] = opened
        return opened[1]

    # ---- taking changes over ---------------------------------------------------------------------------------------

    def changes(self, name: str) -> int:
        """How often ``name`` was reloaded."""
        return self._changes[name]

    def reload(self, name: str) -> None:
        """Read settings, grant and folder of a connector again, and let every opened one of that name take them over.
        Raises ``Misconfigured`` for what cannot be used, and for a change that needs a new start; then nothing is
        changed."""
        fresh = self._settings.again()
        if name not in fresh.connectors or name not in self.infos:
            raise Misconfigured(
                f"connectors.{name} is not in the settings", "to add or remove one, start the hubs again"
            )
        python = self._python[name]
        forget()
        info = self._installed(name)
        _check_identity(self.infos[name], info)
        if self._python_of(name) != python:
            raise Misconfigured(
                f"connectors.{name}: its Python has changed, which a running hub does not load again",
                "start the hubs again, one after the other",
            )
        table = {**self._settings.connectors, name: fresh.connectors[name]}
        settings = self._settings.model_copy(update={"connectors": table})
        options, grants = settings.connector(name), dict(load(fresh.grants))
        found = self._open_again(info, options, grants.get(name))
        keys = trusted_keys(name, options, self._directory)
        self._settings, self.infos[name], self.trusted[name] = settings, info, keys
        self._take_grant(name, grants.get(name))
        for one, other in found:
            one.become(other)
        self._changes[name] += 1

    def digest(self, name: str, key: bytes) -> str:
        """What is in force for a connector: a digest under ``key`` of its settings, its grant and what maps its rows,
        16 hexadecimal digits. Two hubs with the same digest have the same."""
        grant = self.grants.get(name)
        granted = {key: _ordered(value) for key, value in grant.model_dump().items()} if grant else None
        python = self._python.get(name, b"").hex()
        told = repr((sorted(self._options(name).items()), granted, self.infos[name].mapping.hex(), python))
        return hmac.digest(key, told.encode("utf-8", "surrogatepass"), "sha256").hex()[:16]

    @cached_property
    def _python(self) -> dict[str, bytes]:
        """Name → a digest of the connector's Python, as it was at the hub's start, when a digest is asked for first."""
        return {name: self._python_of(name) for name in self.infos if not name.startswith(DESK)}

    def _python_of(self, name: str) -> bytes:
        """A digest of the Python of an installed package; b"" for a folder, whose hook is read again."""
        folder = find(name, self._directory).folder
        files = {one.name: one for one in folder.root.iterdir() if one.name.endswith(".py")} if folder.package else {}
        return mapping_digest(files) if files else b""

    def _open_again(self, info: ConnectorInfo, options: Mapping[str, Any], grant: Grant | None) -> list[Any]:
        """(Opened before, opened with the new settings) for each that is open; one that is not is opened and closed, so
        that its settings are checked."""
        name = info.name

        def opened() -> Any:
            if info.fetches:
                return open_pickup(name, options, self._clock, self._directory)
            if info.direction == "sink":
                return open_sink(name, options, self._clock, self._book, self._directory)
            return open_source(name, options, self._clock, self._book, grant, self._directory)

        opened().close()
        return [(one, opened()) for one in list(self._opened) if one.context.info.name == name]

    def _take_grant(self, name: str, grant: Grant | None) -> None:
        if grant is None:
            self.grants.pop(name, None)
        else:
            self.grants[name] = grant

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


def _ordered(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


def _check_identity(before: ConnectorInfo, after: ConnectorInfo) -> None:
    """Raises ``Misconfigured`` when what the stages were made with is another one."""
    for key in ("kind", "direction", "transport", "authority", "lookup_by", "accepts", "remembers"):
        if getattr(before, key) != getattr(after, key):
            raise Misconfigured(
                f"{before.name}: {key} in its connector.toml has changed, which a running hub cannot take over",
                "restart the hubs, one after the other",
            )
