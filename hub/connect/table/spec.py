"""``[table]`` of a ``connector.toml``: an exchange table (前置库) as its owner lays it out."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from hub.connect.frozen import OPERATIONS, Frozen, Operation, listed

_ORDERED = re.compile(r"%Y[^%]*%m[^%]*%d([^%]*%H([^%]*%M([^%]*%S([^%]*%f)?)?)?)?[^%]*")


Column = Annotated[str, Field(min_length=1, max_length=128)]
Columns = Annotated[tuple[Column, ...], BeforeValidator(listed), Field(min_length=1)]
TableName = Annotated[str, Field(pattern=r"^[^.\s]+(\.[^.\s]+)?$", max_length=257)]


REPORT_URL = "report_url"
"""The setting with the URL by which verdicts are written back."""
Seconds = Annotated[float, Field(ge=0, le=86_400)]


class CodeIn(Frozen):
    """Whether a column holds one of some codes."""

    column: Column = Field(description="A column of the table.")
    among: tuple[str, ...] = Field(alias="in", min_length=1, description="The codes.")


class ChildSpec(Frozen):
    """A table of lines that belong to a row, such as the holders of a title. They stand under the child's name."""

    table: TableName = Field(description="The table of the lines; with a schema as `schema.table`.")
    parent: Columns = Field(description="The column of a line that names its row; a list for a key of several columns.")
    of: tuple[Column, ...] = Field(
        (), description="The columns of the row that `parent` names, where they are not its key."
    )
    order: Columns = Field(description="The column by which the lines of a row are ordered, or a list.")
    columns: Columns = Field(description="The columns that are read.")
    required: bool = Field(
        False,
        description="Whether a row is of no use without a line, as a document without its project: it waits in the "
        "table until it has one, and after a day it is read as it is, and rejected.",
    )
    reported: bool = Field(
        False,
        description="Whether the lines have the columns of `report` too, and get what an accepted row gets. Not for "
        "lines that are rows of another source.",
    )
    time: str = Field(
        "",
        description="The column with the time of the last change of a line, in the form of the table's own: a row "
        "counts as changed when one of its lines is. Then each reading looks at all rows: for tables of up to a "
        "hundred thousand, with an index on the lines' `parent`.",
    )


class LookupSpec(Frozen):
    """How one kind of question is asked: which column holds the value."""

    column: Column = Field(description="The column that holds the value.")
    child: str = Field("", description="The child that has the column; empty for the table itself.")


class ReportSpec(Frozen):
    """What the hub writes back into a row when it has a verdict: two columns, by the setting `report_url`."""

    state: Column = Field(description="The column that says whether the hub took the row.")
    reason: Column = Field(description="The column for the reasons of a refusal; null for what is accepted.")
    accepted: str = Field("3", description="What `state` is for a row that was accepted.")
    refused: str = Field("-1", description="What `state` is for a row that was refused.")
    reason_characters: Annotated[int, Field(ge=20, le=4_000)] = Field(
        500, description="Most characters that the column `reason` takes; longer reasons are cut."
    )


class TableSpec(Frozen):
    """An exchange table: its columns for key, time and operation, and those that are read.

    Names are written as the database has them: most databases have small letters for names that were created without
    quotes, and so has Oracle here.
    """

    name: TableName = Field(description="The table; with a schema as `schema.table`.")
    key: Columns = Field(description="The column that names a row, or a list where several do.")
    time: Column = Field(description="The column with the time of the last change of a row.")
    time_as: Literal["milliseconds", "seconds", "datetime", "text"] = Field(
        "milliseconds",
        description="What `time` holds: a number since 1970 (UTC), a date and time of the database (Beijing time where "
        "it has no zone), or a text of Beijing time in the form `time_format`.",
    )
    time_format: str = Field(
        "%Y-%m-%d %H:%M:%S",
        description="The form of a time that is a text: %Y %m %d %H %M %S %f, in this order, so that later texts are "
        "larger ones.",
    )
    columns: Columns = Field(description="The columns that are read; key, time and operation are read without that.")
    optional: tuple[Column, ...] = Field(
        (),
        description="Those of `columns` that the table of an installation may not have: there a row has none. "
        "After the owner has added one: `hub connectors reload NAME`.",
    )
    operation: str = Field("", description="The column with the kind of change; empty where the table has none.")
    operations: Mapping[str, Operation] = Field(
        default_factory=lambda: OPERATIONS,
        description="The owner's code of a change (half-width, capital letters): UPSERT or DELETE.",
    )
    deleted_when: CodeIn | None = Field(
        None,
        description="A row whose column holds one of these codes was deleted, also with an operation that says no. "
        "Codes are compared without the usual dirt (full width, blanks, small letters).",
    )
    texts: tuple[Column, ...] = Field((), description="Columns that hold bytes: texts in `encoding`.")
    miscoded: tuple[Column, ...] = Field(
        (),
        description="Text columns that hold texts in `encoding`, although the database believes that they are in "
        "another one: they are asked for as bytes.",
    )
    encoding: Literal["gb18030", "utf-8"] = Field(
        "gb18030", description="The encoding of `texts` and `miscoded`; gb18030 includes GBK and GB 2312."
    )
    children: Mapping[str, ChildSpec] = Field(
        default_factory=dict, description="Lines that belong to a row, by the child's name."
    )
    lookups: Mapping[str, LookupSpec] = Field(
        default_factory=dict, description="The kinds of questions that the table answers (`lookup_by`)."
    )
    lag_s: Seconds = Field(
        120.0, description="How long after its `time` a row may still commit, differences of clocks included, seconds."
    )
    sweep_s: Seconds = Field(10.0, description="How often rows that committed late are looked for, seconds.")
    full_reload: bool = Field(
        False,
        description="Whether the owner reloads the whole table from time to time, so that a row that is no longer in "
        "it was deleted. False where the owner removes old rows.",
    )
    report: ReportSpec | None = Field(None, description="What is written back; without it, nothing.")
    in_force: CodeIn | None = Field(
        None, description="Only such rows answer a question; without it, all that are not deleted."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not _ORDERED.fullmatch(self.time_format):
            raise ValueError("time_format has %Y %m %d and then %H %M %S %f as far as needed, in this order")
        for name, child in self.children.items():
            if name in self.columns:
                raise ValueError(f"children.{name}: a column has this name")
            if len(child.parent) != len(child.of or self.key):
                raise ValueError(f"children.{name}.parent names as many columns as the key (or `of`) has")
        if strange := sorted(set(self.optional) - {*self.columns}):
            raise ValueError(f"optional names columns that are read; {strange[0]} is not")
        if needed := sorted({*self.optional} & {self.time, *self.extra, *self._asked()}):
            raise ValueError(f"optional: the hub itself needs {needed[0]}")
        for by, question in self.lookups.items():
            if question.child and question.child not in self.children:
                raise ValueError(f"lookups.{by}.child: there is no child {question.child!r}")
        if strange := sorted({*self.texts, *self.miscoded} - {*self.columns, *self._of_children()}):
            raise ValueError(f"texts and miscoded name columns that are read; {strange[0]} is not")
        return self

    def _asked(self) -> set[str]:
        """Columns of the table itself that questions are asked by."""
        found = {one.column for one in self.lookups.values() if not one.child}
        return found | ({self.in_force.column} if self.in_force else set())

    def _of_children(self) -> set[str]:
        return {column for child in self.children.values() for column in child.columns}

    @property
    def extra(self) -> tuple[str, ...]:
        """Columns of the table that are read for the hub itself, without repeats."""
        own = [*self.key, *([self.operation] if self.operation else [])]
        own += [self.deleted_when.column] if self.deleted_when else []
        return tuple(dict.fromkeys([*own, *(column for child in self.children.values() for column in child.of)]))

    def names(self) -> dict[str, set[str]]:
        """Table → the columns that are read."""
        read = {self.name: {self.time, *self.extra, *self.columns}}
        for child in self.children.values():
            own = [child.time] if child.time else []
            read.setdefault(child.table, set()).update(child.parent, child.order, child.columns, own)
        for question in self.lookups.values():
            table = self.children[question.child].table if question.child else self.name
            read[table].add(question.column)
        if self.in_force:
            read[self.name].add(self.in_force.column)
        return read
