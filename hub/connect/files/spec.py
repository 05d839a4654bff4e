"""``[files]`` of a ``connector.toml``: the rows of signed batches as their sender lays them out."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from hub.connect.frozen import OPERATIONS, Frozen, Operation, listed

Column = Annotated[str, Field(min_length=1, max_length=128)]
Columns = Annotated[tuple[Column, ...], BeforeValidator(listed), Field(min_length=1)]


class FilesSpec(Frozen):
    """The rows of a sender's batches. Which form and encoding a file has is said by its batch's manifest: the same
    columns may come as JSON Lines, CSV, a spreadsheet or XML."""

    key: Columns = Field(description="The column that names a row, or a list where several do.")
    version: str = Field(
        "",
        description="The column with the row's version, which only grows; empty: the number of the batch is the "
        "version.",
    )
    version_as: Literal["number", "time"] = Field(
        "time", description="What `version` holds: a whole number, or a time (Beijing time where it has no offset)."
    )
    operation: str = Field("", description="The column with the kind of change; empty where there is none.")
    operations: Mapping[str, Operation] = Field(
        default_factory=lambda: OPERATIONS,
        description="The sender's code of a change (half-width, capital letters): UPSERT or DELETE.",
    )
    row: str = Field("row", description="XML: the name of the element of a row, without its namespace.")
    lists: tuple[str, ...] = Field(
        (), description="XML: dotted paths, from the row, of elements that may be repeated; each becomes a list."
    )
    sheet: str = Field("", description="Spreadsheets: the name of the sheet; empty: the first.")
