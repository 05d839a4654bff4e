"""Finds and opens connectors: those that are installed under the entry-point group ``hub.connectors``, the hub's own
among them, and the folders of ``connectors_dir``.

An entry point's value is a package with a ``connector.toml``. A source that its folder declares (``mapping.toml``) is
opened by ``hub.connect.declared``; any other connector has a function ``open(options, context)`` that returns a
``Source`` or ``Sink``.
"""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from hub.connect.context import Context
from hub.connect.declared.opening import open_declared
from hub.connect.folder import INFO, Folder, of_package
from hub.connect.host.guard import SINK_HOLD_S, Gate, GuardedSink, GuardedSource
from hub.connect.host.quota import QuotaBook
from hub.connect.spec import ConnectorInfo
from hub.connect.trust import trusted_keys_of
from hub.errors import Misconfigured
from hub.grants.grant import Grant, smaller
from hub.ports import Clock, Pickup
from hub.records.kinds import KINDS

GROUP = "hub.connectors"
FOLDERS_MAX = 500
"""Most folders that are looked at in ``connectors_dir``."""


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed connector: its description, its folder, and its distribution ("" for none)."""

    info: ConnectorInfo
    folder: Folder
    distribution: str


Found = Mapping[str, Installed | Misconfigured]


def discover(directory: Path | None = None) -> Found:
    """Name → the connector, or the ``Misconfigured`` that says why it cannot be used: the installed ones, and the
    folders in ``directory``, which are read again by each call."""
    found = dict(_of_packages())
    for name, described in _of_folders(directory) if directory else ():
        twice = Misconfigured(f"two connectors are called {name}", f"rename the folder {directory}/{name}")
        found[name] = twice if name in found else described
    return found


@cache
def _of_packages() -> Found:
    found: dict[str, Installed | Misconfigured] = {}
    for entry in sorted(set(entry_points(group=GROUP)), key=lambda entry: (entry.name, entry.value)):
        try:
            described: Installed | Misconfigured = _package(entry)
        except Misconfigured as error:
            described = error
        if entry.name in found:
            described = Misconfigured(f"two connectors are called {entry.name}", "uninstall one")
        found[entry.name] = described
    return found


def forget() -> None:
    """Look for installed packages again at the next call."""
    _of_packages.cache_clear()


def _of_folders(directory: Path) -> Iterator[tuple[str, Installed | Misconfigured]]:
    """The folders of ``connectors_dir`` that have a ``connector.toml``."""
    if not directory.is_dir():
        raise Misconfigured(f"connectors_dir: there is no folder {directory}", "create it, or correct the setting")
    folders = sorted(file.parent for file in directory.glob(f"*/{INFO}"))
    if len(folders) > FOLDERS_MAX:
        raise Misconfigured(f"connectors_dir: {directory} has over {FOLDERS_MAX} folders", "name the right folder")
    for root in folders:
        try:
            yield root.name, _described(root.name, Folder(root.name, root), "")
        except Misconfigured as error:
            yield root.name, error


def _package(entry: EntryPoint) -> Installed:
    try:
        folder = of_package(entry.value.partition(":")[0])
    except ImportError as error:
        raise Misconfigured(
            f"connector {entry.name} cannot be loaded: {error}", "install it again, or remove it"
        ) from None
    return _described(entry.name, folder, entry.dist.name if entry.dist else "")


def _described(name: str, folder: Folder, distribution: str) -> Installed:
    info = folder.info
    if info.name != name:
        raise Misconfigured(
            f"connector {name} has the name {info.name} in its connector.toml", "give both the same name"
        )
    if info.kind and info.kind not in KINDS:
        raise Misconfigured(
            f"connector {name} gives records of {info.kind}, which is no kind here",
            f"install the package that declares it; kinds are {', '.join(KINDS)}",
        )
    if not folder.package and not folder.declared:
        raise Misconfigured(
            f"connector {name} has no mapping.toml, or no section [{info.transport}] in its connector.toml",
            "write both: docs/connectors.md",
        )
    return Installed(info, folder, distribution)


def located(name: str, directory: Path | None = None) -> Folder:
    """The folder of a connector, also of one that cannot be used. Raises ``Misconfigured`` when there is none of this
    name."""
    if directory and directory.joinpath(name, INFO).is_file():
        return Folder(name, directory / name)
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            return of_package(entry.value.partition(":")[0])
    raise Misconfigured(f"no connector {name!r}", f"installed are {', '.join(discover(directory))}; or name a folder")


def find(name: str, directory: Path | None = None) -> Installed:
    """The connector with this name. Raises ``Misconfigured`` when there is none, or it cannot be used."""
    installed = discover(directory)
    if name not in installed:
        raise Misconfigured(f"no connector {name!r}", f"installed are {', '.join(installed)}")
    found = installed[name]
    if isinstance(found, Misconfigured):
        raise found
    return found


def open_source(
    name: str,
    settings: Mapping[str, Any],
    clock: Clock,
    book: QuotaBook | None = None,
    grant: Grant | None = None,
    directory: Path | None = None,
) -> GuardedSource:
    """Open a source with ``settings``, its table in ``hub.toml``, and its grant, without which it refuses every call.
    Makes no call.

    Raises ``Misconfigured`` for an unknown name, a sink, or wrong settings.
    """
    installed = _of_direction(name, "source", directory)
    context = _context(installed, settings, clock, grant)
    gate = Gate(context, book)
    context = replace(context, further=gate.further)
    return GuardedSource(_open(installed, settings, context), context, gate)


def open_sink(
    name: str, settings: Mapping[str, Any], clock: Clock, book: QuotaBook | None = None, directory: Path | None = None
) -> GuardedSink:
    """Open a sink with ``settings``, its table in ``hub.toml``. Makes no call.

    Raises ``Misconfigured`` for an unknown name, a source, a sink whose system fetches, or wrong settings.
    """
    installed = _of_direction(name, "sink", directory)
    if installed.info.fetches:
        raise Misconfigured(
            f"{name} is not called: its system fetches its pieces", "give it a token: docs/operating.md"
        )
    context = _context(installed, settings, clock)
    return GuardedSink(_open(installed, settings, context), context, Gate(context, book, hold_max_s=SINK_HOLD_S))


def open_pickup(name: str, settings: Mapping[str, Any], clock: Clock, directory: Path | None = None) -> Pickup:
    """Open a sink whose system fetches its pieces, with ``settings``, its table in ``hub.toml``. Raises
    ``Misconfigured`` for any other connector, or wrong settings."""
    installed = _of_direction(name, "sink", directory)
    if not installed.info.fetches:
        raise Misconfigured(f"{name} is pushed to: its system does not fetch", "name a sink of the transport pull")
    opened: Pickup = _open(installed, settings, _context(installed, settings, clock))
    return opened


def trusted_keys(name: str, settings: Mapping[str, Any], directory: Path | None = None) -> dict[str, bytes]:
    """The keys whose signatures a source's records may have: key id → raw Ed25519 public key (32 bytes). Empty for a
    source without signatures. Raises ``Misconfigured``."""
    return trusted_keys_of(find(name, directory).info.options(settings))


def _of_direction(name: str, direction: str, directory: Path | None) -> Installed:
    installed = find(name, directory)
    if installed.info.direction != direction:
        raise Misconfigured(f"{name} is a {installed.info.direction}", f"name a {direction}")
    return installed


def _context(installed: Installed, settings: Mapping[str, Any], clock: Clock, grant: Grant | None = None) -> Context:
    limits = installed.info.limits_with(settings)
    if grant is not None:
        limits = limits.model_copy(update={"calls_a_day": smaller(grant.calls_a_day, limits.calls_a_day)})
    return Context(installed.info, limits, clock, installed.folder, grant)


def _open(installed: Installed, settings: Mapping[str, Any], context: Context) -> Any:
    options, folder = installed.info.options(settings), installed.folder
    if folder.declared:
        return open_declared(options, context)
    return importlib.import_module(folder.package).open(options, context)
