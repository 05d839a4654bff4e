"""Reads the query of a request strictly: an unknown parameter, one that is there twice or a wrong value is refused."""

import re
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.requests import Request

from hub.cases.views import LIST_MAX
from hub.errors import RecordRejected

_ID: Final = re.compile(r"[0-9a-f]{32}")
_DIGITS: Final = re.compile(r"[0-9]{1,6}")
Q = TypeVar("Q", bound="Query")


def number(value: Any) -> Any:
    """The text of a number, for a validator; raises ``ValueError`` for any other text."""
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise ValueError("not a number")
    return value


Limit = Annotated[
    int, Field(ge=1, le=LIST_MAX, description="Largest number of items.", examples=[50]), BeforeValidator(number)
]
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", examples=["6720b5f01c2d4e5f8091a2b3c4d5e6f7"])]


class Query(BaseModel):
    """The parameters of one route. A subclass has a field for each."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class NoQuery(Query):
    """For a route without parameters."""


def query_of(request: Request, model: type[Q]) -> Q:
    """The query of a request. Raises ``RecordRejected``: QUERY_UNKNOWN (with the names that are allowed), FIELD_INVALID
    with the parameter's name for a wrong value or a parameter that is there twice."""
    pairs = request.query_params.multi_items()
    names = tuple(model.model_fields)
    if any(name not in names for name, _ in pairs):
        raise RecordRejected("QUERY_UNKNOWN", allowed=names)
    given = dict(pairs)
    twice = next((name for name in given if len(request.query_params.getlist(name)) > 1), None)
    if twice:
        raise RecordRejected("FIELD_INVALID", twice)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        (name, *_) = error.errors(include_input=False, include_url=False)[0]["loc"]
        raise RecordRejected("FIELD_INVALID", str(name)) from None


def id_of(text: str, code: str) -> bytes:
    """An opaque id from 32 hexadecimal digits. Raises ``RecordRejected`` with ``code`` (NO_SUCH_…) for another text."""
    if not _ID.fullmatch(text):
        raise RecordRejected(code)
    return bytes.fromhex(text)
