"""Packages that bring schemas: the hub's own ``schemas``, and every one installed under the entry-point group
``hub.kinds``.

A package holds ``catalogue.toml`` and its schema files; it may hold ``kinds.toml`` (kinds of record, codes, rules) and
``purposes.toml`` as well. Its ``__init__.py`` is imported to find the files, so it should do nothing. How to write
one: docs/kinds.md.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from importlib.metadata import EntryPoint, entry_points
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import Any, Final, NamedTuple

from hub.errors import Misconfigured

Json = dict[str, Any]

GROUP: Final = "hub.kinds"
OWN: Final = "schemas"
CATALOGUE: Final = "catalogue.toml"
FIRST_INSTALLED_ID: Final = 10_000
"""Ids of installed packages begin here; the lower ones are the hub's own."""
FIRST_RUNTIME_ID: Final = 1_000_000
"""Registrations at run time (development only) get ids from here on."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package with schemas. ``name`` is its import name, ``root`` the folder of its files."""

    name: str
    root: Traversable = field(repr=False, compare=False)

    @property
    def own(self) -> bool:
        """Whether it is the hub's own."""
        return self.name == OWN

    def table(self, file: str) -> Json:
        """A TOML file of the package; empty where it has none. Raises ``Misconfigured`` for a file that is no TOML."""
        found = self.root.joinpath(file)
        if not found.is_file():
            return {}
        try:
            return tomllib.loads(found.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Misconfigured(f"{self.name}/{file} is not valid TOML: {error}", "correct the file") from None


class Range(NamedTuple):
    """The schema ids of one package, both ends included."""

    first: int
    last: int

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.first <= number <= self.last


@cache
def packages() -> Sequence[Package]:
    """The hub's own package first, then the installed ones by name.

    Raises ``Misconfigured`` for one that cannot be loaded, that has no catalogue, or whose range of ids is taken:
    without its schemas the hub could misread what is on the topics, so it does not start.
    """
    names = {entry.value: entry for entry in entry_points(group=GROUP) if entry.value != OWN}
    found = [Package(OWN, resources.files(OWN)), *(_load(names[name]) for name in sorted(names))]
    check_ranges({package.name: range_of(package.name, package.table(CATALOGUE)) for package in found})
    return found


def _load(entry: EntryPoint) -> Package:
    where = f"{entry.value} (entry point {entry.name} of {GROUP})"
    try:
        package = Package(entry.value, resources.files(entry.value))
    except (ImportError, TypeError) as error:
        raise Misconfigured(f"{where} cannot be loaded: {error}", "install it again, or remove it") from None
    if not package.root.joinpath(CATALOGUE).is_file():
        raise Misconfigured(f"{where} has no {CATALOGUE}", "see docs/kinds.md")
    return package


def range_of(name: str, table: Json) -> Range:
    """The range that a catalogue declares: ``ids = [FIRST, LAST]``. Raises ``Misconfigured`` when there is none, when a
    package may not have that range, and when the catalogue has an id outside it."""
    remedy = f"declare ids = [FIRST, LAST] between {FIRST_INSTALLED_ID} and {FIRST_RUNTIME_ID - 1}: docs/kinds.md"
    match table.get("ids"):
        case [int(first), int(last)] if first <= last:
            declared = Range(first, last)
        case _:
            raise Misconfigured(f"{name}/{CATALOGUE} declares no range of ids", remedy)
    lowest, highest = (1, FIRST_INSTALLED_ID - 1) if name == OWN else (FIRST_INSTALLED_ID, FIRST_RUNTIME_ID - 1)
    if declared.first < lowest or declared.last > highest:
        raise Misconfigured(f"{name}/{CATALOGUE}: ids {list(declared)} are not a package's to give", remedy)
    for entry in (*table.get("schema", ()), *table.get("reserved", ())):
        if entry.get("id") not in declared:
            raise Misconfigured(f"{name}/{CATALOGUE}: id {entry.get('id')} is outside {list(declared)}", remedy)
    return declared


def check_ranges(ranges: dict[str, Range]) -> None:
    """Raises ``Misconfigured`` where two packages, by name, may give the same id.

    >>> check_ranges({"a": Range(10_000, 10_099), "b": Range(10_100, 10_199)})
    """
    in_order = sorted(ranges.items(), key=lambda item: item[1])
    for (one, before), (other, after) in pairwise(in_order):
        if after.first <= before.last:
            raise Misconfigured(
                f"{one} and {other} both give schema ids {after.first} to {min(before.last, after.last)}",
                "uninstall one of them, or ask its maker for a range that is free; no id may mean two things",
            )
