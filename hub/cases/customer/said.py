"""What a customer, or the one who calls a customer back, may say. It is read strictly, and no error repeats a value
(P5)."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from hub.cases.connection.command import Part, Short, refusal
from hub.cases.identity.ticket import TICKET_CHARACTERS_MAX
from hub.cases.ratings.grades import GRADES
from hub.records.text import callers_fault

WORDS_CHARACTERS_MAX: Final = 500
"""Most characters of what is said in words."""
Segment = Literal["acceptance", "supply-plan", "design-review", "mid-inspection", "completion"]
LAST_CHARACTERS: Final = 4
"""How many of the last characters of the applicant's number a look-up needs."""


def _one_line(value: Any) -> Any:
    """A text of several lines as one."""
    return " ".join(value.split()) if isinstance(value, str) else value


def _visible(value: str) -> str:
    if code := callers_fault(value):
        raise PydanticCustomError(code, "a character that cannot be seen")
    return value


_Words = Annotated[
    str, BeforeValidator(_one_line), AfterValidator(_visible), StringConstraints(max_length=WORDS_CHARACTERS_MAX)
]


class Rating(Part):
    """A rating of the service: 5 very satisfied, 4 satisfied, 3 fairly satisfied, 2 dissatisfied, 1 very dissatisfied
    (GB/T 39735-2020), and the customer's words, if any. ``ticket``: of the identity service, for this application and
    not used for it before: it shows that the customer rates, and not the channel that has the token too."""

    grade: Annotated[int, Field(ge=min(GRADES), le=max(GRADES), examples=[5])]
    text: Annotated[_Words, Field(examples=["很快"])] = ""
    ticket: Annotated[str, StringConstraints(min_length=1, max_length=TICKET_CHARACTERS_MAX)] | None = None


class Wanted(Part):
    """The timed segment of annex 2 that the customer asks for: design review, mid inspection (中间检查), completion
    (竣工检验和装表接电). The others wait for no request."""

    segment: Annotated[Segment, Field(examples=["mid-inspection"])]


class FollowUp(Part):
    """How the follow-up of a bad rating ended. ``note``: what was found or promised."""

    outcome: Annotated[Literal["EXPLAINED", "CORRECTED", "NOT_REACHED"], Field(examples=["CORRECTED"])]
    note: Annotated[_Words, Field(examples=["已上门复核"])] = ""


class Question(Part):
    """Which application: the number that its channel gave it, and the last four characters of the applicant's number
    (ID or USCC)."""

    channel: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$"), Field(examples=["gov-platform"])]
    external_no: Annotated[Short, Field(examples=["2026-000123"])]
    last: Annotated[str, StringConstraints(pattern=rf"^[0-9A-Za-z]{{{LAST_CHARACTERS}}}$"), Field(examples=["0071"])]


P = TypeVar("P", bound=Part)


def read(document: Mapping[str, Any], model: type[P]) -> P:
    """What was said (parsed JSON). Raises ``RecordRejected``: NOT_ASKED, FIELD_MISSING, FIELD_INVALID, TEXT_CONTROL,
    TEXT_ENCODING."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise refusal(error, model) from None
