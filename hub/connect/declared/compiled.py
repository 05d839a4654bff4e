"""``mapping.toml`` compiled to one pure function: a row's columns → a plain record, with all faults told."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from hub.connect.codes import Codes
from hub.connect.declared import reading
from hub.connect.declared.hooks import Hook
from hub.connect.declared.models import Each, FieldRule, MappingSpec, When, without_places
from hub.connect.declared.reading import ABSENT, NOTHING, Form
from hub.connect.mapping import text_of, told
from hub.connect.places import nested
from hub.connect.spec import ConnectorInfo
from hub.errors import Misconfigured
from hub.ports import Plain
from hub.records.identifiers import tidy

Row = Mapping[str, Any]
Read = Callable[[Row, str], Any]
"""(Row or item, path of the item in the record with a dot, or "") → the value there, or that of one field."""
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
        self._info = info
        self._before, self._after = (hook.find(name) if hook else None for name in ("before", "after"))
        _check_apart([*mapping.fields, *mapping.each])
        build = _Compiling(codes, granted, mapping.absent == "null")
        fields = {name: build.field(name, rule) for name, rule in mapping.fields.items()}
        lists = {name: build.each(name, each) for name, each in mapping.each.items()}
        self._read = _object(nested(fields | lists))

    def __call__(self, key: str, version: int, operation: str, columns: Mapping[str, Any]) -> Plain:
        """The plain record. Call it within ``hub.connect.mapping.to_row``, which collects the faults."""
        given = _guarded(self._before, columns) if self._before else columns
        record: Plain = self._read(given, "")
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


def _object(tree: Mapping[str, Any]) -> Read:
    """The function that makes an object of the record."""
    reads = [(name, _object(one) if isinstance(one, dict) else one) for name, one in tree.items()]
    return lambda row, prefix: {name: read(row, prefix) for name, read in reads}


def _check_apart(names: list[str]) -> None:
    for name in names:
        if inside := next((other for other in names if other.startswith(f"{name}.")), None):
            raise Misconfigured(f"mapping.toml maps {name} and also {inside}, which is in it", "leave one of them out")
    if len(set(names)) < len(names):
        raise Misconfigured("mapping.toml has a field and a list of one name", "leave one of them out")


# ---- one rule ------------------------------------------------------------------------------------------------------


class _Compiling:
    def __init__(self, codes: Codes, granted: frozenset[str] | None, absent_is_null: bool, within: str = "") -> None:
        self._codes = codes
        self._granted = granted
        self._absent_is_null = absent_is_null
        self._within = within

    def field(self, name: str, rule: FieldRule) -> Read:
        """The function that reads one field."""
        read = self._constant(rule.value) if rule.from_ is None else self._read(name, rule, rule.from_)
        if rule.when is None:
            return read
        holds, default = self._when(name, rule.when), rule.default
        return lambda row, prefix: read(row, prefix) if holds(row, prefix) else default

    def _constant(self, value: Any) -> Read:
        return lambda row, prefix: value  # noqa: ARG005

    def _read(self, name: str, rule: FieldRule, column: str) -> Read:
        form, neutral = self._form(rule, name, rule.codes or column)
        place = f"{name}.text" if rule.as_ == "address" else name
        column, by_path = self._place(column, place)
        required = rule.required
        missing: Any = [] if rule.as_ == "split" and rule.default is None else rule.default

        def read(row: Row, prefix: str) -> Any:
            given = row.get(column, ABSENT)
            if given is ABSENT:
                given = by_path(row, prefix)
            found = None if given is None else form(given, prefix + place)
            if found is not None:
                return found
            if not required:
                return missing
            told("SHAPE_MISSING", prefix + place)
            return neutral

        return read

    def _value(self, column: str, place: str, below: bool = False) -> Read:
        """The function that reads a column: its value, ``None`` for null and where the grant does not have it."""
        column, by_path = self._place(column, place, below)

        def read(row: Row, prefix: str) -> Any:
            given = row.get(column, ABSENT)
            return by_path(row, prefix) if given is ABSENT else given

        return read

    def _place(self, column: str, place: str, below: bool = False) -> tuple[str, Read]:
        """The column's name, and what reads it where a row has no column of that name: by its dotted path."""
        if not self._is_granted(column, below):
            return NOTHING, self._constant(None)
        absent_is_null = self._absent_is_null

        def by_path(row: Row, prefix: str) -> Any:
            found = reading.at(row, column)
            if found is not ABSENT:
                return found
            if not absent_is_null:
                told("SHAPE_MISSING", prefix + place)
            return None

        return column, by_path

    def _is_granted(self, path: str, below: bool = False) -> bool:
        if self._granted is None:
            return True
        whole = without_places(f"{self._within}{path}")
        steps = whole.split(".")
        above = any(".".join(steps[:end]) in self._granted for end in range(1, len(steps) + 1))
        return above or (below and any(one.startswith(f"{whole}.") for one in self._granted))

    def _form(self, rule: FieldRule, name: str, table: str) -> tuple[Form, Any]:
        """What reads the value, and what a field with a fault has."""
        match rule.as_:
            case "decimal":
                return reading.decimal(rule.units), ""
            case "split":
                return reading.split(rule.by or _SPLIT_BY), []
            case "flag":
                return reading.truth(self._codes.table(table) if self._codes.knows(table) else {}), False
            case "code":
                return reading.word(self._words(name, table), rule.unknown), ""
            case "day":
                return (reading.day if rule.required else reading.optional_day), date.min
            case form:
                return _FORMS[form]

    def _words(self, name: str, table: str) -> Mapping[str, str]:
        if not self._codes.knows(table):
            raise Misconfigured(
                f"mapping.toml: {name} is a code, and codes.csv has no column {table!r}", "add its codes to codes.csv"
            )
        return self._codes.table(table)

    def _when(self, name: str, when: When) -> Callable[[Row, str], bool]:
        value, words = self._value(when.column, name), frozenset(tidy(word) for word in when.in_)

        def holds(row: Row, prefix: str) -> bool:
            found = value(row, prefix)
            return isinstance(found, (str, int, float)) and tidy(str(found)) in words

        return holds

    # ---- lists -----------------------------------------------------------------------------------------------------

    def each(self, name: str, each: Each) -> Read:
        """The function that makes one list."""
        if each.zip:
            return self._zipped(name, each)
        origin = str(each.from_)
        value = self._value(origin, name, below=True)
        inner = _Compiling(self._codes, self._granted, self._absent_is_null, f"{self._within}{origin}.")
        item = inner._item(name, each)
        return lambda row, prefix: _items(name, item, reading.objects(value(row, prefix), prefix + name))

    def _zipped(self, name: str, each: Each) -> Read:
        columns = [(column, self._value(column, name)) for column in each.zip]
        parts = reading.parts(each.by)
        item = _Compiling(self._codes, None, self._absent_is_null)._item(name, each)

        def read(row: Row, prefix: str) -> list[Any]:
            given = {column: value(row, prefix) for column, value in columns}
            lists = {column: None if one is None else parts(one, prefix + name) for column, one in given.items()}
            size = max((_size(one) for one in lists.values() if one), default=0)
            if any(one and _size(one) and len(one) < size for one in lists.values()):
                told("SHAPE_TYPE", prefix + name)
                return []
            return _items(name, item, [{column: _part(one, at) for column, one in lists.items()} for at in range(size)])

        return read

    def _item(self, name: str, each: Each) -> Read:
        _check_apart(list(each.fields))
        read = _object(nested({inner: self.field(inner, rule) for inner, rule in each.fields.items()}))
        if each.when is None:
            return read
        holds = self._when(name, each.when)
        return lambda row, prefix: read(row, prefix) if holds(row, prefix) else None


def _items(name: str, item: Read, found: list[Any]) -> list[Any]:
    made = []
    for at, one in enumerate(found):
        if not isinstance(one, (dict, Mapping)):
            told("SHAPE_TYPE", f"{name}.{at}")
        elif (value := item(one, f"{name}.{at}.")) is not None:
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


_FORMS: Final[Mapping[str, tuple[Form, Any]]] = {
    "text": (text_of, ""),
    "identifier": (reading.identifier, ""),
    "number": (reading.number, 0),
    "instant": (reading.instant, 0),
    "address": (reading.structured_address, {}),
}
"""Form without settings → (what reads it, what a field with a fault has)."""
