"""Every public function, class and method of hub/ and connectors/ states its contract."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef
# Words that say nothing beside a name.
_EMPTY = frozenset(re.findall(r"\w+", "a an the this that it its of for to with in on by is are be and or returns"))


class Contract(NamedTuple):
    """A protocol: its name, and whether each public method has a docstring."""

    name: str
    methods: dict[str, bool]


def modules() -> list[Path]:
    """Every module of hub/ and connectors/ but the migrations, which Alembic calls."""
    paths = (path for top in ("hub", "connectors") for path in (ROOT / top).rglob("*.py"))
    return sorted(path for path in paths if "migrations" not in path.parts)


def public(name: str) -> bool:
    return not name.startswith("_")


def methods_of(node: ast.ClassDef) -> list[Function]:
    return [child for child in node.body if isinstance(child, Function) and public(child.name)]


@cache
def protocols() -> list[Contract]:
    found = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base).startswith("Protocol") for base in node.bases):
                told = {method.name: ast.get_docstring(method) is not None for method in methods_of(node)}
                found.append(Contract(node.name, told))
    return found


def overrides(node: ast.ClassDef, method: Function) -> bool:
    """Whether ``method`` is a method of a protocol that ``node`` implements, and is documented there."""
    names = {child.name for child in methods_of(node)}
    return any(
        contract.methods.get(method.name, False) and contract.methods.keys() <= names and contract.name != node.name
        for contract in protocols()
    )


def by_framework(node: Function) -> bool:
    """Commands, whose docstring is their help, and what a framework calls by a decorator or a base class."""
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(word in text for text in decorators for word in (".command", ".group", "override"))


def undocumented(tree: ast.Module) -> Iterator[str]:
    """The public functions, classes and methods without a docstring, or with one that only repeats the name."""
    for node in tree.body:
        if isinstance(node, Function) and public(node.name) and not by_framework(node) and not says(node):
            yield node.name
        if isinstance(node, ast.ClassDef) and public(node.name):
            if not says(node):
                yield node.name
            for method in methods_of(node):
                if not (says(method) or by_framework(method) or overrides(node, method)):
                    yield f"{node.name}.{method.name}"


def says(node: Function | ast.ClassDef) -> bool:
    """Whether the docstring has a word that the name has not."""
    text = ast.get_docstring(node) or ""
    words = {word.strip(".,:;()`'\"").lower() for word in text.split()} - _EMPTY - {""}
    return not words <= set(node.name.lower().split("_"))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_everything_public_says_its_contract(path: Path) -> None:
    assert list(undocumented(ast.parse(path.read_text("utf-8")))) == []


def test_a_missing_docstring_is_found() -> None:
    source = 'class A:\n    """A thing."""\n    def b(self): ...\n\ndef read_rows():\n    """Read the rows."""\n'
    assert list(undocumented(ast.parse(source))) == ["A.b", "read_rows"]
