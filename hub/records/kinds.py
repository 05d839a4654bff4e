"""The registered kinds of record, made from their schemas: the parts, the subject of each part, and the identifiers by
which a record can be found.

A kind is a licence (with a status, and dates of validity in its principal part) or a report (a step, a permit's
result, an outage). A report has neither, and may have no person in it. The functions expect plain records that have
passed the shape check (``hub.records.shape``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from hub.codec.catalogue import Schema, catalogue
from hub.codec.defaults import Complete, completer
from hub.errors import Misconfigured
from hub.ports import Plain
from hub.records.declarations import declarations
from hub.records.identifiers import Identity, identity_of, is_identifier, tidy

_DECLARED: Final = {kind.name: kind for declaration in declarations() for kind in declaration.kinds}
KIND_NAMES: Final = tuple(_DECLARED)
"""Every registered kind, the hub's own first."""
REPORT_STATUS: Final = "CURRENT"
"""The open status of a report, which has no status of its own: it is current until the source deletes it."""
SUBJECTS: Final = ("person", "enterprise", "object", "party")
STEP_SEGMENTS: Final = ("acceptance", "supply-plan", "design-review", "mid-inspection", "completion")
"""The timed segments that a step (``utility.step``) may be of: annex 2 of 津工信电力〔2021〕8号, in their order."""
_HEAD: Final = ("source", "authority", "region", "assurance")
"""Fields that a record of every kind has. A licence has a ``status`` too."""


class Identifying(NamedTuple):
    """A field of a part that identifies a person, an enterprise or an object. The type of a document is in the field
    ``id_type`` of the same part. ``within``: the field of the head in whose range the identifier is unique; "" for one
    that is unique everywhere."""

    kind: str
    field: str
    within: str = ""

    def read(self, value: Plain) -> Any:
        """The identifier in the form that ``identity_of`` takes; ``None`` when it is not given."""
        found = value[self.field]
        return f"{value['id_type']}:{found}" if self.kind == "document" and found else found

    def identity(self, record: Plain, value: Plain) -> Identity | None:
        """Whose or what's identifier a part of ``record`` has; ``None`` where it has none, or a malformed one."""
        found = identity_of(self.kind, self.read(value))
        return identity_within(found, record[self.within]) if found and self.within else found


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a kind: the fields that are sealed for one subject.

    ``subject`` is person, enterprise, object, or party (a person or an enterprise; its document says which). Without
    an ``identifier`` the subject is known only within its own row.
    """

    name: str
    role: str
    subject: str
    many: bool
    schema_id: int
    schema: Any = field(repr=False)
    identifier: Identifying | None
    links: tuple[Identifying, ...]

    def complete(self, value: Plain) -> Plain:
        """A value of an earlier version of the part, with the defaults of what it does not have."""
        return _completed(self.schema, value)


class PartValue(NamedTuple):
    """One part of one record. ``item`` is its index in an array, ``path`` its place, for example ``holders.1``."""

    part: Part
    item: int
    path: str
    value: Plain


@dataclass(frozen=True)
class Kind:
    """A kind of record. ``name`` is also the prefix of its topics. ``has_status``: true for a licence, false for a
    report. ``expires``: whether a record is of no use after its last day of validity; the dates of a title are those
    of the land-use term, and it does not end with them (民法典 §359). ``divided_by``: the field of the principal part
    that tells apart the things of one entity; "" where there are none.
    """

    name: str
    schema_id: int
    schema: Schema = field(repr=False)
    parts: tuple[Part, ...]
    has_status: bool
    expires: bool
    divided_by: str

    def topic(self, suffix: str) -> str:
        """The kind's topic with this suffix: received, verified or rejected."""
        return f"{self.name}.{suffix}"

    @cached_property
    def principal(self) -> Part:
        """The part from which the entity id is made. In a licence it has the dates."""
        return self.parts[0]

    def walk(self, record: Plain) -> Iterator[PartValue]:
        """Every part of ``record`` in the schema's order. An array gives one value for each item."""
        for part in self.parts:
            if part.many:
                for index, value in enumerate(record[part.name]):
                    yield PartValue(part, index, f"{part.name}.{index}", value)
            else:
                yield PartValue(part, 0, part.name, record[part.name])

    def entity_identity(self, record: Plain) -> Identity:
        """The identity from which the message key is made: the principal part's identifier if it is well-formed,
        otherwise the row."""
        return _identity(self.principal, record[self.principal.name]) or self._own(record)

    def division_identity(self, record: Plain) -> Identity | None:
        """The identity of the thing within the entity that the record is about, such as a sub-project of a project;
        ``None`` where it names none, or where the entity itself is known only by its row."""
        principal = record[self.principal.name]
        within = principal.get(self.divided_by)
        entity = _identity(self.principal, principal) if within else None
        return ("division", f"{':'.join(entity)}/{tidy(within)}") if entity else None

    def subject_identity(self, record: Plain, value: PartValue) -> Identity:
        """The identity of the subject whose key seals the part. Without a well-formed identifier the subject is known
        only within this row."""
        return _identity(value.part, value.value) or self._own(record, f":{value.part.role}:{value.item}")

    def _own(self, record: Plain, what: str = "") -> Identity:
        source = record["source"]
        return "licence", f"{self.name}:{source['system']}:{source['key']}{what}"

    def has_field(self, path: str) -> bool:
        """Whether the schema has a field with this dotted path. In a list it means the field of each item."""
        schema = self.schema.json
        for step in path.split("."):
            entry = next((one for one in schema.get("fields", ()) if one["name"] == step), None)
            if entry is None:
                return False
            schema = entry["type"] if isinstance(entry["type"], dict) else {}
            schema = schema["items"] if schema.get("type") == "array" else schema
            schema = schema if isinstance(schema, dict) else {}
        return True

    def links(self, record: Plain) -> list[Identity]:
        """The further identities by which the record can be found, each once, in the schema's order; the thing within
        its entity last."""
        found = [link.identity(record, value.value) for value in self.walk(record) for link in value.part.links]
        found.append(self.division_identity(record))
        return list(dict.fromkeys(identity for identity in found if identity))

    def complete(self, record: Plain) -> Plain:
        """A copy with the schema's defaults for what is missing. Other gaps stay, for the shape check to name."""
        completed: Plain = self._complete(record)
        return completed

    @cached_property
    def _complete(self) -> Complete:
        complete = completer(self.schema.parsed)
        assert complete is not None
        return complete


def _completed(schema: Any, record: Plain) -> Plain:
    complete = completer(schema)
    assert complete is not None
    completed: Plain = complete(record)
    return completed


def identity_within(identity: Identity, range_: str) -> Identity:
    """The identity of something whose identifier is unique only within ``range_``, for example an authority.

    >>> identity_within(("utility.app-no", "7"), "供电公司")
    ('utility.app-no', '供电公司/7')
    """
    return identity[0], f"{tidy(range_)}/{identity[1]}"


def _identity(part: Part, value: Plain) -> Identity | None:
    return identity_of(part.identifier.kind, part.identifier.read(value)) if part.identifier else None


def _identifying(record: dict[str, Any], attribute: str) -> tuple[Identifying, ...]:
    return tuple(
        Identifying(entry[attribute], entry["name"], entry.get("hub.within", ""))
        for entry in record["fields"]
        if attribute in entry
    )


def _part(kind: str, entry: dict[str, Any]) -> Part:
    schema = _schema(f"{kind}.{entry['name']}")
    identifiers, links = _identifying(schema.json, "hub.identifier"), _identifying(schema.json, "hub.link")
    _check(kind, entry.get("hub.subject") in SUBJECTS, f"the part {entry['name']} has no hub.subject of {SUBJECTS}")
    _check(kind, len(identifiers) <= 1, f"the part {entry['name']} has more than one hub.identifier")
    for one in (*identifiers, *links):
        _check(kind, is_identifier(one.kind), f"{one.kind!r} is no sort of identifier")
        _check(kind, one.within in ("", "authority", "region"), f"hub.within: {one.within!r} is no text of the head")
    many = entry["type"]["type"] == "array"
    identifier = identifiers[0] if identifiers else None
    return Part(
        entry["name"], entry["hub.role"], entry["hub.subject"], many, schema.id, schema.parsed, identifier, links
    )


def _kind(name: str) -> Kind:
    schema = _schema(name)
    fields = {entry["name"]: entry for entry in schema.json["fields"]}
    missing = [field for field in _HEAD if field not in fields]
    _check(name, not missing, f"the schema has no field {', '.join(missing)}")
    parts = tuple(_part(name, entry) for entry in fields.values() if "hub.role" in entry)
    _check(name, bool(parts) and not parts[0].many, "the schema has no first part (hub.role) that occurs once")
    declared = _DECLARED[name]
    names = {entry["name"] for entry in _schema(f"{name}.{parts[0].name}").json["fields"]}
    _check(name, declared.divided_by in {"", *names}, f"divided_by: {parts[0].name} has no {declared.divided_by}")
    return Kind(name, schema.id, schema, parts, "status" in fields, declared.expires, declared.divided_by)


def _schema(name: str) -> Schema:
    try:
        return catalogue().by_name(name)
    except KeyError:
        raise Misconfigured(f"{name} is in no catalogue.toml", "give the kind, or the part, a schema") from None


def _check(kind: str, good: bool, problem: str) -> None:
    if not good:
        raise Misconfigured(f"the kind {kind}: {problem}", "see docs/kinds.md")


KINDS: Final[dict[str, Kind]] = {name: _kind(name) for name in KIND_NAMES}


def find_kind(name: str) -> Kind | None:
    """The kind with this full name, or with this last word if only one kind has it; otherwise ``None``.

    >>> find_kind("business") is KINDS["licence.business"], find_kind("deed")
    (True, None)
    """
    ending = [kind for kind in KINDS.values() if kind.name.rpartition(".")[2] == name]
    return KINDS.get(name) or (ending[0] if len(ending) == 1 else None)
