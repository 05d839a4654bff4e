"""Finds and opens connectors: those that are installed under the entry-point group ``hub.connectors``. The hub's own
are found in the same way.

An entry point's value is a package with a ``connector.toml`` and a function ``open(options, context)`` that returns a
``Source`` or ``Sink``.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from hub.connect.context import Context
from hub.connect.host.guard import SINK_HOLD_S, Gate, GuardedSink, GuardedSource
from hub.connect.host.quota import QuotaBook
from hub.connect.rest.pageproof import trusted_keys_of
from hub.connect.spec import ConnectorInfo, read_info
from hub.errors import Misconfigured
from hub.ports import Clock
from hub.records.kinds import KINDS

GROUP = "hub.connectors"


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed connector: its description, its Python package and its distribution ("" if unknown)."""

    info: ConnectorInfo
    package: str
    distribution: str


@cache
def discover() -> Mapping[str, Installed | Misconfigured]:
    """Name → the installed connector, or the ``Misconfigured`` that says why it cannot be used."""
    found: dict[str, Installed | Misconfigured] = {}
    for entry in sorted(set(entry_points(group=GROUP)), key=lambda entry: (entry.name, entry.value)):
        try:
            described: Installed | Misconfigured = _describe(entry)
        except Misconfigured as error:
            described = error
        if entry.name in found:
            described = Misconfigured(f"two connectors are called {entry.name}", "uninstall one")
        found[entry.name] = described
    return found


def _describe(entry: EntryPoint) -> Installed:
    package = entry.value.partition(":")[0]
    try:
        info = read_info(package)
    except ImportError as error:
        raise Misconfigured(
            f"connector {entry.name} cannot be loaded: {error}", "install it again, or remove it"
        ) from None
    if info.name != entry.name:
        raise Misconfigured(
            f"connector {entry.name} has the name {info.name} in its connector.toml", "give both the same name"
        )
    if info.kind and info.kind not in KINDS:
        raise Misconfigured(
            f"connector {entry.name} gives records of {info.kind}, which is no kind here",
            f"install the package that declares it; kinds are {', '.join(KINDS)}",
        )
    return Installed(info, package, entry.dist.name if entry.dist else "")


def find(name: str) -> Installed:
    """The installed connector with this name. Raises ``Misconfigured`` when there is none, or it cannot be used."""
    installed = discover()
    if name not in installed:
        raise Misconfigured(f"no connector {name!r}", f"installed are {', '.join(installed)}")
    found = installed[name]
    if isinstance(found, Misconfigured):
        raise found
    return found


def open_source(name: str, settings: Mapping[str, Any], clock: Clock, book: QuotaBook | None = None) -> GuardedSource:
    """Open a source with ``settings``, its table in ``hub.toml``. Makes no call.

    Raises ``Misconfigured`` for an unknown name, a sink, or wrong settings.
    """
    installed = _of_direction(name, "source")
    context = _context(installed, settings, clock)
    return GuardedSource(_open(installed, settings, context), context, Gate(context, book))


def open_sink(name: str, settings: Mapping[str, Any], clock: Clock, book: QuotaBook | None = None) -> GuardedSink:
    """Open a sink with ``settings``, its table in ``hub.toml``. Makes no call.

    Raises ``Misconfigured`` for an unknown name, a source, or wrong settings.
    """
    installed = _of_direction(name, "sink")
    context = _context(installed, settings, clock)
    return GuardedSink(_open(installed, settings, context), context, Gate(context, book, hold_max_s=SINK_HOLD_S))


def trusted_keys(name: str, settings: Mapping[str, Any]) -> dict[str, bytes]:
    """The keys whose signatures a source's records may have: key id → raw Ed25519 public key (32 bytes). Empty for a
    source without signatures. Raises ``Misconfigured``."""
    return trusted_keys_of(find(name).info.options(settings))


def _of_direction(name: str, direction: str) -> Installed:
    installed = find(name)
    if installed.info.direction != direction:
        raise Misconfigured(f"{name} is a {installed.info.direction}", f"name a {direction}")
    return installed


def _context(installed: Installed, settings: Mapping[str, Any], clock: Clock) -> Context:
    return Context(installed.info, installed.info.limits_with(settings), clock, installed.package)


def _open(installed: Installed, settings: Mapping[str, Any], context: Context) -> Any:
    return importlib.import_module(installed.package).open(installed.info.options(settings), context)
