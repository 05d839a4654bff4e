"""Whether a ``mapping.toml`` fits the schema of its kind: every required field is mapped, each mapped field exists, and
what its form gives is of the field's type."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from hub.connect.codes import Codes
from hub.connect.declared.models import UNDECIDED, Constant, Each, FieldRule, MappingSpec
from hub.records.kinds import Kind

ADDRESS: Final = "cn.onecert.Address"
_IDENTIFYING: Final = frozenset(("hub.identifier", "hub.form"))
_CODES: Final = ("authority", "uscc", "id_number")
_GIVEN: Final = ("source", "assurance")
"""What the hub completes where a mapping does not name it."""
_WORDS: Final = {
    "string": "a text", "boolean": "a flag", "long": "a whole number", "int": "a whole number", "date": "a day",
    "enum": "a word of its enum", "record": "an object", "array": "a list",
    "address": "an address", "texts": "a list of texts",
}  # fmt: skip
_GIVES: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("string",),
    "identifier": ("string",),
    "day": ("date",),
    "instant": ("long",),
    "number": ("long", "int"),
    "decimal": ("string",),
    "flag": ("boolean",),
    "address": ("address",),
    "code": ("enum", "string"),
    "split": ("texts",),
}
"""Form → the types of fields that it fits."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person should correct. ``file`` and ``key``: where. ``grave``: a source with it would reject its
    rows or could not be opened; the others are for information."""

    file: str
    key: str
    problem: str
    remedy: str
    grave: bool = True


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the schema: its type in the words of ``_WORDS``, whether it may be null, whether it has a default, the
    symbols of its enum, its form, whether it identifies something, and what the schema says of it."""

    path: str
    type: str
    nullable: bool
    optional: bool
    symbols: tuple[str, ...]
    schema: Any
    form: str
    identifies: bool
    doc: str


def fields_of(schema: Any, prefix: str = "") -> dict[str, Field]:
    """Path → field, of a record and of the records in it; not of its lists' items and not within an address."""
    found: dict[str, Field] = {}
    for entry in schema["fields"]:
        field = _field(entry, prefix)
        found[field.path] = field
        if field.type == "record":
            found |= fields_of(field.schema, f"{field.path}.")
    return found


def _field(entry: Mapping[str, Any], prefix: str) -> Field:
    branches = entry["type"] if isinstance(entry["type"], list) else [entry["type"]]
    main = next(branch for branch in branches if branch != "null")
    symbols = tuple(main["symbols"]) if isinstance(main, dict) and main["type"] == "enum" else ()
    return Field(
        path=prefix + entry["name"],
        type=_type(main),
        nullable="null" in branches,
        optional="default" in entry,
        symbols=symbols,
        schema=main,
        form=entry.get("hub.form", ""),
        identifies=entry["name"] in _CODES or not _IDENTIFYING.isdisjoint(entry),
        doc=entry.get("doc", ""),
    )


def _type(branch: Any) -> str:
    if isinstance(branch, str):
        return branch
    if branch.get("name") == ADDRESS:
        return "address"
    if branch["type"] == "array" and isinstance(branch["items"], str):
        return "texts"
    return str(branch.get("logicalType") or branch["type"])


def misfits(kind: Kind, mapping: MappingSpec, codes: Codes) -> Iterator[Finding]:
    """What does not fit, in the order of the file."""
    fields = fields_of(kind.schema.parsed)
    yield from _of_rules(mapping.fields, fields, codes, "fields")
    for name, each in mapping.each.items():
        yield from _of_list(name, each, fields.get(name), codes)
    yield from _missing(fields, {*mapping.fields}, {*mapping.each})


def _of_rules(
    rules: Mapping[str, FieldRule], fields: Mapping[str, Field], codes: Codes, within: str
) -> Iterator[Finding]:
    for name, rule in rules.items():
        key = f"{within}.{name}"
        if name not in fields:
            yield _unknown(key, name, fields)
        else:
            yield from _of_rule(key, rule, fields[name], codes)


def _unknown(key: str, name: str, fields: Mapping[str, Field]) -> Finding:
    near = get_close_matches(name, fields, 1, 0.5)
    remedy = f"is it {near[0]}?" if near else f"fields are {', '.join(fields)}"
    return _told(key, "the kind has no such field", remedy)


def _told(key: str, problem: str, remedy: str) -> Finding:
    return Finding("mapping.toml", key, problem, remedy)


def _of_rule(key: str, rule: FieldRule, field: Field, codes: Codes) -> Iterator[Finding]:
    if rule.from_ == UNDECIDED:
        yield _told(key, "no column is named yet", f'write the column, or as = "constant" and its value: {field.doc}')
        return
    if rule.as_ == "constant":
        yield from _of_constant(key, rule.value, field)
        return
    if field.type not in _GIVES[rule.as_]:
        fits = [form for form, types in _GIVES.items() if field.type in types]
        remedy = f'use as = "{fits[0]}"' if fits else "map the fields in it, or use [each] for a list"
        yield _told(
            key, f'the field is {_WORDS.get(field.type, field.type)}; "{rule.as_}" gives something else', remedy
        )
        return
    may_be_missing = (not rule.required or rule.when is not None) and rule.default is None and rule.as_ != "split"
    if may_be_missing and not field.nullable:
        yield _told(key, "the field may not be null", "give a default, or leave required = true")
    if rule.default is not None:
        yield from _of_constant(key, rule.default, field)
    if rule.as_ in ("code", "flag"):
        yield from _of_codes(key, rule, field, codes)


def _of_constant(key: str, value: Constant | None, field: Field) -> Iterator[Finding]:
    if field.symbols and value not in field.symbols:
        yield _told(key, f"{value!r} is no word of the field", f"words are {', '.join(field.symbols)}")
    wanted: dict[str, type] = {"string": str, "enum": str, "boolean": bool, "long": int, "int": int}
    expected = wanted.get(field.type)
    if expected is None:
        yield _told(key, f"the field is {_WORDS.get(field.type, field.type)}: no fixed value fits", "map a column")
    elif type(value) is not expected:
        yield _told(key, f"the field is {_WORDS[field.type]}, and {value!r} is not", "correct the value")


def _of_codes(key: str, rule: FieldRule, field: Field, codes: Codes) -> Iterator[Finding]:
    table = rule.codes or str(rule.from_)
    words = ("true", "false") if rule.as_ == "flag" else field.symbols
    if not codes.knows(table):
        if rule.as_ == "code":
            yield _told(key, f"codes.csv has no lines for {table}", f"add lines {table},CODE,WORD,MEANING")
        return
    for code, word in codes.table(table).items():
        if words and word not in words:
            problem = f"the code {code} becomes {word!r}, which is no word of {key.partition('.')[2]}"
            yield Finding("codes.csv", f"{table},{code}", problem, f"words are {', '.join(words)}")
    if rule.as_ == "code" and rule.unknown is not None and words and rule.unknown not in words:
        yield _told(f"{key}.unknown", f"{rule.unknown!r} is no word of the field", f"words are {', '.join(words)}")


def _of_list(name: str, each: Each, field: Field | None, codes: Codes) -> Iterator[Finding]:
    key = f"each.{name}"
    if field is None or field.type != "array":
        yield _told(key, "the kind has no such list", 'map a single object by [fields], as "object.field"')
        return
    if each.from_ == UNDECIDED:
        yield _told(f"{key}.from", "no list is named yet", "write the child, the list, or `zip` with joined columns")
        return
    items = fields_of(field.schema["items"])
    yield from _of_rules(each.fields, items, codes, f"{key}.fields")
    for one in _needed(items, {*each.fields}):
        remedy = f"map it: it is {_WORDS[one.type]}"
        yield _told(f"{key}.fields.{one.path}", "a required field of each item is not mapped", remedy)


def _missing(fields: Mapping[str, Field], mapped: set[str], lists: set[str]) -> Iterator[Finding]:
    for field in _needed({path: one for path, one in fields.items() if path.partition(".")[0] not in _GIVEN}, mapped):
        if field.path in lists:
            continue
        where = "each" if field.type == "array" else "fields"
        words = f"one of {', '.join(field.symbols)}" if field.symbols else _WORDS.get(field.type, field.type)
        yield _told(f"{where}.{field.path}", "a required field is not mapped", f"map it: it is {words}")


def _needed(fields: Mapping[str, Field], mapped: set[str]) -> Iterator[Field]:
    """Required fields that nothing maps. A record is mapped by its fields."""
    for path, field in fields.items():
        if field.type != "record" and not field.optional and path not in mapped:
            yield field
