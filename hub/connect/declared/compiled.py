"""``mapping.toml`` compiled to one pure function: a row's columns → a plain record, with all faults told."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from hub.connect.codes import Codes
from hub.connect.declared.hooks import Hook
from hub.connect.declared.models import Each, FieldRule, MappingSpec, When, without_places
from hub.connect.declared.reading import NOTHING, FieldReader
from hub.connect.mapping import told
from hub.connect.spec import ConnectorInfo
from hub.errors import Misconfigured
from hub.ports import Plain
from hub.records.identifiers import tidy

Read = Callable[[FieldReader, str], Any]
"""(Reader of a row or item, path of the item in the record with a dot, or "") → the field's value."""
Form = Callable[[FieldReader, str, str, FieldRule], Any]
_SPLIT_BY: Final = ";；"


class Mapper:
    """Maps rows of one connector. Immutable; thread-safe as long as the hook is.

    ``granted``: columns that the grant has, as dotted paths; any other column is null. ``None``: all are granted.
    Raises ``Misconfigured`` for a mapping that contradicts itself, its code tables, or the connector's description.
    """

    def __init__(
        self,
        mapping: MappingSpec,
        codes: Codes,
        info: ConnectorInfo,
        hook: Hook | None = None,
        granted: frozenset[str] | None = None,
    ) -> None:
        self._codes = codes
        self._info = info
        self._absent_is_null = mapping.absent == "null"
        self._before, self._after = (hook.find(name) if hook else None for name in ("before", "after"))
        _check_apart([*mapping.fields, *mapping.each])
        build = _Compiling(codes, granted)
        self._fields = _tree({name: build.field(name, rule) for name, rule in mapping.fields.items()})
        self._lists = [(name.split("."), build.each(name, each)) for name, each in mapping.each.items()]

    def __call__(self, key: str, version: int, operation: str, columns: Mapping[str, Any]) -> Plain:
        """The plain record. Call it within ``hub.connect.mapping.to_row``, which collects the faults."""
        given = _guarded(self._before, columns) if self._before else columns
        reader = FieldReader(given, self._codes, self._absent_is_null)
        record = _built(self._fields, reader, "")
        for steps, read in self._lists:
            _put(record, steps, read(reader, ""))
        source = {"system": self._info.name, "key": key, "version": version, "operation": operation}
        record["source"] = source | record.get("source", {})
        record.setdefault("assurance", self._info.assurance)
        if self._after:
            record = _guarded(self._after, record, given)
        return record


def _guarded(function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a hook. An error of it is the fault of this row alone."""
    try:
        found = function(*arguments)
    except Exception as error:
        raise ValueError(type(error).__name__) from error
    if not isinstance(found, Mapping):
        raise TypeError("the hook gives no mapping")
    return found


# ---- the tree of fields --------------------------------------------------------------------------------------------


def _tree(reads: Mapping[str, Read]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, read in reads.items():
        _put(tree, name.split("."), read)
    return tree


def _put(into: dict[str, Any], steps: list[str], value: Any) -> None:
    for step in steps[:-1]:
        into = into.setdefault(step, {})
    into[steps[-1]] = value


def _built(tree: Mapping[str, Any], reader: FieldReader, prefix: str) -> dict[str, Any]:
    return {
        name: _built(one, reader, prefix) if isinstance(one, dict) else one(reader, prefix)
        for name, one in tree.items()
    }


def _check_apart(names: list[str]) -> None:
    for name in names:
        if inside := next((other for other in names if other.startswith(f"{name}.")), None):
            raise Misconfigured(f"mapping.toml maps {name} and also {inside}, which is in it", "leave one of them out")
    if len(set(names)) < len(names):
        raise Misconfigured("mapping.toml has a field and a list of one name", "leave one of them out")


# ---- one rule ------------------------------------------------------------------------------------------------------


class _Compiling:
    def __init__(self, codes: Codes, granted: frozenset[str] | None, within: str = "") -> None:
        self._codes = codes
        self._granted = granted
        self._within = within

    def field(self, name: str, rule: FieldRule) -> Read:
        """The function that reads one field."""
        read = self._read(name, rule)
        if rule.when is None:
            return read
        holds, default = self._when(name, rule.when), rule.default
        return lambda reader, prefix: read(reader, prefix) if holds(reader, prefix) else default

    def _read(self, name: str, rule: FieldRule) -> Read:
        if rule.from_ is None:
            value = rule.value
            return lambda reader, prefix: value  # noqa: ARG005
        column = self._column(rule.from_)
        if rule.as_ in ("code", "flag"):
            self._check_table(name, rule)
        form, neutral = _FORMS[rule.as_]
        missing: Any = [] if rule.as_ == "split" and rule.default is None else rule.default

        def read(reader: FieldReader, prefix: str) -> Any:
            field = prefix + name
            found = form(reader, column, field, rule)
            if found is not None:
                return found
            if not rule.required:
                return missing
            told("SHAPE_MISSING", field)
            return neutral

        return read

    def _column(self, path: str) -> str:
        """The path, or that of nothing where the grant does not have it."""
        return path if self._is_granted(path) else NOTHING

    def _is_granted(self, path: str, below: bool = False) -> bool:
        if self._granted is None:
            return True
        whole = without_places(f"{self._within}{path}")
        steps = whole.split(".")
        above = any(".".join(steps[:end]) in self._granted for end in range(1, len(steps) + 1))
        return above or (below and any(one.startswith(f"{whole}.") for one in self._granted))

    def _check_table(self, name: str, rule: FieldRule) -> None:
        table = rule.codes or str(rule.from_)
        if not self._codes.knows(table) and rule.as_ == "code":
            raise Misconfigured(
                f"mapping.toml: {name} is a code, and codes.csv has no column {table!r}", "add its codes to codes.csv"
            )

    def _when(self, name: str, when: When) -> Callable[[FieldReader, str], bool]:
        column, words = self._column(when.column), frozenset(tidy(word) for word in when.in_)
        return lambda reader, prefix: reader.is_one_of(column, prefix + name, words)

    # ---- lists -----------------------------------------------------------------------------------------------------

    def each(self, name: str, each: Each) -> Read:
        """The function that makes one list."""
        if each.zip:
            return self._zipped(name, each)
        origin = str(each.from_)
        column = origin if self._is_granted(origin, below=True) else NOTHING
        item = _Compiling(self._codes, self._granted, f"{self._within}{origin}.")._item(name, each)

        def read(reader: FieldReader, prefix: str) -> list[Any]:
            return _items(name, item, reader, reader.objects(column, prefix + name))

        return read

    def _zipped(self, name: str, each: Each) -> Read:
        columns = [(column, self._column(column)) for column in each.zip]
        item = _Compiling(self._codes, None)._item(name, each)

        def read(reader: FieldReader, prefix: str) -> list[Any]:
            lists = {column: reader.parts(read_as, prefix + name, each.by) for column, read_as in columns}
            size = max((_size(one) for one in lists.values() if one), default=0)
            if any(one and _size(one) and len(one) < size for one in lists.values()):
                told("SHAPE_TYPE", prefix + name)
                return []
            items = [{column: _part(one, at) for column, one in lists.items()} for at in range(size)]
            return _items(name, item, reader, items)

        return read

    def _item(self, name: str, each: Each) -> Read:
        _check_apart(list(each.fields))
        tree = _tree({inner: self.field(inner, rule) for inner, rule in each.fields.items()})
        holds = self._when(name, each.when) if each.when else None

        def read(reader: FieldReader, prefix: str) -> Any:
            return _built(tree, reader, prefix) if holds is None or holds(reader, prefix) else None

        return read


def _items(name: str, item: Read, reader: FieldReader, found: list[Any]) -> list[Any]:
    made = []
    for at, one in enumerate(found):
        prefix = f"{name}.{at}."
        if not isinstance(one, Mapping):
            told("SHAPE_TYPE", prefix[:-1])
        elif (value := item(reader.of_item(one), prefix)) is not None:
            made.append(value)
    return made


def _part(parts: list[str] | None, at: int) -> str | None:
    return parts[at] if parts and at < len(parts) else None


def _size(parts: list[str]) -> int:
    """The number of items, without blank ones at the end."""
    size = len(parts)
    while size and not parts[size - 1]:
        size -= 1
    return size


# ---- the forms -----------------------------------------------------------------------------------------------------


def _day(reader: FieldReader, column: str, field: str, rule: FieldRule) -> date | None:
    return reader.day(column, field) if rule.required else reader.optional_day(column, field)


def _address(reader: FieldReader, column: str, field: str, rule: FieldRule) -> Plain | None:
    return reader.address(column, field) if rule.required else reader.optional_address(column, field)


def _table(rule: FieldRule) -> str:
    return rule.codes or str(rule.from_)


_FORMS: Final[Mapping[str, tuple[Form, Any]]] = {
    "text": (lambda reader, column, field, _: reader.optional(column, field), ""),
    "identifier": (lambda reader, column, field, _: reader.optional_identifier(column, field), ""),
    "number": (lambda reader, column, field, _: reader.optional_number(column, field), 0),
    "day": (_day, date.min),
    "instant": (lambda reader, column, field, _: reader.instant(column, field), 0),
    "decimal": (lambda reader, column, field, rule: reader.decimal(column, field, rule.units), ""),
    "flag": (lambda reader, column, field, rule: reader.truth(column, field, _table(rule)), False),
    "code": (lambda reader, column, field, rule: reader.word(column, field, _table(rule), rule.unknown), ""),
    "address": (_address, {}),
    "split": (lambda reader, column, field, rule: reader.items(column, field, rule.by or _SPLIT_BY), []),
}
"""Form → (what reads it, ``None`` for null; what a field with a fault has)."""
