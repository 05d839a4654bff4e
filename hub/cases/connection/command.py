"""What a caller may submit. It is read strictly and tidied; anything beyond the policy's list is refused (P6)."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import PydanticCustomError

from hub.cases import reasons
from hub.cases.identity.choices import CHOICE_CHARACTERS_MAX
from hub.cases.identity.kinds import CHECK, RESIDENT_ID
from hub.cases.identity.ticket import AGENT, APPLICANT, TICKET_CHARACTERS_MAX, Matter
from hub.errors import RecordRejected
from hub.privacy.purposes import CONNECTION, Purposes
from hub.records.identifiers import (
    Identity,
    check_licence_id,
    check_resident_id,
    check_unit_number,
    check_uscc,
    identity_of,
    resident_id_18,
    resident_id_birth,
    tidy,
)
from hub.records.text import callers_fault, is_blank, strip


def _stripped(value: Any) -> Any:
    return strip(value) if isinstance(value, str) else value


def _visible(value: str) -> str:
    code = callers_fault(value) or ("TEXT_CONTROL" if value and is_blank(value) else None)
    if code:
        raise PydanticCustomError(code, "a character that cannot be seen")
    return value


_Typed = Annotated[str, BeforeValidator(_stripped), AfterValidator(_visible)]
"""What a caller typed: blanks around it are removed, invisible characters are refused."""
Text = Annotated[_Typed, StringConstraints(min_length=1, max_length=200)]
Short = Annotated[_Typed, StringConstraints(min_length=1, max_length=64)]


TITLE = "licence.property-title"
"""The kind of the evidence for the site."""

Voltage = Literal["LOW", "HIGH_10KV", "HIGH_20KV", "HIGH_35KV", "HIGH_66KV", "HIGH_110KV", "HIGH_220KV"]
CustomerClass = Literal["RESIDENT", "NON_RESIDENT"]


class Part(BaseModel):
    """A part of what a caller sends: it is read strictly, and has no other fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Applicant(Part):
    """Who applies, by one certificate: an enterprise's USCC or a face-verified resident ID."""

    uscc: str | None = None
    resident_id: str | None = None
    name: Annotated[_Typed, StringConstraints(max_length=200)] = ""


FORMS = ("DECLARATION", "E_LICENCE")
"""The forms of an authorisation. A paper is none of them: it would be a material beyond the policy's list."""


def _form(value: str) -> str:
    if value not in FORMS:
        raise PydanticCustomError("NOT_ASKED", "no paper may be asked for")
    return value


def _day(value: str) -> str:
    return date.fromisoformat(value).isoformat()


class Authorisation(Part):
    """Why an agent may act for the applicant: a declaration that the channel holds, by its number there, or an
    e-licence, by its identifier (GB/T 36904). ``signed_on``: the day on which it was given, where the channel knows."""

    form: Annotated[str, AfterValidator(_form), Field(json_schema_extra={"enum": list(FORMS)})]
    reference: Annotated[_Typed, StringConstraints(min_length=1, max_length=160)]
    signed_on: Annotated[str, AfterValidator(_day), Field(json_schema_extra={"format": "date"})] | None = None


class Agent(Part):
    """Who submits the application for the applicant: a person or an enterprise."""

    name: Text
    resident_id: str | None = None
    uscc: str | None = None
    authorisation: Authorisation


class Site(Part):
    """Where electricity is wanted: the property unit's number, the address as people write it, or the choice from the
    titles that the applicant holds (``holdings``)."""

    unit_no: str | None = None
    address: Annotated[_Typed, StringConstraints(min_length=1, max_length=300)] | None = None
    choice: Annotated[str, StringConstraints(min_length=1, max_length=CHOICE_CHARACTERS_MAX)] | None = None


class Application(Part):
    """One application, as submitted. ``external_no`` is the caller's own number, unique in its channel; ``capacity_kw``
    is in kW, ``sources`` the number of supplies. ``external_works``: whether works outside the site (外线工程) are
    needed, where the applicant can say so."""

    external_no: Short
    channel: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    applicant: Applicant
    site: Site
    voltage: Voltage
    capacity_kw: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
    customer_class: CustomerClass
    sanling: bool = False
    sources: Annotated[int, Field(ge=1, le=2)] = 1
    important: bool = False
    external_works: bool | None = None
    purpose: Text
    legal_basis: Short
    agent: Agent | None = None
    ticket: Annotated[_Typed, StringConstraints(min_length=1, max_length=TICKET_CHARACTERS_MAX)] | None = None

    def canonical(self) -> bytes:
        """Canonical JSON, UTF-8: the same bytes for the same content, in every version of the hub. Two submissions
        under one number are compared by it. A ticket is no part of it: a later one may take its place."""
        content = self.model_dump(exclude={"ticket": True, "site": {"choice"}})
        if self.agent and self.agent.authorisation.signed_on is None:
            del content["agent"]["authorisation"]["signed_on"]
        given = {name: value for name, value in content.items() if value is not None or name not in _LATER}
        return json.dumps(given, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    def persons(self) -> dict[str, str]:
        """The people that a ticket of the identity service may be about: APPLICANT, AGENT → resident ID."""
        found = {APPLICANT: self.applicant.resident_id, AGENT: self.agent.resident_id if self.agent else None}
        return {who: number for who, number in found.items() if number}

    def matter(self) -> Matter:
        """What a ticket must be for. Raises ``RecordRejected`` (NOT_ASKED) when no person applies."""
        persons = self.persons()
        if not persons:
            raise RecordRejected("NOT_ASKED", "ticket", "no person applies")
        return Matter(self.channel, self.external_no, persons)

    def applicant_identity(self) -> Identity:
        """(namespace, value) of the applicant in the vault."""
        kind, value = self.applicant_identifier()
        identity = identity_of(kind, value)
        assert identity is not None, "checked by parse"
        return identity

    def applicant_identifier(self) -> tuple[str, str]:
        """uscc or resident-id, and its value."""
        if self.applicant.uscc is not None:
            return "uscc", self.applicant.uscc
        return "resident-id", self.applicant.resident_id or ""

    def site_identity(self) -> Identity | None:
        """(namespace, value) of the site in the vault. ``None`` for an address that is too vague to identify one."""
        by = "unit-no" if self.site.unit_no else "address"
        return identity_of(by, self.site.unit_no or self.site.address)

    def identities(self) -> tuple[Identity | None, ...]:
        """The identities that evidence can be found by: of the applicant, and of the site if it has one."""
        return self.applicant_identity(), self.site_identity()

    def ways(self, wanted_by: str) -> dict[str, str]:
        """By what a source may be asked for a record, best first: type of identifier → value. The applicant, as the
        possible holder, is the last."""
        site = {"unit-no": self.site.unit_no, "address": self.site.address}
        found = {by: value for by, value in site.items() if by == wanted_by and value}
        by, value = self.applicant_identifier()
        return found | {by: value}


class Presentation(Part):
    """A ticket of the identity service for an application that is registered."""

    ticket: Annotated[_Typed, StringConstraints(min_length=1, max_length=TICKET_CHARACTERS_MAX)]


def read_ticket(document: Mapping[str, Any]) -> str:
    """The ticket in a ``Presentation`` (parsed JSON). Raises ``RecordRejected``."""
    try:
        return Presentation.model_validate(document).ticket
    except ValidationError as error:
        raise refusal(error, Presentation) from None


Choose = Callable[[str, str, str], str]
"""(Choice, channel, number) → the unit's number. Raises ``RecordRejected`` (CHOICE_INVALID)."""


def parse(
    document: Mapping[str, Any], purposes: Purposes, latest: date = date.max, choose: Choose | None = None
) -> Application:
    """A submission (parsed JSON), checked and tidied. ``latest`` is the latest day on which the applicant can be born;
    ``choose`` opens a chosen title.

    Raises ``RecordRejected``: NOT_ASKED for anything beyond the list (津工信电力〔2021〕8号 §5), FIELD_MISSING,
    FIELD_INVALID, TEXT_CONTROL, TEXT_ENCODING, PURPOSE_UNKNOWN, LEGAL_BASIS_UNKNOWN, DATE_FUTURE, or the code of an
    invalid identifier; ``field`` says where. The message contains no value (P5).
    """
    try:
        read = Application.model_validate(document)
    except ValidationError as error:
        raise refusal(error) from None
    purpose = purposes.get(read.purpose)
    if purpose.procedure != CONNECTION:
        raise RecordRejected("PURPOSE_UNKNOWN", "purpose", allowed=tuple(purposes.names(CONNECTION)))
    return read.model_copy(
        update={
            "applicant": tidy_applicant(read.applicant, latest),
            "agent": _tidy_agent(read.agent, latest) if read.agent else None,
            "site": _tidy_site(_chosen(read, choose)),
            "purpose": purpose.name,
            "legal_basis": purpose.basis(read.legal_basis).code,
        }
    )


_LATER = ("agent", "external_works")
"""Fields that former versions of the hub did not have: they are left out where they are not given."""

_CODES = {
    "extra_forbidden": "NOT_ASKED",
    "NOT_ASKED": "NOT_ASKED",
    "missing": "FIELD_MISSING",
    "TEXT_ENCODING": "TEXT_ENCODING",
    "TEXT_CONTROL": "TEXT_CONTROL",
}
_FIELD_NAME = re.compile(r"[a-z_]{1,40}")


def refusal(error: ValidationError, whole: type[BaseModel] = Application) -> RecordRejected:
    """The first error of reading ``whole``, as a refusal without a value of the caller (P5)."""
    first = error.errors(include_input=False, include_url=False)[0]
    # The name of an unknown field is the caller's text: repeated only where it looks like a name, or is a place (P5).
    named = (isinstance(part, int) or _FIELD_NAME.fullmatch(part) for part in first["loc"])
    field = ".".join(str(part) if ok else "?" for part, ok in zip(first["loc"], named, strict=True))
    return RecordRejected(_CODES.get(first["type"], "FIELD_INVALID"), field, str(first["type"]), _allowed(first, whole))


_TYPES = {"bool_type": "true, false", "float_type": "a number", "int_type": "a whole number", "string_type": "text"}
_BOUNDS = {
    "gt": "above {}",
    "ge": "at least {}",
    "le": "at most {}",
    "min_length": "at least {} {}",
    "max_length": "at most {} {}",
    "pattern": "{}",
}


def _allowed(error: Mapping[str, Any], whole: type[BaseModel]) -> tuple[str, ...]:
    """What would be taken where pydantic found this error: values, names of fields, or bounds. No value of the
    caller."""
    if error["type"] == "extra_forbidden":
        return tuple(_part_at(error["loc"][:-1], whole).model_fields)
    if error["type"] == "NOT_ASKED":
        return FORMS
    context = error.get("ctx", {})
    if error["type"] == "literal_error":
        return tuple(re.findall(r"'([^']+)'", context["expected"]))
    unit = "entries" if context.get("field_type") == "List" else "characters"
    bounds = [words.format(context[name], unit) for name, words in _BOUNDS.items() if name in context]
    return tuple(bounds) or tuple(filter(None, [_TYPES.get(error["type"], "")]))


def _part_at(path: Sequence[Any], part: type[BaseModel]) -> type[BaseModel]:
    """The model of the part of ``part`` at ``path``, for example ("site",). A number is a place in a list."""
    for name in (one for one in path if isinstance(one, str)):
        found = part.model_fields[name].annotation
        part = next(one for one in (*get_args(found), found) if isinstance(one, type) and issubclass(one, BaseModel))
    return part


def tidy_applicant(applicant: Applicant, latest: date = date.max) -> Applicant:
    """The applicant, with its identifier checked and tidied. Raises ``RecordRejected``."""
    return applicant.model_copy(update=tidy_party(applicant, "applicant", latest))


def _tidy_agent(agent: Agent, latest: date) -> Agent:
    authorisation = agent.authorisation
    if (authorisation.signed_on or "") > latest.isoformat():
        raise RecordRejected("DATE_FUTURE", "agent.authorisation.signed_on")
    if authorisation.form == "E_LICENCE":
        identifier, field = tidy(authorisation.reference), "agent.authorisation.reference"
        _good(check_licence_id(identifier), field)
        authorisation = authorisation.model_copy(update={"reference": identifier})
    return agent.model_copy(update={**tidy_party(agent, "agent", latest), "authorisation": authorisation})


def tidy_party(party: Applicant | Agent, part: str, latest: date = date.max) -> dict[str, str]:
    """The party's identifier, checked and tidied: uscc or resident_id → value. ``part``: where the party is in what was
    sent. Raises ``RecordRejected``."""
    _exactly_one(party.uscc, party.resident_id, f"{part}.uscc")
    if party.uscc is not None:
        code = tidy(party.uscc)
        _good(check_uscc(code), f"{part}.uscc")
        _identifies("uscc", code, "USCC_FORM", f"{part}.uscc")
        return {"uscc": code}
    number = tidy(party.resident_id or "")
    _good(check_resident_id(number), f"{part}.resident_id", warnings=("ID_LEGACY",))
    _identifies("resident-id", number, "ID_FORM", f"{part}.resident_id")
    if (born := resident_id_birth(resident_id_18(number))) and born > latest:
        raise RecordRejected("DATE_FUTURE", f"{part}.resident_id")
    return {"resident_id": number}


def _identifies(identifier: str, value: str, code: str, field: str) -> None:
    """A number with a good check character can still be a placeholder: 111111111111111."""
    _good(code if identity_of(identifier, value) is None else None, field)


def _chosen(read: Application, choose: Choose | None) -> Site:
    """The site; a choice becomes the number of the unit."""
    site = read.site
    if site.choice is None:
        return site
    if site.unit_no is not None or site.address is not None:
        raise RecordRejected("NOT_ASKED", "site.choice", "one of them is enough")
    if choose is None:
        raise RecordRejected("CHOICE_INVALID", "site.choice")
    return Site(unit_no=choose(site.choice, read.channel, read.external_no))


def _tidy_site(site: Site) -> Site:
    if site.unit_no is None:
        _exactly_one(site.unit_no, site.address, "site.unit_no")
        return site
    number = tidy(site.unit_no)
    _good(check_unit_number(number), "site.unit_no")
    return site.model_copy(update={"unit_no": number})


def _exactly_one(first: str | None, second: str | None, field: str) -> None:
    if first is None and second is None:
        raise RecordRejected("FIELD_MISSING", field)
    if first is not None and second is not None:
        raise RecordRejected("NOT_ASKED", field, "one certificate is enough")


def _good(code: str | None, field: str, warnings: tuple[str, ...] = ()) -> None:
    if code and code not in warnings:
        raise RecordRejected(code, field)


class Needed(NamedTuple):
    """Evidence that an application needs: its kind, the type of identifier and the identity that it is found by.
    Without ``identity`` it cannot be found. ``reason``: why it cannot be looked for now, a code of
    ``hub.cases.reasons``; "" when it can."""

    kind: str
    wanted_by: str
    identity: Identity | None
    reason: str = ""


def needs_of(application: Application, materials: tuple[str, ...], kinds: frozenset[str]) -> list[Needed]:
    """The evidence for the materials of the policy's list (津工信电力〔2021〕8号 §5). ``kinds``: those that a source
    exists for."""
    wanted = [_MATERIALS[material](application) for material in materials]
    return [need if _has_source(need, kinds) else need._replace(reason=reasons.NO_SOURCE) for need in wanted]


def _has_source(need: Needed, kinds: frozenset[str]) -> bool:
    """A person's identity has one where any ticket leads to evidence."""
    return need.kind in kinds or (need.kind == RESIDENT_ID and CHECK in kinds)


def _identity_need(application: Application) -> Needed:
    """A person's card is looked for with a ticket only: who types a number is not yet the person (P3)."""
    by, _ = application.applicant_identifier()
    if by == "uscc":
        return Needed("licence.business", by, application.applicant_identity())
    return Needed(RESIDENT_ID, by, None, reasons.TICKET_NEEDED)


def _property_need(application: Application) -> Needed:
    by = "unit-no" if application.site.unit_no else "address"
    return Needed(TITLE, by, application.site_identity())


def _project_need(application: Application) -> Needed:
    if application.site.address:
        return Needed("project.approval", "address", application.site_identity())
    by, _ = application.applicant_identifier()
    return Needed("project.approval", by, application.applicant_identity())


_MATERIALS = {"identity": _identity_need, "property": _property_need, "project": _project_need}
