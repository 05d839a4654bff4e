"""What a caller may submit. It is read strictly and tidied; anything beyond the policy's list is refused (P6)."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from hub.errors import RecordRejected
from hub.privacy.purposes import Purposes
from hub.records.identifiers import (
    Identity,
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


Voltage = Literal["LOW", "HIGH_10KV", "HIGH_20KV", "HIGH_35KV", "HIGH_66KV", "HIGH_110KV", "HIGH_220KV"]
CustomerClass = Literal["RESIDENT", "NON_RESIDENT"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Applicant(_Part):
    """Who applies, by one certificate: an enterprise's USCC or a face-verified resident ID."""

    uscc: str | None = None
    resident_id: str | None = None
    name: Annotated[_Typed, StringConstraints(max_length=200)] = ""


class Site(_Part):
    """Where electricity is wanted: the property unit's number, or the address as people write it."""

    unit_no: str | None = None
    address: Annotated[_Typed, StringConstraints(min_length=1, max_length=300)] | None = None


class Application(_Part):
    """One application, as submitted. ``external_no`` is the caller's own number, unique in its channel; ``capacity_kw``
    is in kW, ``sources`` the number of supplies."""

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
    purpose: Text
    legal_basis: Short

    def canonical(self) -> bytes:
        """Canonical JSON, UTF-8: the same bytes for the same content. Two submissions under one number are compared by
        it."""
        return json.dumps(self.model_dump(), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

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


def parse(document: Mapping[str, Any], purposes: Purposes, latest: date = date.max) -> Application:
    """A submission (parsed JSON), checked and tidied. ``latest`` is the latest day on which the applicant can be born.

    Raises ``RecordRejected``: NOT_ASKED for anything beyond the list (津工信电力〔2021〕8号 §5), FIELD_MISSING,
    FIELD_INVALID, TEXT_CONTROL, TEXT_ENCODING, PURPOSE_UNKNOWN, LEGAL_BASIS_UNKNOWN, DATE_FUTURE, or the code of an
    invalid identifier; ``field`` says where. The message contains no value (P5).
    """
    try:
        read = Application.model_validate(document)
    except ValidationError as error:
        raise _refusal(error) from None
    purpose = purposes.get(read.purpose)
    return read.model_copy(
        update={
            "applicant": _tidy_applicant(read.applicant, latest),
            "site": _tidy_site(read.site),
            "purpose": purpose.name,
            "legal_basis": purpose.basis(read.legal_basis).code,
        }
    )


_CODES = {
    "extra_forbidden": "NOT_ASKED",
    "missing": "FIELD_MISSING",
    "TEXT_ENCODING": "TEXT_ENCODING",
    "TEXT_CONTROL": "TEXT_CONTROL",
}
_FIELD_NAME = re.compile(r"[a-z_]{1,40}")


def _refusal(error: ValidationError) -> RecordRejected:
    first = error.errors(include_input=False, include_url=False)[0]
    # The name of an unknown field is the caller's text: it is repeated only when it looks like a name (P5).
    field = ".".join(str(part) if _FIELD_NAME.fullmatch(str(part)) else "?" for part in first["loc"])
    return RecordRejected(_CODES.get(first["type"], "FIELD_INVALID"), field, str(first["type"]), _allowed(first))


_TYPES = {"bool_type": "true, false", "float_type": "a number", "int_type": "a whole number", "string_type": "text"}
_BOUNDS = {
    "gt": "above {}",
    "ge": "at least {}",
    "le": "at most {}",
    "min_length": "at least {} characters",
    "max_length": "at most {} characters",
    "pattern": "{}",
}


def _allowed(error: Mapping[str, Any]) -> tuple[str, ...]:
    """What would be taken where pydantic found this error: values, names of fields, or bounds. No value of the
    caller."""
    if error["type"] == "extra_forbidden":
        return tuple(_part_at(error["loc"][:-1]).model_fields)
    context = error.get("ctx", {})
    if error["type"] == "literal_error":
        return tuple(re.findall(r"'([^']+)'", context["expected"]))
    bounds = [words.format(context[name]) for name, words in _BOUNDS.items() if name in context]
    return tuple(bounds) or tuple(filter(None, [_TYPES.get(error["type"], "")]))


def _part_at(path: Sequence[Any]) -> type[BaseModel]:
    """The model of the part at ``path``, for example ("site",)."""
    part: type[BaseModel] = Application
    for name in path:
        part = part.model_fields[name].annotation  # type: ignore[assignment]
    return part


def _tidy_applicant(applicant: Applicant, latest: date) -> Applicant:
    _exactly_one(applicant.uscc, applicant.resident_id, "applicant.uscc")
    if applicant.uscc is not None:
        code = tidy(applicant.uscc)
        _good(check_uscc(code), "applicant.uscc")
        _identifies("uscc", code, "USCC_FORM", "applicant.uscc")
        return applicant.model_copy(update={"uscc": code})
    number = tidy(applicant.resident_id or "")
    _good(check_resident_id(number), "applicant.resident_id", warnings=("ID_LEGACY",))
    _identifies("resident-id", number, "ID_FORM", "applicant.resident_id")
    if (born := resident_id_birth(resident_id_18(number))) and born > latest:
        raise RecordRejected("DATE_FUTURE", "applicant.resident_id")
    return applicant.model_copy(update={"resident_id": number})


def _identifies(identifier: str, value: str, code: str, field: str) -> None:
    """A number with a good check character can still be a placeholder: 111111111111111."""
    _good(code if identity_of(identifier, value) is None else None, field)


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
    Without ``identity`` it cannot be found."""

    kind: str
    wanted_by: str
    identity: Identity | None


def needs_of(application: Application, materials: tuple[str, ...], kinds: frozenset[str]) -> list[Needed]:
    """The evidence for the materials of the policy's list (津工信电力〔2021〕8号 §5), as far as a source exists for its
    kind."""
    wanted = [_MATERIALS[material](application) for material in materials]
    return [need for need in wanted if need.kind in kinds]


def _identity_need(application: Application) -> Needed:
    by, _ = application.applicant_identifier()
    kind = "licence.business" if by == "uscc" else "licence.resident-id"
    return Needed(kind, by, application.applicant_identity())


def _property_need(application: Application) -> Needed:
    by = "unit-no" if application.site.unit_no else "address"
    return Needed("licence.property-title", by, application.site_identity())


def _project_need(application: Application) -> Needed:
    if application.site.address:
        return Needed("project.approval", "address", application.site_identity())
    by, _ = application.applicant_identifier()
    return Needed("project.approval", by, application.applicant_identity())


_MATERIALS = {"identity": _identity_need, "property": _property_need, "project": _project_need}
