"""What a caller may say about materials: a document that was handed in, and a request for materials."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import Field, StringConstraints, ValidationError

from hub.cases.connection.command import Part, Short, Text, refusal

ITEMS_MAX: Final = 20
"""Most materials in one request."""
REFERENCE_CHARACTERS_MAX: Final = 200
"""Most characters of the place of a document."""
DEFECTS: Final = ("MISSING", "UNREADABLE", "INCOMPLETE", "EXPIRED", "NOT_CONSISTENT")

SegmentName = Literal["acceptance", "supply-plan", "design-review", "mid-inspection", "completion"]
Defect = Literal["MISSING", "UNREADABLE", "INCOMPLETE", "EXPIRED", "NOT_CONSISTENT"]
P = TypeVar("P", bound=Part)


class Item(Part):
    """One material that is asked for, by its name in the policy's list or by its Chinese name, and what is wrong."""

    material: Annotated[Text, Field(examples=["design"])]
    defect: Defect = "MISSING"


class Request(Part):
    """A request for materials of a segment: all of them at once (一次性告知)."""

    segment: SegmentName
    items: Annotated[list[Item], Field(min_length=1, max_length=ITEMS_MAX)]


class Signed(Request):
    """A request of the connection system, by its own names: the id that it gave the request, unique within the
    application, and the application by the hub's number or by its own. Where both are there, the hub's counts."""

    requestId: Annotated[Short, Field(examples=["M-20260302-000007"])]  # noqa: N815
    externalAppNo: Annotated[Short, Field(examples=["7K3M9QPDX2V4TW"])] | None = None  # noqa: N815
    appNo: Annotated[Short, Field(examples=["A0000000017"])] | None = None  # noqa: N815


class Handed(Part):
    """A document that the customer handed in: where it is, and its SHA-256 in hexadecimal. Its content is not sent to
    the hub."""

    material: Annotated[Text, Field(examples=["design"])]
    reference: Annotated[Text, StringConstraints(max_length=REFERENCE_CHARACTERS_MAX)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def read(document: Mapping[str, Any], part: type[P]) -> P:
    """A ``Request`` or ``Handed`` from parsed JSON. Raises ``RecordRejected``: NOT_ASKED for an unknown field,
    FIELD_MISSING, FIELD_INVALID, TEXT_CONTROL, TEXT_ENCODING."""
    try:
        return part.model_validate(document)
    except ValidationError as error:
        raise refusal(error, part) from None
