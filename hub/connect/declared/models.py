"""``mapping.toml`` as models: which column becomes which field of the record, and how it is read.

The language has no expressions and runs no code. What it cannot say is a function in ``hook.py``
(``hub.connect.declared.hooks``).
"""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from hub.connect.frozen import Frozen, parsed

Form = Literal[
    "text",
    "identifier",
    "day",
    "instant",
    "number",
    "decimal",
    "flag",
    "address",
    "code",
    "split",
    "constant",
]
FieldPath = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,3}$")]
ColumnPath = Annotated[str, Field(min_length=1, max_length=200)]
Constant = str | bool | int
UNDECIDED: Final = "?"
"""The column of a rule that a person has to complete."""
MAPPED_FIELDS_MAX = 500
"""Most fields of one mapping."""


class When(Frozen):
    """A condition: the column has one of these values. Without it the field has its default."""

    column: ColumnPath = Field(description="Column, or dotted path.")
    in_: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        alias="in", description="Its values, as texts; compared without blanks, in half-width capitals."
    )


class FieldRule(Frozen):
    """One field of the record."""

    from_: ColumnPath | None = Field(
        None, alias="from", description="Column, or dotted path into objects and lists: `data.holder.0.name`."
    )
    as_: Form = Field("text", alias="as", description="How the value is read.")
    required: bool = Field(
        True, description="Whether the row has a fault (SHAPE_MISSING) when the value is null or blank."
    )
    default: Constant | None = Field(
        None, description="What the field is when there is no value; only where `required` is false."
    )
    when: When | None = Field(None, description="The field is read only where this holds.")
    unknown: str | None = Field(
        None, description="`code`: the word for a code that is not in codes.csv. Without it, such a code is a fault."
    )
    codes: str | None = Field(
        None, description="`code`, `flag`: the name of the table in codes.csv; default: `from` itself."
    )
    units: tuple[str, ...] = Field(
        (),
        description="`decimal`: texts after the number that are left out, in capitals or not, full-width or not.",
    )
    by: str | None = Field(None, description="`split`: the characters that separate the items; default: `;；`.")
    value: Constant | None = Field(None, description="`constant`: the value itself.")

    @model_validator(mode="after")
    def _has_what_its_form_needs(self) -> Self:
        if (self.as_ == "constant") == (self.from_ is not None):
            raise ValueError('a field has `from`; only as = "constant" has none, and has `value`')
        if (self.as_ == "constant") != (self.value is not None):
            raise ValueError('`value` belongs to as = "constant"')
        if self.default is not None and self.required and self.when is None:
            raise ValueError("a field with `default` has required = false, or `when`")
        return self


class Each(Frozen):
    """A list of the record, made from a list in the row (the lines of a child table, an array), or from columns that
    hold joined lists."""

    from_: ColumnPath | None = Field(None, alias="from", description="The list, or dotted path to it.")
    zip: tuple[ColumnPath, ...] = Field((), description="Columns that hold lists as joined texts, item by item.")
    by: str = Field(",，", description="`zip`: the characters that separate the items.")
    when: When | None = Field(None, description="Only items for which this holds.")
    fields: Annotated[dict[FieldPath, FieldRule], Field(min_length=1, max_length=MAPPED_FIELDS_MAX)] = Field(
        description="The fields of one item; their columns are those of the item."
    )

    @model_validator(mode="after")
    def _has_one_origin(self) -> Self:
        if (self.from_ is None) != bool(self.zip):
            raise ValueError("a list has `from` or `zip`")
        return self


class MappingSpec(Frozen):
    """A whole ``mapping.toml``."""

    absent: Literal["fault", "null"] = Field(
        "fault",
        description="What a column is that the row does not have at all: a fault of the row, because the source "
        "changed its contract; or null, where the source leaves out what is empty.",
    )
    fields: Annotated[dict[FieldPath, FieldRule], Field(min_length=1, max_length=MAPPED_FIELDS_MAX)] = Field(
        description="Field of the record → how it is read."
    )
    each: dict[FieldPath, Each] = Field(default_factory=dict, description="List of the record → how it is made.")

    def columns(self) -> frozenset[str]:
        """The columns that the mapping reads, as dotted paths without places in lists."""
        found = {one for rule in self.fields.values() for one in _columns(rule)}
        for each in self.each.values():
            inner = {one for rule in each.fields.values() for one in _columns(rule)} | _of(each.when)
            found |= set(each.zip) if each.zip else {f"{each.from_}.{one}" for one in inner}
        return frozenset(without_places(one) for one in found)


def _columns(rule: FieldRule) -> set[str]:
    return ({rule.from_} if rule.from_ else set()) | _of(rule.when)


def _of(when: When | None) -> set[str]:
    return {when.column} if when else set()


def without_places(path: str) -> str:
    """The path without places in lists."""
    return ".".join(part for part in path.split(".") if not part.isdigit())


def read_mapping(text: str, where: str) -> MappingSpec:
    """The text of a ``mapping.toml``. Raises ``Misconfigured`` with the key that is wrong."""
    return parsed(MappingSpec, text, where)
