"""The shape of a plain record: all fields of the schema and no others, each with the right type, texts within bounds.

Two passes over the same schema: the quick pass accepts a good record in a few microseconds. Only a record that does not
fit is checked again field by field, to name the faults.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from operator import gt, itemgetter
from typing import Any, Final, NamedTuple

from hub.ports import Fault
from hub.records import version_1
from hub.records.dates import EARLIEST
from hub.records.kinds import KINDS
from hub.records.text import fault as fault_of_text
from hub.records.text import is_blank, is_simple

Fits = Callable[[Any], bool]

TEXT_CHARACTERS_MAX: Final = 200
"""Of a text whose schema names no ``hub.max``."""
ITEMS_MAX: Final = 1_000
"""Most items of one array."""
_HEAD: Final = "source"
"""The record that says where a row is from. Its key is empty in a record that was opened."""
_PLANS_MAX: Final = 1_024
"""Combinations of nulls with a plan in memory, for each record schema."""

_PLAIN_TYPES: Final = {
    "string": str, "long": int, "int": int, "boolean": bool, "bytes": bytes, "null": type(None), "double": float,
}  # fmt: skip
_FORMS: Final = {
    "region": re.compile(r"[0-9]{6}"),
    "decimal": re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?"),
    "fraction": re.compile(r"[0-9]{1,9}/[1-9][0-9]{0,8}|[0-9]{1,3}(?:\.[0-9]{1,6})?%"),
}
_FIELD_NAME: Final = re.compile(r"[a-z_][a-z0-9_.]{0,60}")
_LONG: Final = range(-(2**63), 2**63)


def _branches(schema: Any) -> list[Any]:
    return schema if isinstance(schema, list) else [schema]


def _name(branch: Any) -> str:
    found: str = branch["type"] if isinstance(branch, dict) else branch
    return found


def _python_type(branch: Any) -> type:
    if isinstance(branch, dict) and branch.get("logicalType") == "date":
        return date
    return {"record": dict, "array": list, "enum": str}.get(_name(branch)) or _PLAIN_TYPES[_name(branch)]


def _main(schema: Any) -> Any:
    """The branch of a nullable type that is not null; any other type unchanged."""
    return next(branch for branch in _branches(schema) if branch != "null")


def _needs_text(entry: Any) -> bool:
    """Whether a field must have a visible character: a text that is neither nullable nor empty by default."""
    return bool(entry["type"] == "string" and "default" not in entry)


def _getter(places: list[int]) -> Callable[[Any], tuple[Any, ...]]:
    # itemgetter gives a tuple only for two places or more; a repeated one does no harm.
    return itemgetter(*[*places, *places][: max(2, len(places))]) if places else lambda _: ()


# ---- the quick pass ------------------------------------------------------------------------------------------------


class _Record:
    """The quick pass over one record schema. Calling it returns whether a value fits.

    The types of all values together are the key of ``_plans``, which has one entry for each combination of nulls.
    """

    def __init__(self, schema: Any, visible: bool = True) -> None:
        fields = schema["fields"]
        self._count = len(fields)
        self._values = itemgetter(*(entry["name"] for entry in fields))
        self._types = [frozenset(map(_python_type, _branches(entry["type"]))) for entry in fields]
        self._limits = [entry.get("hub.max", TEXT_CHARACTERS_MAX) for entry in fields]
        self._texts = [_name(_main(entry["type"])) == "string" for entry in fields]
        self._needed = _getter([place for place, entry in enumerate(fields) if visible and _needs_text(entry)])
        self._inner = tuple((place, fits) for place, entry in enumerate(fields) if (fits := _inner(entry)))
        self._plans: dict[tuple[type, ...], tuple[Callable[[Any], tuple[str, ...]], tuple[int, ...]] | None] = {}

    def __call__(self, value: Any) -> bool:
        if type(value) is not dict or len(value) != self._count:
            return False
        try:
            values = self._values(value)
        except KeyError:
            return False
        types = tuple(map(type, values))
        plan = self._plans[types] if types in self._plans else self._plan(types)
        if plan is None or not self._texts_fit(values, *plan):
            return False
        for place, fits in self._inner:  # noqa: SIM110 - a generator would cost as much as the checks
            if not fits(values[place]):
                return False
        return True

    def _texts_fit(self, values: Any, texts: Callable[[Any], tuple[str, ...]], limits: tuple[int, ...]) -> bool:
        found = texts(values)
        if any(map(gt, map(len, found), limits)) or not is_simple("".join(found)):
            return False
        return all(map(str.strip, self._needed(values)))

    def _plan(self, types: tuple[type, ...]) -> Any:
        """For one combination of types: (getter of the texts, their limits), or ``None`` if a type is wrong."""
        if not all(map(frozenset.__contains__, self._types, types)):
            return None
        places = [place for place, kind in enumerate(types) if self._texts[place] and kind is str]
        plan = (_getter(places), tuple(self._limits[place] for place in [*places, *places][: max(2, len(places))]))
        if len(self._plans) < _PLANS_MAX:
            self._plans[types] = plan
        return plan


def _inner(entry: Any) -> Fits | None:
    """The check that the type alone does not make: enums, ranges, forms, days, arrays, records."""
    fits = _inner_of(entry)
    if fits is None or "null" not in _branches(entry["type"]):
        return fits
    return lambda value: value is None or fits(value)


def _inner_of(entry: Any) -> Fits | None:
    branch, form = _main(entry["type"]), _FORMS.get(entry.get("hub.form", ""))
    name = _name(branch)
    if form:
        match = form.fullmatch
        return lambda value: match(value) is not None
    if _python_type(branch) is date:
        return lambda value: bool(value >= EARLIEST)
    made: dict[str, Callable[[], Fits]] = {
        "enum": lambda: frozenset(branch["symbols"]).__contains__,
        "long": lambda: _LONG.__contains__,
        "record": lambda: _Record(branch, entry["name"] != _HEAD),
        "array": lambda: _array(branch["items"], entry.get("hub.max", TEXT_CHARACTERS_MAX)),
    }
    return made[name]() if name in made else None


def _array(items: Any, limit: int) -> Fits:
    if _name(items) == "record":
        fits: Fits = _Record(items)
    else:

        def fits(item: Any) -> bool:
            return type(item) is str and len(item) <= limit and is_simple(item) and not is_blank(item)

    return lambda values: len(values) <= ITEMS_MAX and all(map(fits, values))


# ---- the slow pass -------------------------------------------------------------------------------------------------


class Checks(NamedTuple):
    """What the versions of the rules differ in: the check of a text, whether a text that is required must have a
    visible character, the earliest day."""

    fault: Callable[[str, int], str | None]
    visible: bool
    earliest: date


_CHECKS: Final = {1: Checks(version_1.fault, False, version_1.EARLIEST)}
_IN_FORCE: Final = Checks(fault_of_text, True, EARLIEST)


def _faults(value: Any, entry: Any, path: str, checks: Checks) -> list[Fault]:
    """The faults of one value. ``entry`` is its field in the schema (type, limit, form)."""
    nullable = "null" in _branches(entry["type"])
    branch = _main(entry["type"])
    if value is None and nullable:
        return []
    given: type = type(value)
    if given is not _python_type(branch):
        return [Fault("SHAPE_TYPE", path)]
    name = _name(branch)
    if name == "record":
        return _record_faults(value, branch, path, checks)
    if name == "array":
        return _array_faults(value, branch["items"], entry, path, checks)
    if name == "string":
        return _text_faults(value, entry, path, checks)
    fits = checks.earliest.__le__ if given is date else _inner(entry)
    return [Fault("SHAPE_TYPE", path)] if fits and not fits(value) else []


def _text_faults(value: str, entry: Any, path: str, checks: Checks) -> list[Fault]:
    if checks.visible and not path.startswith(f"{_HEAD}.") and _needs_text(entry) and is_blank(value):
        return [Fault("SHAPE_MISSING", path)]
    if code := checks.fault(value, entry.get("hub.max", TEXT_CHARACTERS_MAX)):
        return [Fault(code, path)]
    form = _FORMS.get(entry.get("hub.form", ""))
    return [Fault("SHAPE_TYPE", path)] if form and not form.fullmatch(value) else []


def _array_faults(values: list[Any], items: Any, entry: Any, path: str, checks: Checks) -> list[Fault]:
    if len(values) > ITEMS_MAX:
        return [Fault("TOO_LARGE", path)]
    inner = {key: found for key, found in entry.items() if key != "default"} | {"type": items}
    return [fault for place, value in enumerate(values) for fault in _faults(value, inner, f"{path}.{place}", checks)]


def _record_faults(value: dict[str, Any], schema: Any, path: str, checks: Checks) -> list[Fault]:
    prefix = f"{path}." if path else ""
    found: list[Fault] = []
    for entry in schema["fields"]:
        name = entry["name"]
        found += (
            _faults(value[name], entry, prefix + name, checks)
            if name in value
            else [Fault("SHAPE_MISSING", prefix + name)]
        )
    known = {entry["name"] for entry in schema["fields"]}
    # The name of an unknown field is input too: it is repeated only when it looks like a name.
    strange = {prefix + name if _FIELD_NAME.fullmatch(str(name)) else path for name in value if name not in known}
    return found + [Fault("SHAPE_UNKNOWN_FIELD", name) for name in sorted(strange)]


_QUICK: Final[dict[str, Fits]] = {name: _Record(kind.schema.parsed) for name, kind in KINDS.items()}


def check_shape(kind: str, record: Any, version: int | None = None) -> Sequence[Fault]:
    """The faults of ``record`` as a record of ``kind``: codes with dotted fields. Empty when it fits.

    SHAPE_MISSING (also a required text without a visible character), SHAPE_TYPE (also a date before ``EARLIEST``),
    SHAPE_UNKNOWN_FIELD, TEXT_TOO_LONG, TEXT_CONTROL, TEXT_ENCODING, TOO_LARGE (an array). ``version``: as this version
    of the rules checked it; ``None`` is the version in force.

    >>> check_shape("licence.business", {"region": 12})[:2]
    [Fault(code='SHAPE_MISSING', field='source'), Fault(code='SHAPE_MISSING', field='authority')]
    """
    if _QUICK[kind](record):  # the newest version: it accepts no record that an earlier one refuses
        return ()
    checks = _IN_FORCE if version is None else _CHECKS.get(version, _IN_FORCE)
    return _faults(record, {"type": KINDS[kind].schema.parsed}, "", checks)
