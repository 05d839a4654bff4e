"""The reference of the language, made from its models: docs/declarations.md."""

import types
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub.connect.declared.hooks import HOOKS
from hub.connect.declared.models import MappingSpec
from hub.connect.files.spec import FilesSpec
from hub.connect.rest.spec import RestSpec
from hub.connect.spec import ConnectorInfo
from hub.connect.table.spec import TableSpec

_PARTS: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("connector.toml", ConnectorInfo),
    ("[table]", TableSpec),
    ("[rest]", RestSpec),
    ("[files]", FilesSpec),
    ("mapping.toml", MappingSpec),
)
_WORDS: Final[Mapping[Any, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    date: "day",
}
_FORMS: Final[Mapping[str, str]] = {
    "text": "a text, without blanks around it; a number as it is usually written",
    "identifier": "half-width, capital letters, no blanks, no invisible characters: every number and code of a person, "
    "enterprise, thing or division",
    "day": "2021-03-04, 2021/3/4, 2021.3.4, 20210304, 2021年3月4日, 二〇二一年三月四日, also with a time; "
    "ten or thirteen digits are a moment since 1970; with `required = false`, 长期, 9999-12-31 and the like are null",
    "instant": "a moment: ten digits are seconds, thirteen are milliseconds since 1970; or date and time, in Beijing "
    "time where it has no offset",
    "number": "a whole number",
    "decimal": "a number with decimals, without the `units` after it",
    "flag": "true or false, by codes.csv (values `true` and `false`), or the source's own truth value",
    "address": "a structured address, parsed from the text",
    "code": "a word of the record, by codes.csv",
    "split": "a list of texts, from a joined text or a list",
    "constant": "`value`, always",
}
_RULES: Final = (
    "Below a null there is null. A column that is not there at all is a fault of the row (SHAPE_MISSING), unless "
    '`absent = "null"`. A column outside the grant of the source is null. `source.key`, `source.version`, '
    "`source.operation` and `assurance` have what the transport and connector.toml say, unless they are mapped."
)
_CODES: Final = (
    "UTF-8, with the first line `column,code,value,meaning`. `column` is the `from` of the field, or its `codes`; "
    "`value` is a word of the record's field. Codes are compared without blanks, in half-width capitals."
)


def reference() -> str:
    """The page in Markdown."""
    lines = [
        "# Declarations",
        "",
        "Every key of the files of a connector. `hub connectors reference` makes this page from the models that read "
        "them. How to begin: [connectors.md](connectors.md).",
        "",
    ]
    seen: set[type[BaseModel]] = {model for _, model in _PARTS}
    for title, model in _PARTS:
        lines += _section(f"## {title}", model)
        for name, inner in _inner(model, seen):
            lines += _section(f"### {title.strip('[]')}: {name}", inner)
    forms = [f"| `{form}` | {told} |" for form, told in _FORMS.items()]
    lines += ["### The forms (`as`)", "", "| `as` | what it reads |", "|---|---|", *forms, "", _RULES, ""]
    hooks = [f"- `{text.partition(': ')[0]}`: {text.partition(': ')[2]}" for text in HOOKS.values()]
    lines += ["## codes.csv", "", _CODES, "", "## hook.py", "", "What a declaration cannot say; pure functions:", ""]
    return "\n".join([*lines, *hooks]) + "\n"


def _section(title: str, model: type[BaseModel]) -> list[str]:
    told = " ".join((model.__doc__ or "").split()).replace("``", "`")
    rows = [_row(field.alias or name, field) for name, field in model.model_fields.items()]
    return [title, "", told, "", "| key | what it is | default | |", "|---|---|---|---|", *rows, ""]


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | {_of(field.annotation)} | {_default(field)} | {_told(field)} |"


def _inner(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[tuple[str, type[BaseModel]]]:
    """The models in a model, each once, with the key under which it is."""
    for name, field in model.model_fields.items():
        for inner in models_in(field.annotation):
            if inner not in seen:
                seen.add(inner)
                yield field.alias or name, inner
                yield from _inner(inner, seen)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        if not isinstance(inner, str):
            yield from models_in(inner)


def _of(annotation: Any) -> str:
    """A type in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _of(inner[0])
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in inner if one)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_of(one) for one in inner if one is not type(None)))
    if origin in (tuple, frozenset):
        return f"list of {_of(inner[0])}"
    return f"table of {_of(inner[1])}" if inner else _plain(annotation)


def _plain(annotation: Any) -> str:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "table"
    return _WORDS.get(annotation, str(annotation))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel) or value in (None, "", (), {}):
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"`{key}` = `{one}`" for key, one in value.items())
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _told(field: FieldInfo) -> str:
    return (field.description or "").replace("|", "\\|")
