"""Import directions are a test: who may know whom (docs/architecture.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A room, and the only rooms of the house that it may import. The longest matching prefix counts.
_BASE = ("hub.errors", "hub.ports", "hub.records")
_CASES = (*_BASE, "hub.privacy", "hub.stores", "hub.logging", "hub.crash", "hub.cases")
ALLOWED: dict[str, tuple[str, ...]] = {
    "hub.errors": (),
    "hub.crash": (),
    "hub.clock": (),
    "hub.logging": (),
    "hub.ports": (),
    "hub.settings": ("hub.errors",),
    "hub.records": _BASE,
    "hub.privacy": (*_BASE, "hub.privacy"),
    "hub.logs": ("hub.errors", "hub.ports", "hub.settings", "hub.crash", "hub.logging", "hub.logs"),
    "hub.stores": ("hub.errors", "hub.ports", "hub.stores"),
    "hub.connect": (*_BASE, "hub.logging", "hub.connect"),
    "hub.cases": _CASES,
    "hub.pipeline": (*_CASES, "hub.connect", "hub.pipeline"),
    "sandbox": ("hub.errors", "hub.clock", "sandbox"),
    "hub.bootstrap": ("hub",),
    "hub.web": (
        *_BASE,
        *("hub.bootstrap", "hub.cases", "hub.connect", "hub.pipeline", "hub.stores", "hub.settings", "hub.logging"),
        "hub.web",
    ),
    "hub.cli": ("hub",),
    "connectors": (*_BASE, "hub.connect", "connectors"),
}
# Only these may start the outside world.
SANDBOX_USERS = ("sandbox", "hub.cli.sandbox", "sandbox.demo.command", "sandbox.demo.demo", "sandbox.demo.shared")


def modules() -> list[Path]:
    return sorted(path for top in ("hub", "connectors") for path in (ROOT / top).rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, name: str) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            yield prefix
            yield from (f"{prefix}.{alias.name}" for alias in node.names)


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def forbidden(path: Path, name: str) -> list[str]:
    """Imports of ``path`` that its room may not make."""
    rooms = [room for room in ALLOWED if within(name, room)]
    if not rooms:
        return []
    allowed = ALLOWED[max(rooms, key=len)]
    found = []
    for imported in imports(path, name):
        of_ours = within(imported, "hub") or within(imported, "connectors")
        may = imported == "hub" or any(within(imported, room) or within(room, imported) for room in allowed)
        starts_sandbox = within(imported, "sandbox") and not any(within(name, user) for user in SANDBOX_USERS)
        if of_ours and (not may or starts_sandbox):
            found.append(imported)
    return found


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_point_inwards(path: Path) -> None:
    assert forbidden(path, name_of(path)) == []


def test_a_connector_that_imports_the_pipeline_is_caught(tmp_path: Path) -> None:
    path = tmp_path / "source.py"
    path.write_text("from hub.pipeline import ingest\n")
    assert "hub.pipeline" in forbidden(path, "connectors.planted.source")


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_no_file_over_400_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_the_clock_reads_time(path: Path) -> None:
    if within(name_of(path), "sandbox") or name_of(path) in ("hub.clock", "hub.cli.bench"):
        return
    text = path.read_text("utf-8")
    for reader in (
        "time.time(",
        "time.time_ns(",
        "datetime.now(",
        "date.today(",
        "time.monotonic(",
        "datetime.utcnow(",
    ):
        assert reader not in text, f"{reader} outside hub/clock.py"
