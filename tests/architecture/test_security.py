"""docs/security.md names tests that exist and every bound on what comes from outside."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text("utf-8")


def tests_named() -> list[tuple[str, str]]:
    return re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)


def bounds() -> Iterator[str]:
    """MODULE.NAME of each constant of the product that bounds something: ``…_MAX``, ``…_MAX_MS``, ``…_MAX_S``."""
    for folder in ("hub", "connectors"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.parse(path.read_text("utf-8")).body:
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                for target in targets:
                    if isinstance(target, ast.Name) and re.search(r"_MAX(_M?S)?$", target.id):
                        yield f"{path.relative_to(ROOT)}: {target.id.removeprefix('_')}"


def test_every_guard_names_a_test_that_exists() -> None:
    named = tests_named()
    assert len(named) > 30
    for file, name in named:
        text = (ROOT / file).read_text("utf-8")
        assert not name or f"def {name}(" in text, f"{file}::{name}"


def test_every_bound_is_listed_once() -> None:
    listed = re.findall(r"(?m)^\| `([\w/]+\.py)` \| `(\w+)` \|", PAGE)
    assert sorted(f"{file}: {name}" for file, name in listed) == sorted(bounds())
