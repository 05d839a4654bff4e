"""Lint: a connector's folder against the schema of its kind, its own files, its samples and its grant."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib.resources.abc import Traversable
from math import ceil
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from hub.connect.context import Context
from hub.connect.declared.fitting import Finding, misfits
from hub.connect.declared.models import UNDECIDED, MappingSpec
from hub.connect.declared.reference import models_in
from hub.connect.declared.rows import row_of
from hub.connect.declared.samples import plain_row, sample_names, sample_row
from hub.connect.declared.steps import KIND as STEPS
from hub.connect.declared.steps import of_steps
from hub.connect.folder import CODES, HOOK, INFO, MAPPING, Folder
from hub.connect.frozen import Frozen, loaded
from hub.connect.spec import ConnectorInfo, Limits
from hub.connect.table.spec import TableSpec
from hub.errors import Misconfigured
from hub.grants.grant import FEED, Grant, smaller
from hub.ports import Clock
from hub.records.kinds import KINDS

README: Final = "README.md"
LOOK_UPS: Final = ("uscc", "resident-id", "unit-no", "address", "title-no")
_PROBLEMS: Final = {"extra_forbidden": "there is no such key", "missing": "the key is missing"}
NO_SETTINGS: Final[Mapping[str, Any]] = {}
_DAY_S: Final = 86_400
_SECRET_WORDS: Final = ("secret", "token", "password")


def lint(
    folder: Folder, clock: Clock, grant: Grant | None = None, settings: Mapping[str, Any] = NO_SETTINGS
) -> list[Finding]:
    """What is to be corrected in the folder, all findings together. ``grant``: ``None`` where there is none.
    ``settings``: the connector's table in ``hub.toml``. Raises ``Misconfigured`` for limits in it that are wrong."""
    unreadable = [*_read(folder, INFO, ConnectorInfo), *_read(folder, MAPPING, MappingSpec), *_rest(folder)]
    if unreadable:
        return unreadable
    found = [*_of_info(folder)]
    if folder.mapping:
        found += [*_of_mapping(folder, folder.mapping), *_of_table(folder), *_of_codes(folder)]
        found += of_steps(folder.mapping, folder.codes) if folder.info.kind == STEPS else ()
        found += [_ungranted(folder.mapping)] if grant is None else _of_grant(folder, folder.mapping, grant)
        found += [] if grant is None else _of_quota(folder.info.limits_with(settings), grant)
        found += [] if any(one.grave for one in found) else _of_samples(folder, clock)
    return found


# ---- files that cannot be read -------------------------------------------------------------------------------------


def _read(folder: Folder, name: str, model: type[Frozen]) -> Iterator[Finding]:
    """Every key of a file that is wrong, not only the first."""
    try:
        text = folder.text(name)
        values = loaded(text, name) if text else None
    except Misconfigured as error:
        yield Finding(name, "", error.what, error.remedy)
        return
    if values is None:
        if name == INFO or not folder.package:
            yield Finding(name, "", "the file is missing", "write it: docs/connectors.md")
        return
    try:
        model.model_validate(values)
    except ValidationError as errors:
        for one in errors.errors(include_input=False, include_url=False):
            problem = _PROBLEMS.get(one["type"], one["msg"])
            yield Finding(name, ".".join(map(str, one["loc"])), problem, _remedy(one, model))


def _remedy(error: Any, model: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        *above, strange = error["loc"]
        keys = [field.alias or name for name, field in _model_at(model, above).model_fields.items()]
        near = get_close_matches(str(strange), keys, 1, 0.6)
        return f"is it {near[0]}?" if near else f"keys are {', '.join(keys)}"
    if error["type"] == "missing":
        return "add it"
    return "see the reference in docs/declarations.md"


def _model_at(model: type[BaseModel], loc: Sequence[Any]) -> type[BaseModel]:
    """The model that a place in a file belongs to; names of a table's entries and places in lists lead no further."""
    for part in loc:
        field = next((one for name, one in model.model_fields.items() if part in (name, one.alias)), None)
        model = next(models_in(field.annotation), model) if field else model
    return model


def _rest(folder: Folder) -> Iterator[Finding]:
    reads: tuple[tuple[str, Callable[[], Any]], ...] = ((CODES, lambda: folder.codes), (HOOK, lambda: folder.hook))
    for name, read in reads:
        try:
            read()
        except Misconfigured as error:
            yield Finding(name, "", error.what, error.remedy)


# ---- connector.toml ------------------------------------------------------------------------------------------------


def _of_info(folder: Folder) -> Iterator[Finding]:
    info = folder.info
    last = folder.name.rpartition(".")[2]
    if info.name != last:
        yield _told("name", f"the folder is called {last}", "give both the same name")
    if info.direction == "source" and info.kind not in KINDS:
        yield _told("kind", f"{info.kind!r} is no kind of record here", f"kinds are {', '.join(KINDS)}")
    if info.direction == "source" and not info.assurance:
        yield _told("assurance", "it says how far records can be trusted", "CHANNEL_ONLY, if nothing is signed")
    if folder.mapping and info.section is None and not folder.package:
        yield _told(info.transport, f"there is a mapping.toml and no section [{info.transport}]", "write the section")
    for word in info.lookup_by:
        if word not in LOOK_UPS:
            yield _told("lookup_by", f"the hub never asks by {word!r}", f"words are {', '.join(LOOK_UPS)}", grave=False)
    for key in _undecided(info.section, info.transport):
        yield _told(key, "a question mark is left", "write what the source has there, or delete the line")
    yield from _of_lookups(info)
    yield from _of_settings(info)
    if not folder.root.joinpath(README).is_file():
        yield Finding(README, "", "the file is missing", "say what the source is, and how it is set up", grave=False)


def _told(key: str, problem: str, remedy: str, grave: bool = True) -> Finding:
    return Finding(INFO, key, problem, remedy, grave)


def _undecided(value: Any, path: str) -> Iterator[str]:
    """The keys whose value a person has to complete."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _undecided(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from _undecided(one, f"{path}.{name}")
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _undecided(one, path)
    elif isinstance(value, str) and value.strip("/") == UNDECIDED:
        yield path


def _of_lookups(info: ConnectorInfo) -> Iterator[Finding]:
    answered = getattr(info.section, "lookups", None)
    if answered is None:
        return
    for word in sorted({*info.lookup_by} - {*answered}):
        yield _told(f"{info.transport}.lookups", f"lookup_by has {word}, and nothing says how it is asked", "add it")
    for word in sorted({*answered} - {*info.lookup_by}):
        yield _told("lookup_by", f"[{info.transport}.lookups.{word}] is never used", f'add "{word}" to lookup_by')


def _of_settings(info: ConnectorInfo) -> Iterator[Finding]:
    names = {setting.name for setting in info.settings}
    for name in getattr(info.section, "settings", ()):
        if name not in names:
            yield _told("settings", f"the setting {name!r} is needed", f'add [[settings]] with name = "{name}"')
    for setting in info.settings:
        if not setting.secret and any(word in setting.name for word in _SECRET_WORDS):
            yield _told(f"settings.{setting.name}", "it looks secret and is not marked so", "secret = true")


# ---- mapping.toml --------------------------------------------------------------------------------------------------


def _of_mapping(folder: Folder, mapping: MappingSpec) -> Iterator[Finding]:
    if folder.info.kind not in KINDS:
        return
    found = list(misfits(KINDS[folder.info.kind], mapping, folder.codes))
    yield from found
    if not found:
        try:
            assert _context(folder, None).mapper
        except Misconfigured as error:
            yield Finding(MAPPING, "", error.what, error.remedy)


def _of_table(folder: Folder) -> Iterator[Finding]:
    """A table's columns: what the mapping reads is read from the table, and the other way round."""
    spec, mapping = folder.info.table, folder.mapping
    if spec is None or mapping is None:
        return
    there, read = _columns(spec), {one for one in mapping.columns() if UNDECIDED not in one}
    for one in sorted(read - there - {*spec.children}):
        yield Finding(MAPPING, one, "the column is not among the table's columns", f"add it to {_place(spec, one)}")
    if folder.hook and folder.hook.find("before"):
        return  # it may read any of them
    for one in sorted(there - read - {*spec.extra}):
        yield _told(_place(spec, one), f"{one} is read and not mapped", "leave it out, or map it", grave=False)


def _columns(spec: TableSpec) -> set[str]:
    own = {*spec.columns, *spec.extra}
    return own | {f"{name}.{column}" for name, child in spec.children.items() for column in child.columns}


def _place(spec: TableSpec, column: str) -> str:
    child, dot, _ = column.partition(".")
    return f"table.children.{child}.columns" if dot and child in spec.children else "table.columns"


def _of_codes(folder: Folder) -> Iterator[Finding]:
    mapping = folder.mapping
    if mapping is None:
        return
    rules = [*mapping.fields.values(), *(rule for each in mapping.each.values() for rule in each.fields.values())]
    used = {rule.codes or rule.from_ for rule in rules if rule.as_ in ("code", "flag")}
    for table in sorted(folder.codes.columns() - used):
        yield Finding(CODES, table, "no field reads these codes", "delete the lines, or map the column", grave=False)


# ---- the grant -----------------------------------------------------------------------------------------------------


def _ungranted(mapping: MappingSpec) -> Finding:
    fields = ", ".join(f'"{one}"' for one in sorted(mapping.columns()))
    remedy = f"the file that the setting `grants` names says what the provider approved; the mapping reads [{fields}]"
    return Finding("grants", "fields", "there is no grant, so the hub makes no call", remedy, grave=False)


def _of_grant(folder: Folder, mapping: MappingSpec, grant: Grant) -> Iterator[Finding]:
    read = {*mapping.columns()}
    for one in sorted(read):
        steps = one.split(".")
        if not any(".".join(steps[:end]) in grant.fields for end in range(1, len(steps) + 1)):
            yield Finding(
                MAPPING,
                one,
                "the mapping reads it and the grant does not have it: it is null in every record",
                "leave it out, or ask the provider to approve it",
            )
    known = read | {*folder.info.columns} | folder.info.transport_columns
    for one in sorted(grant.fields):
        if not any(other == one or other.startswith(f"{one}.") for other in known):
            yield Finding(
                "grants",
                one,
                "the grant has it and nothing reads it",
                "give it back: what is not needed is not asked for (P6)",
                grave=False,
            )


def _of_quota(limits: Limits, grant: Grant) -> Iterator[Finding]:
    """A feed that asks as often as `poll_s` says, with nothing new, and so uses up its part of the day's quota."""
    calls = smaller(limits.calls_a_day, grant.calls_a_day)
    for_feed = calls - int(calls * limits.look_up_share)
    if FEED not in grant.ways or limits.feed_hours or not for_feed or limits.poll_s * for_feed >= _DAY_S:
        return
    hours = limits.poll_s * for_feed / 3_600
    yield _told(
        "limits.poll_s",
        f"asking every {limits.poll_s:g} s uses the {for_feed} calls that a feed has of the day's quota in "
        f"{hours:.1f} hours; then it waits until midnight",
        f"poll_s = {ceil(_DAY_S / for_feed)} in [limits], or in the connector's table of hub.toml",
        grave=False,
    )


# ---- samples -------------------------------------------------------------------------------------------------------


def _context(folder: Folder, clock: Clock | None) -> Context:
    return Context(folder.info, folder.info.limits, clock, folder)  # type: ignore[arg-type]


def becomes(folder: Folder, clock: Clock) -> dict[str, Any]:
    """What each sample becomes, as plain JSON. Raises ``Misconfigured``."""
    context = _context(folder, clock)
    names = sample_names(folder.root)
    return {name: plain_row(row_of(context, sample_row(folder, name)), folder.info.kind) for name in names}


def _of_samples(folder: Folder, clock: Clock) -> Iterator[Finding]:
    try:
        found = becomes(folder, clock)
    except Misconfigured as error:
        yield Finding("samples", "", error.what, error.remedy)
        return
    if not found:
        yield Finding("samples", "", "there is no sample", "add samples/NAME.json, one row as the source sends it")
    elif all("faults" in one for one in found.values()):
        told = sorted({" ".join(fault) for one in found.values() for fault in one["faults"]})
        yield Finding("samples", "", f"no sample becomes a record: {', '.join(told)}", "see each code in docs/codes.md")
    for name, plain in found.items():
        yield from _of_sample(folder, name, plain)


def _of_sample(folder: Folder, name: str, plain: Any) -> Iterator[Finding]:
    where, expected = f"samples/{name}.json", _expected(folder.root, name)
    if expected is None:
        yield Finding(
            where, "", "no file says what it becomes", "`hub connectors lint --accept` writes it", grave=False
        )
    elif differing := sorted(_differences(_own(plain), _own(_completed(folder.info.kind, expected)))):
        yield Finding(
            where, "", f"it becomes something else than expected: {'; '.join(differing)}", "correct one of them"
        )


def _expected(root: Traversable, name: str) -> Any:
    file = root.joinpath("samples", f"{name}.expected.json")
    return json.loads(file.read_text("utf-8")) if file.is_file() else None


def _completed(kind: str, expected: Any) -> Any:
    return expected if "faults" in expected else KINDS[kind].complete(expected)


def _own(plain: Any) -> Any:
    """Without key and version, which the transport gives, and the name of the folder: a copy has another one."""
    given = ("key", "version", "system")
    source = {name: one for name, one in plain.get("source", {}).items() if name not in given}
    return plain | {"source": source}


def _differences(found: Any, expected: Any, path: str = "") -> Iterator[str]:
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        for name in {*found, *expected}:
            yield from _differences(found.get(name), expected.get(name), f"{path}.{name}".strip("."))
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for place, two in enumerate(zip(found, expected, strict=True)):
            yield from _differences(*two, f"{path}.{place}".strip("."))
    elif found != expected:
        yield f"{path or 'row'} is {found!r}, expected {expected!r}"
