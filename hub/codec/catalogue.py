"""The schema catalogue: ids ↔ Avro schemas, of the hub and of installed packages. An id never changes its meaning.

The ``catalogue.toml`` of each package (``hub.codec.packages``) is the source. A schema is a whole file, or one part of
a kind's file (``part = "enterprise"``): the sealed part of one subject has a schema of its own.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import fastavro

from hub.codec.packages import CATALOGUE, Json, Package, packages
from hub.errors import Misconfigured, RecordRejected

_DOCUMENTATION = ("doc", "doc_zh")


@dataclass(frozen=True, slots=True)
class Schema:
    """One version of one schema. ``json`` is as in the file, ``parsed`` is fastavro's form of it.

    ``fingerprint`` is SHA-256 in hexadecimal; ``part`` is "" for a whole file.
    """

    id: int
    name: str
    version: int
    file: str
    part: str
    fingerprint: str
    json: Json = field(repr=False)
    parsed: Any = field(repr=False)

    @property
    def record_name(self) -> str:
        """The full name of the Avro record that the schema is."""
        return f"{self.json['namespace']}.{self.json['name']}"

    @property
    def text(self) -> str:
        """The schema as compact JSON, as a registry serves it."""
        return json.dumps(self.json, ensure_ascii=False, separators=(",", ":"))


class Catalogue:
    """Schemas by id and by name. Immutable. ``reserved`` maps an id that must not be used again to its old name.

    Raises ``Misconfigured`` when an id or a version occurs twice.
    """

    def __init__(self, schemas: list[Schema], reserved: dict[int, str]) -> None:
        self._by_id = {schema.id: schema for schema in schemas}
        self._by_name = {(schema.name, schema.version): schema for schema in schemas}
        self.reserved = reserved
        _check_once([schema.id for schema in schemas] + list(reserved), "id")
        _check_once([f"{schema.name}.v{schema.version}" for schema in schemas], "version")
        _check_once([record for _, record in {(one.name, one.record_name) for one in schemas}], "Avro record")

    def __iter__(self) -> Iterator[Schema]:
        return iter(self._by_id.values())

    def by_id(self, schema_id: int) -> Schema:
        """The schema with this id. Raises ``RecordRejected`` (SCHEMA_UNKNOWN) for one that is not in the catalogue."""
        schema = self._by_id.get(schema_id)
        if schema is None:
            raise RecordRejected("SCHEMA_UNKNOWN", detail=str(schema_id))
        return schema

    def by_name(self, name: str, version: int | None = None) -> Schema:
        """Version ``version`` of a schema, by default the newest. Raises ``KeyError`` when there is none."""
        return self._by_name[name, version or self.versions(name)[-1].version]

    def versions(self, name: str) -> list[Schema]:
        """All versions of a name, oldest first. Raises ``KeyError`` when there is none."""
        found = sorted((schema for schema in self if schema.name == name), key=lambda schema: schema.version)
        if not found:
            raise KeyError(name)
        return found

    def names(self) -> list[str]:
        """The name of every schema, once each, in alphabetical order."""
        return sorted({schema.name for schema in self})


def _check_once(given: Sequence[Any], what: str) -> None:
    twice = sorted(str(one) for one, times in Counter(given).items() if times > 1)
    if twice:
        raise Misconfigured(
            f"the catalogue of schemas has the {what} {twice[0]} twice",
            "give every schema an id, a name and an Avro record of its own; uninstall a package that takes another's",
        )


def fingerprint(schema: Any) -> str:
    """SHA-256 (hexadecimal) of a schema's JSON with sorted keys and without documentation.

    >>> fingerprint({"type": "string", "doc": "a"}) == fingerprint({"doc": "b", "type": "string"})
    True
    """
    plain = json.dumps(_without_documentation(schema), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def _without_documentation(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_documentation(value) for key, value in node.items() if key not in _DOCUMENTATION}
    if isinstance(node, list):
        return [_without_documentation(value) for value in node]
    return node


def part_schema(schema: Json, part: str) -> Json:
    """The schema of one part of a kind's ``schema``, complete in itself: named types are defined at their first use.

    ``part`` is a field of the kind. A list's part is the schema of its items.
    """
    named: dict[str, Json] = {}
    _collect(schema, "", named)
    entry = next(entry for entry in schema["fields"] if entry["name"] == part)
    inner = entry["type"]["items"] if entry["type"]["type"] == "array" else entry["type"]
    result: Json = _expand(inner, schema.get("namespace", ""), named, set())
    return result


def _is_named(node: Json) -> bool:
    return node.get("type") in ("record", "enum", "fixed")


def _full_name(node: Json, namespace: str) -> str:
    return f"{node.get('namespace', namespace)}.{node['name']}"


def _collect(node: Any, namespace: str, named: dict[str, Json]) -> None:
    if isinstance(node, list):
        for item in node:
            _collect(item, namespace, named)
    elif isinstance(node, dict):
        if _is_named(node):
            named[_full_name(node, namespace)] = node
            namespace = node.get("namespace", namespace)
        for child in (node.get("type"), node.get("items"), node.get("fields")):
            if isinstance(child, (dict, list)):
                _collect(child, namespace, named)


def _expand(node: Any, namespace: str, named: dict[str, Json], seen: set[str]) -> Any:
    """``node``, with each name that is not in ``seen`` replaced by its definition."""
    if isinstance(node, str):
        full = node if "." in node else f"{namespace}.{node}"
        return (
            _expand(deepcopy(named[full]), full.rpartition(".")[0], named, seen)
            if full in named and full not in seen
            else node
        )
    if isinstance(node, list):
        return [_expand(item, namespace, named, seen) for item in node]
    if not isinstance(node, dict):
        return node
    if _is_named(node):
        seen.add(_full_name(node, namespace))
        namespace = node.get("namespace", namespace)
        node = {**node, "namespace": namespace}
    followed = {
        key: _expand(node[key], namespace, named, seen)
        for key in ("type", "items")
        if key in node and not _is_named(node)
    }
    fields = (
        {"fields": [_expand(entry, namespace, named, seen) for entry in node["fields"]]} if "fields" in node else {}
    )
    return {**node, **followed, **fields}


def read(package: Package) -> list[Schema]:
    """The schemas of one package. Raises ``Misconfigured`` for a file that is missing or no schema, and for a schema
    that is not the one whose fingerprint is written down: an id must never change its meaning."""
    return [_load(entry, package) for entry in package.table(CATALOGUE).get("schema", ())]


def _load(entry: Json, package: Package) -> Schema:
    file, part = str(entry.get("file")), entry.get("part", "")
    try:
        document = json.loads(package.root.joinpath(*file.split("/")).read_text("utf-8"))
        schema = part_schema(document, part) if part else document
        parsed = fastavro.parse_schema(deepcopy(schema))
        found = Schema(entry["id"], entry["name"], entry["version"], file, part, entry["fingerprint"], schema, parsed)
        _ = found.record_name
    except (OSError, ValueError, LookupError, TypeError, StopIteration, fastavro.schema.SchemaParseException) as error:
        raise Misconfigured(f"{package.name}/{file} is no schema: {error}", "see docs/kinds.md") from None
    # A test compares the hub's own; an installed package has another maker.
    if not package.own and fingerprint(schema) != found.fingerprint:
        raise Misconfigured(
            f"{package.name}/{file} is not the schema of id {found.id}", "give a changed schema a new version and id"
        )
    return found


def schema_id(name: str) -> int:
    """The id of the newest version of a schema in this release's catalogue. Raises ``KeyError`` for an unknown name.

    Code names schemas by this, and never by a number.

    >>> schema_id("hub.cursor")
    3
    """
    return catalogue().by_name(name).id


@cache
def catalogue() -> Catalogue:
    """The catalogue of this installation: the hub's own schemas, then those of installed packages. Read once in a
    process."""
    given = [(package.name, schema) for package in packages() for schema in read(package)]
    _check_once([name for _, name in {(package, schema.name) for package, schema in given}], "name")
    reserved = {number: name for package in packages() for number, name in _reserved(package)}
    return Catalogue([schema for _, schema in given], reserved)


def _reserved(package: Package) -> Iterator[tuple[int, str]]:
    for entry in package.table(CATALOGUE).get("reserved", ()):
        yield entry["id"], entry["name"]
