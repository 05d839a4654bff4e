"""The rooms of the house from low to high, what each may import, and the graph of what its modules do import.

A room is a folder or a single module; the longest name that fits a module is its room. Imports inside functions and
under ``TYPE_CHECKING`` count like any other: they are knowledge too.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
TOPS: Final = ("hub", "connectors", "sandbox")
FILES_MAX: Final = 14

_PLAIN = ("hub.errors", "hub.ports")
_BASE = (*_PLAIN, "hub.crash", "hub.clock", "hub.logging")
_DATA = (*_BASE, "hub.stores", "hub.codec", "hub.records", "hub.privacy", "hub.topics")
_CASES = (
    *("hub.cases", "hub.cases.steps.facts", "hub.cases.steps.judge", "hub.cases.steps", "hub.cases.imports"),
    *("hub.cases.evidence", "hub.cases.identity", "hub.cases.places", "hub.cases.agreement", "hub.cases.ratings"),
    *("hub.cases.connection", "hub.cases.customer", "hub.cases.transfer"),
)
_STAGE = ("hub.runtime", "hub.connect.host", "hub.parts")

ROOMS: Final[dict[str, tuple[str, ...]]] = {
    "hub": (),
    "hub.errors": (),
    "hub.crash": (),
    "hub.ports": ("hub.errors",),
    "hub.clock": (),
    "hub.logging": (),
    "hub.settings": ("hub.errors", "hub.ports"),
    "hub.transport": ("hub.errors", "hub.settings"),
    "hub.stores.causes": ("hub.errors",),
    "hub.stores": (*_BASE, "hub.stores.causes"),
    "hub.codec": _PLAIN,
    "hub.records": (*_BASE, "hub.stores", "hub.codec"),
    "hub.records.rules": (*_BASE, "hub.records"),
    "hub.records.verdict": ("hub.records", "hub.records.rules"),
    "hub.records.rules.codes_page": ("hub.records.rules",),
    "hub.records.files": (*_PLAIN, "hub.codec", "hub.records"),
    "hub.privacy": (*_BASE, "hub.stores", "hub.codec", "hub.records"),
    "hub.topics": (*_BASE, "hub", "hub.stores", "hub.codec", "hub.records", "hub.privacy"),
    "hub.runtime": (*_BASE, "hub.stores"),
    "hub.logs.missing": _PLAIN,
    "hub.logs.sqlite": (*_BASE, "hub.stores.causes", "hub.logs.missing"),
    "hub.logs.kafka": (*_BASE, "hub.settings", "hub.logs.missing"),
    "hub.logs": (*_PLAIN, "hub.settings", "hub.logs.sqlite", "hub.logs.kafka"),
    "hub.grants": _BASE,
    "hub.connect": (*_BASE, "hub.stores.causes", "hub.codec", "hub.records", "hub.records.files", "hub.grants"),
    "hub.connect.host": (*_BASE, "hub.settings", "hub.records", "hub.runtime", "hub.grants", "hub.connect"),
    "hub.cases.words": (),
    "hub.cases.steps.facts": (),
    "hub.cases.steps.judge": ("hub.cases.steps.facts",),
    "hub.cases": (*_DATA, "hub.cases.words", "hub.cases.steps.facts", "hub.cases.steps.judge"),
    "hub.cases.places": (*_PLAIN, "hub.records"),
    "hub.cases.agreement": (*_PLAIN, "hub.records", "hub.cases.places"),
    "hub.cases.steps": (*_DATA, "hub.cases.steps.facts", "hub.cases.steps.judge", "hub.cases"),
    "hub.cases.imports": (*_DATA, "hub.cases"),
    "hub.cases.evidence": (*_DATA, "hub.grants", "hub.cases"),
    "hub.cases.identity": (*_DATA, "hub.cases"),
    "hub.cases.ratings": (*_DATA, "hub.cases"),
    "hub.cases.transfer.tables": ("hub.stores",),
    "hub.cases.transfer.declared": ("hub.cases", "hub.cases.transfer.tables"),
    "hub.cases.connection": (
        *(*_DATA, "hub.cases", "hub.cases.steps.facts", "hub.cases.steps.judge", "hub.cases.steps"),
        *("hub.cases.evidence", "hub.cases.identity", "hub.cases.places", "hub.cases.agreement", "hub.cases.ratings"),
        *("hub.cases.transfer.tables", "hub.cases.transfer.declared"),
    ),
    "hub.cases.customer": (
        *(*_DATA, "hub.cases", "hub.cases.steps.facts", "hub.cases.steps.judge", "hub.cases.steps"),
        *("hub.cases.evidence", "hub.cases.identity", "hub.cases.ratings", "hub.cases.connection"),
    ),
    "hub.cases.transfer": (
        *(*_DATA, "hub.cases", "hub.cases.evidence", "hub.cases.connection", "hub.cases.transfer.tables"),
        *("hub.cases.transfer.declared", "hub.cases.agreement"),
    ),
    "hub.parts": (*_PLAIN, "hub.settings", "hub.privacy", "hub.connect.host", "hub.cases"),
    "hub.ingest": (*_DATA, *_STAGE, "hub.records.verdict", "hub.grants"),
    "hub.delivery": (*_DATA, "hub.runtime", "hub.parts", "hub.cases"),
    "hub.delivery.files": (
        *(*_DATA, *_STAGE, "hub.records.files", "hub.cases", "hub.cases.connection", "hub.delivery"),
    ),
    "hub.pipeline": (
        *(*_DATA, *_STAGE, "hub.records.verdict", "hub.connect"),
        *("hub.cases", "hub.ingest", "hub.delivery"),
    ),
    "hub.pipeline.unused": (
        *_DATA,
        "hub.grants",
        "hub.runtime",
        "hub.parts",
        "hub.cases",
        "hub.cases.evidence",
        "hub.cases.steps",
        "hub.pipeline",
    ),
    "hub.pipeline.verdicts": (*_DATA, *_STAGE, "hub.records.rules", "hub.pipeline"),
    "hub.pipeline.again": (*_DATA, *_STAGE, "hub.grants", "hub.ingest", "hub.pipeline"),
    "hub.crm.reading": (*_PLAIN, "hub.records"),
    "hub.crm": (*_PLAIN, "hub.privacy", "hub.connect", "hub.crm.reading"),
    "hub.operate": (
        *_DATA,
        "hub.runtime",
        "hub.parts",
        "hub.cases",
        "hub.cases.evidence",
        "hub.ingest",
        "hub.delivery",
    ),
    "hub.audit": (*_DATA, "hub.records.files", "hub.parts", *_CASES),
    "hub.stages": (
        "hub.runtime",
        "hub.ingest",
        "hub.delivery",
        "hub.delivery.files",
        "hub.pipeline",
        "hub.pipeline.unused",
        "hub.pipeline.verdicts",
    ),
    "hub.bootstrap": ("hub.*",),
    "hub.web": (*_BASE, "hub.settings", "hub.cases"),
    "hub.web.auth": (*_DATA, "hub.cases", "hub.cases.connection", "hub.web"),
    "hub.web.signatures": (*_BASE, "hub.connect", "hub.stores", "hub.web"),
    "hub.web.registry": (*_PLAIN, "hub.codec", "hub.topics", "hub.web", "hub.web.auth"),
    "hub.web.api": (
        *(*_DATA, *_CASES, "hub.records.files", "hub.runtime", "hub.ingest", "hub.delivery", "hub.delivery.files"),
        *("hub.pipeline", "hub.operate", "hub.stages"),
        *("hub", "hub.grants", "hub.web", "hub.web.auth", "hub.web.signatures"),
    ),
    "hub.web.server": (
        *(*_BASE, "hub.settings", "hub.bootstrap"),
        *("hub.web", "hub.web.auth", "hub.web.signatures", "hub.web.registry", "hub.web.api"),
    ),
    "hub.cli": ("hub.*",),
    "hub.__main__": ("hub.cli",),
    "connectors": (*_PLAIN, "hub.records", "hub.records.files", "hub.connect", "hub.crm.reading"),
    "sandbox.errors": (),
    "sandbox.world": ("sandbox.errors",),
    "sandbox.truth": (),
    "sandbox.faults": ("sandbox.errors", "sandbox.world"),
    "sandbox.control": ("sandbox.errors", "sandbox.faults"),
    "sandbox.gateway": ("sandbox.errors", "sandbox.world", "sandbox.truth", "sandbox.faults", "sandbox.control"),
    "sandbox.files": ("sandbox.errors", "sandbox.world", "sandbox.truth", "sandbox.faults", "sandbox.control"),
    "sandbox.identity": (
        *("sandbox.errors", "sandbox.world", "sandbox.truth", "sandbox.faults", "sandbox.control", "sandbox.gateway"),
    ),
    "sandbox.platform": ("sandbox.errors", "sandbox.world", "sandbox.faults", "sandbox.control", "sandbox.gateway"),
    "sandbox.projects": ("sandbox.errors", "sandbox.world", "sandbox.truth", "sandbox.faults", "sandbox.control"),
    "sandbox.steps": ("sandbox.errors", "sandbox.world", "sandbox.faults", "sandbox.control"),
    "sandbox.exchange": ("sandbox.errors", "sandbox.world", "sandbox.truth", "sandbox.faults", "sandbox.control"),
    "sandbox": ("sandbox.*",),
    "sandbox.servers": (),
    "sandbox.demo": ("hub.*", "sandbox.*"),
}
"""Room → the rooms that it may import, all of them further up in this list. ``hub.*`` stands for all rooms of the hub,
``sandbox.*`` for those of the sandbox. The room ``sandbox`` is what starts the servers: launch, serve, commands."""

LARGE: Final[Mapping[str, str]] = {
    "hub/cli": "one small file for each verb",
}
"""Folder with more than ``FILES_MAX`` modules → the reason why it is not two."""


@cache
def modules() -> dict[str, Path]:
    """Every module of the house by name."""
    paths = sorted(path for top in TOPS for path in (ROOT / top).rglob("*.py"))
    return {name_of(path): path for path in paths if "migrations" not in path.parts}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """The room of a module. Raises ``ValueError`` for a module that is in no room."""
    return max((room for room in ROOMS if within(module, room) and _is_room(module, room)), key=len)


def _is_room(module: str, room: str) -> bool:
    """``hub`` as a room is the package's own file; what is not listed below it is in no room."""
    return room != "hub" or module == "hub"


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def imports(source: str, package: str, known: Mapping[str, object]) -> Iterator[str]:
    """Modules that a source text of ``package`` imports, as exactly as ``known`` names tell."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = parts[: len(parts) - node.level + 1] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                full = f"{prefix}.{alias.name}"
                yield full if full in known else prefix


@cache
def graph() -> dict[str, frozenset[str]]:
    """Module → the modules of the house that it imports."""
    known = modules()
    found = {}
    for name, path in known.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        wanted = imports(path.read_text("utf-8"), package, known)
        found[name] = frozenset(one for one in wanted if one in known and one != name)
    return found


def rooms_graph() -> dict[str, frozenset[str]]:
    """Room → the other rooms that its modules import."""
    found: dict[str, set[str]] = {room: set() for room in ROOMS}
    for name, imported in graph().items():
        found[room_of(name)] |= {room_of(one) for one in imported} - {room_of(name)}
    return {room: frozenset(others) for room, others in found.items()}


def allowed(room: str) -> frozenset[str]:
    """The rooms that a room may import, itself included."""
    order = list(ROOMS)
    below = order[: order.index(room)]
    whole = [top for top in TOPS if f"{top}.*" in ROOMS[room]]
    return frozenset({*ROOMS[room], room, *(one for one in below if any(within(one, top) for top in whole))})


def forbidden(module: str, imported: frozenset[str]) -> list[str]:
    """Of the modules that ``module`` imports, those that its room may not know."""
    may = allowed(room_of(module))
    return sorted(one for one in imported if room_of(one) not in may)


def upward() -> list[str]:
    """Imports of a room that stands higher."""
    order = list(ROOMS)
    return [
        f"{name} imports {one}"
        for name, imported in graph().items()
        for one in sorted(imported)
        if order.index(room_of(one)) > order.index(room_of(name))
    ]


def circles(edges: Mapping[str, frozenset[str]]) -> list[frozenset[str]]:
    """Every circle of a graph: its strongly connected parts of more than one (by what each can reach)."""
    reach = {name: _reached(name, edges) for name in edges}
    found = {frozenset(two for two in reach[one] if one in reach[two]) for one in edges}
    return sorted((part for part in found if part), key=sorted)


def _reached(name: str, edges: Mapping[str, frozenset[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(edges[name])
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(edges.get(one, ()))
    return found


def large() -> dict[str, int]:
    """Folders with more than ``FILES_MAX`` modules beside their ``__init__.py``."""
    counts: dict[str, int] = {}
    for path in modules().values():
        if path.name != "__init__.py":
            folder = str(path.parent.relative_to(ROOT))
            counts[folder] = counts.get(folder, 0) + 1
    return {folder: count for folder, count in counts.items() if count > FILES_MAX}


def report() -> list[str]:
    """The counts in words: modules and rooms, circles, upward arrows, and large folders with their reasons."""
    big = large()
    return [
        f"{len(modules())} modules in {len(ROOMS)} rooms",
        f"circles: {len(circles(graph()))} between modules, {len(circles(rooms_graph()))} between rooms",
        f"upward arrows: {len(upward())}",
        f"folders of more than {FILES_MAX} files: {len(big)}",
        *(f"  {folder}: {count}, because {LARGE.get(folder, 'NO REASON GIVEN')}" for folder, count in big.items()),
    ]


if __name__ == "__main__":
    print("\n".join(report()))
