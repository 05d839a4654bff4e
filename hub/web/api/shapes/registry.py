"""The shapes of the schema registry's answers, in Confluent's format, and of its queries."""

from typing import Literal

from pydantic import BaseModel, Field

from hub.web.api.shapes.answers import Text
from hub.web.queries import Query

_SUBJECT = "lookup.requests-value"


class RegistryProblem(BaseModel):
    """An error of the registry; the first three digits of ``error_code`` are the status."""

    error_code: int = Field(examples=[40401])
    message: str = Text("Subject not found")


class SchemaSent(BaseModel):
    """A schema to look up, to register or to compare."""

    schema_: str = Field(alias="schema", examples=['{"type": "string"}'], description="An Avro schema, as text.")
    schemaType: Literal["AVRO"] | None = "AVRO"  # noqa: N815


class SchemaShown(BaseModel):
    """A version of a subject."""

    subject: str = Text(_SUBJECT)
    version: int = Field(examples=[1])
    id: int = Field(examples=[53])
    schema_: str = Field(alias="schema", examples=['{"type": "string"}'])


class SchemaText(BaseModel):
    """The schema of an id."""

    schema_: str = Field(alias="schema", examples=['{"type": "string"}'])


class SchemaId(BaseModel):
    """The id of a schema."""

    id: int = Field(examples=[53])


class Place(BaseModel):
    """A subject and version of a schema."""

    subject: str = Text(_SUBJECT)
    version: int = Field(examples=[1])


class Compatibility(BaseModel):
    """Whether a schema is compatible; ``messages`` with ``verbose=true``."""

    is_compatible: bool = Field(examples=[True])
    messages: list[str] | None = Field(None, examples=[["backward: missing default at /fields/2"]])


class Level(BaseModel):
    """The compatibility level."""

    compatibilityLevel: str = Text("FULL_TRANSITIVE")  # noqa: N815


class Mode(BaseModel):
    """Whether schemas can be added over the API: never."""

    mode: str = Text("READONLY")


class SubjectsQuery(Query):
    """The query of ``GET /subjects``. The registry ignores other parameters, as every registry does."""

    subjectPrefix: str | None = Field(None, examples=["licence."])  # noqa: N815


class VerboseQuery(Query):
    """The query of the compatibility routes."""

    verbose: bool = Field(False, examples=[True], description="Also say why.")
