"""Kinds of record that packages declare: the ``kinds.toml`` of the hub's own schemas and of all installed packages.

A declaration is data: the names of kinds, the names of their records, reason codes, and the modules with the rules.
Topics, messages, shapes, codes and rules are made from these lists. docs/kinds.md explains how to write one.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from hub.codec.packages import Package, packages
from hub.errors import Misconfigured

FILE: Final = "kinds.toml"
_REMEDY: Final = "see docs/kinds.md"
_KIND_NAME: Final = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)+")
_KEYS: Final = {"kind", "code", "rules"}
_KIND_KEYS: Final = {"about", "zh", "expires", "divided_by"}
_REQUIRED: Final = {"about", "zh"}


class DeclaredKind(NamedTuple):
    """A kind by name, and what its records are called in English and in Chinese, in the plural. ``expires``: a record
    is of no use after its last day of validity. ``divided_by``: the field of the first part that tells apart the things
    of one entity, such as the sub-projects of a project; "" where there are none."""

    name: str
    about: str
    zh: str
    expires: bool = True
    divided_by: str = ""


class Declaration(NamedTuple):
    """What one package declares. ``codes`` is code → its table; ``rules`` are names of modules, in order."""

    package: Package
    kinds: Sequence[DeclaredKind]
    codes: Mapping[str, Mapping[str, Any]]
    rules: Sequence[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its kinds."""
        return tuple(kind.name for kind in self.kinds)


@cache
def declarations() -> Sequence[Declaration]:
    """What every package with schemas declares, the hub's own first. A package without ``kinds.toml`` declares nothing.

    Raises ``Misconfigured`` for a table that is wrong and for a kind that two packages declare.
    """
    found = [read(package, package.table(FILE)) for package in packages()]
    owners: dict[str, str] = {}
    for one in found:
        for name in one.names:
            other = owners.setdefault(name, one.package.name)
            if other != one.package.name:
                raise Misconfigured(
                    f"{other} and {one.package.name} both declare the kind {name}", "uninstall one of them"
                )
    return found


def read(package: Package, table: Mapping[str, Any]) -> Declaration:
    """A declaration from its parsed table. Raises ``Misconfigured`` with the key that is wrong."""
    where = f"{package.name}/{FILE}"
    _check_keys(where, table, _KEYS, set())
    rules = table.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(name, str) for name in rules):
        raise Misconfigured(f"{where}: rules is no list of modules", _REMEDY)
    if not package.own and (outside := [name for name in rules if not name.startswith(f"{package.name}.")]):
        raise Misconfigured(f"{where}: {outside[0]} is no module of the package", "name the package's own modules")
    kinds = [_kind(where, name, entry) for name, entry in table.get("kind", {}).items()]
    return Declaration(package, kinds, table.get("code", {}), rules)


def _kind(where: str, name: str, entry: Any) -> DeclaredKind:
    if not _KIND_NAME.fullmatch(name):
        raise Misconfigured(f"{where}: {name!r} is no name of a kind", "name it like meter.reading, in lower case")
    _check_keys(f"{where}: kind {name}", entry, _KIND_KEYS, _REQUIRED)
    if not isinstance(entry.get("expires", True), bool):
        raise Misconfigured(f"{where}: kind {name}: expires is neither true nor false", _REMEDY)
    return DeclaredKind(name, entry["about"], entry["zh"], entry.get("expires", True), entry.get("divided_by", ""))


def _check_keys(where: str, table: Any, known: set[str], required: set[str]) -> None:
    if not isinstance(table, Mapping):
        raise Misconfigured(f"{where} is no table", _REMEDY)
    if strange := sorted(table.keys() - known):
        raise Misconfigured(f"{where}: unknown key {strange[0]!r}", _REMEDY)
    if missing := sorted(required - table.keys()):
        raise Misconfigured(f"{where}: no key {missing[0]!r}", _REMEDY)


def declaration_of(module: str) -> Declaration | None:
    """The declaration of the installed package that contains ``module``; ``None`` for a module of the hub."""
    return next((one for one in declarations() if module.startswith(f"{one.package.name}.")), None)
