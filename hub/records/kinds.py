"""The kinds of record, read off their schemas: which parts there are, whose they are, and by what they can be found.

The functions expect plain records whose shape holds (``hub.records.shape``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from hub.codec.catalogue import Schema, catalogue
from hub.codec.defaults import Fill, filler
from hub.ports import Plain
from hub.records.identifiers import Identity, identity_of

KIND_NAMES: Final = ("licence.resident-id", "licence.business", "licence.property-title", "project.approval")


class Identifying(NamedTuple):
    """A field of a part by which somebody or something is known. A document's kind stands beside it, in ``id_type``."""

    kind: str
    field: str

    def read(self, value: Plain) -> Any:
        """The identifier in the form that ``identity_of`` takes; ``None`` when it is not given."""
        found = value[self.field]
        return f"{value['id_type']}:{found}" if self.kind == "document" and found else found


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a kind: what is sealed for one subject.

    ``subject`` is person, enterprise, object, or party (a person or an enterprise, as its document says).
    """

    name: str
    role: str
    subject: str
    many: bool
    schema_id: int
    schema: Any = field(repr=False)
    identifier: Identifying
    links: tuple[Identifying, ...]


class PartValue(NamedTuple):
    """One part of one record: ``item`` counts within an array, ``path`` is its place in it, e.g. ``holders.1``."""

    part: Part
    item: int
    path: str
    value: Plain


@dataclass(frozen=True)
class Kind:
    """A kind of record; ``name`` is also its topics' prefix, ``entity`` the path of what its entity id is made from."""

    name: str
    schema_id: int
    schema: Schema = field(repr=False)
    parts: tuple[Part, ...]
    entity: str

    def topic(self, suffix: str) -> str:
        """``suffix`` is received, verified or rejected."""
        return f"{self.name}.{suffix}"

    @cached_property
    def principal(self) -> Part:
        """The part that carries the dates."""
        return self.parts[0]

    def walk(self, record: Plain) -> Iterator[PartValue]:
        """Every part of ``record`` in the schema's order; an array gives one value an item."""
        for part in self.parts:
            if part.many:
                for index, value in enumerate(record[part.name]):
                    yield PartValue(part, index, f"{part.name}.{index}", value)
            else:
                yield PartValue(part, 0, part.name, record[part.name])

    def entity_identity(self, record: Plain) -> Identity:
        """What the message key is made from. A malformed identifier stands for nothing but its own row."""
        return identity_of(
            self.principal.identifier.kind, self.principal.identifier.read(record[self.principal.name])
        ) or self._own(record)

    def subject_identity(self, record: Plain, value: PartValue) -> Identity:
        """Whose key seals the part. Without a good identifier the subject is a stranger, known in this row only."""
        identifier = value.part.identifier
        return identity_of(identifier.kind, identifier.read(value.value)) or self._own(
            record, f":{value.part.role}:{value.item}"
        )

    def _own(self, record: Plain, what: str = "") -> Identity:
        source = record["source"]
        return "licence", f"{self.name}:{source['system']}:{source['key']}{what}"

    def links(self, record: Plain) -> list[Identity]:
        """By what the record can be found, apart from its subjects; each once, in the schema's order."""
        found = (
            identity_of(link.kind, link.read(value.value)) for value in self.walk(record) for link in value.part.links
        )
        return list(dict.fromkeys(identity for identity in found if identity))

    def complete(self, record: Plain) -> Plain:
        """A copy with the schema's defaults filled in. Other gaps stay, for the shape check to name."""
        completed: Plain = self._fill(record)
        return completed

    @cached_property
    def _fill(self) -> Fill:
        fill = filler(self.schema.parsed)
        assert fill is not None
        return fill


def _identifying(record: dict[str, Any], attribute: str) -> tuple[Identifying, ...]:
    return tuple(Identifying(entry[attribute], entry["name"]) for entry in record["fields"] if attribute in entry)


def _part(kind: str, entry: dict[str, Any]) -> Part:
    schema = catalogue().by_name(f"{kind}.{entry['name']}")
    (identifier,) = _identifying(schema.json, "hub.identifier")
    links = _identifying(schema.json, "hub.link")
    many = entry["type"]["type"] == "array"
    return Part(
        entry["name"], entry["hub.role"], entry["hub.subject"], many, schema.id, schema.parsed, identifier, links
    )


def _kind(name: str) -> Kind:
    schema = catalogue().by_name(name)
    parts = tuple(_part(name, entry) for entry in schema.json["fields"] if "hub.role" in entry)
    return Kind(name, schema.id, schema, parts, schema.json["hub.entity"])


KINDS: Final[dict[str, Kind]] = {name: _kind(name) for name in KIND_NAMES}


def find_kind(name: str) -> Kind | None:
    """A kind by its full name or its last word.

    >>> find_kind("business") is KINDS["licence.business"], find_kind("deed")
    (True, None)
    """
    return KINDS.get(name) or next((kind for kind in KINDS.values() if kind.name.rpartition(".")[2] == name), None)
