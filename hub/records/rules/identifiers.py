"""Rules for the form of identifiers and their check characters."""

from hub.ports import Plain
from hub.records.divisions import is_region
from hub.records.identifiers import (
    RESIDENCE_TYPES,
    check_licence_id,
    check_organisation_code,
    check_project_code,
    check_residence_number,
    check_resident_id,
    check_title_number,
    check_unit_number,
    check_uscc,
)
from hub.records.rules.base import NOTHING, Context, Findings, found, rule

_RESIDENT_CODES = ("ID_FORM", "ID_DATE", "ID_CHECK", "ID_LEGACY", "ID_REGION")
_USCC_CODES = ("USCC_FORM", "USCC_CHECK")
_LICENCE_ID_CODES = ("ELICENCE_FORM", "ELICENCE_CHECK")


def resident_number(number: str, field: str) -> Findings:
    """Findings for a resident ID number (GB 11643), and ``ID_REGION`` for an unknown division code (GB/T 2260). A
    number of 15 digits is converted to 18 first.

    >>> resident_number("990426199112010074", "holder.id_number")
    (Fault(code='ID_REGION', field='holder.id_number'),)
    >>> [finding.code for finding in resident_number("999999910101007", "holder.id_number")]
    ['ID_LEGACY', 'ID_REGION']
    """
    code = check_resident_id(number)
    unknown = code in (None, "ID_LEGACY") and not is_region(number)
    return (*found(code, field), *found("ID_REGION", field)) if unknown else found(code, field)


def document(party: Plain, field: str) -> Findings:
    """Findings for the number of a party's document, by its type. A passport has no public check, a permit has one if
    its number has the form of GB 11643 (GA 2102-2023).

    >>> document({"id_type": "RESIDENT_ID", "id_number": "11010519491231002X"}, "holders.0.id_number")
    ()
    >>> document({"id_type": "FOREIGNER_PERMIT", "id_number": "932682198501010018"}, "holders.0.id_number")
    (Fault(code='ID_CHECK', field='holders.0.id_number'),)
    """
    number, id_type = party["id_number"], party["id_type"]
    if number is None:
        return NOTHING
    if id_type == "RESIDENT_ID":
        return resident_number(number, field)
    if id_type == "USCC":
        return found(check_uscc(number), field)
    if id_type in RESIDENCE_TYPES:
        return _permit(id_type, number, field)
    return found(check_organisation_code(number), field) if id_type == "ORGANISATION_CODE" else NOTHING


def _permit(id_type: str, number: str, field: str) -> Findings:
    code = check_residence_number(id_type, number)
    unknown = code is None and check_resident_id(number) is None and not is_region(number)
    return found("ID_REGION" if unknown else code, field)


@rule(*_RESIDENT_CODES, kinds=("licence.resident-id",), since=2)
def holder_number(record: Plain, _context: Context) -> Findings:
    """The number of the resident ID card (GB 11643).

    >>> holder_number({"holder": {"id_number": "36042619910102009X"}}, None)
    (Fault(code='ID_CHECK', field='holder.id_number'),)
    """
    return resident_number(record["holder"]["id_number"], "holder.id_number")


@rule(*_RESIDENT_CODES, kinds=("identity.check",))
def checked_number(record: Plain, _context: Context) -> Findings:
    """The number that the applicant typed (GB 11643).

    >>> checked_number({"check": {"id_number": "36042619910102009X"}}, None)
    (Fault(code='ID_CHECK', field='check.id_number'),)
    """
    return resident_number(record["check"]["id_number"], "check.id_number")


@rule(*_USCC_CODES, kinds=("licence.business",))
def enterprise_code(record: Plain, _context: Context) -> Findings:
    """The enterprise's unified social credit code (GB 32100).

    >>> enterprise_code({"enterprise": {"uscc": "91350100M000100Y43"}}, None)
    ()
    """
    return found(check_uscc(record["enterprise"]["uscc"]), "enterprise.uscc")


@rule(*_RESIDENT_CODES, *_USCC_CODES, kinds=("licence.business",), since=2)
def representative_number(record: Plain, _context: Context) -> Findings:
    """The number of the legal representative's document.

    >>> representative_number({"legal_representative": {"id_type": "RESIDENT_ID", "id_number": "1"}}, None)
    (Fault(code='ID_FORM', field='legal_representative.id_number'),)
    """
    return document(record["legal_representative"], "legal_representative.id_number")


@rule("UNIT_FORM", kinds=("licence.property-title",), since=2)
def unit_number(record: Plain, _context: Context) -> Findings:
    """The form of the real-estate unit number (GB/T 37346-2019). It has no check digit.

    >>> unit_number({"unit": {"unit_no": "450103001001GB00001"}}, None)
    (Fault(code='UNIT_FORM', field='unit.unit_no'),)
    """
    return found(check_unit_number(record["unit"]["unit_no"]), "unit.unit_no")


@rule("TITLE_NO_FORM", kinds=("licence.property-title",), since=2)
def title_number(record: Plain, _context: Context) -> Findings:
    """The form of the title number. Old titles have other forms, so this only warns.

    >>> title_number({"unit": {"title_no": "津(2021)南开区不动产权第1000001号"}}, None)
    ()
    """
    return found(check_title_number(record["unit"]["title_no"]), "unit.title_no")


@rule(*_RESIDENT_CODES, *_USCC_CODES, kinds=("licence.property-title",), since=2)
def holders_numbers(record: Plain, _context: Context) -> Findings:
    """The number of each holder's document.

    >>> holders_numbers({"holders": [{"id_type": "PASSPORT", "id_number": "E123"}]}, None)
    []
    """
    holders = enumerate(record["holders"])
    return [finding for place, holder in holders for finding in document(holder, f"holders.{place}.id_number")]


_PROJECTS = ("project.approval", "project.information")


@rule("PROJECT_CODE_FORM", kinds=_PROJECTS)
def project_code(record: Plain, _context: Context) -> Findings:
    """The five segments of the project code (GB/T 40058). The algorithm of its check digit is not public.

    >>> project_code({"project": {"code": "2020-120000-44-03-001234"}}, None)
    ()
    """
    return found(check_project_code(record["project"]["code"]), "project.code")


@rule(*_USCC_CODES, kinds=_PROJECTS)
def builder_code(record: Plain, _context: Context) -> Findings:
    """The builder's unified social credit code (GB 32100).

    >>> builder_code({"builder": {"uscc": "91110000600037341l"}}, None)
    (Fault(code='USCC_FORM', field='builder.uscc'),)
    """
    return found(check_uscc(record["builder"]["uscc"]), "builder.uscc")


@rule(*_LICENCE_ID_CODES, kinds=("licence.resident-id",))
def card_licence_id(record: Plain, _context: Context) -> Findings:
    """The e-licence identifier of the card (GB/T 36904).

    >>> card_licence_id({"holder": {"licence_id": None}}, None)
    ()
    """
    return _licence_id(record["holder"], "holder.licence_id")


@rule(*_LICENCE_ID_CODES, kinds=("licence.business",))
def business_licence_id(record: Plain, _context: Context) -> Findings:
    """The e-licence identifier of the business licence (GB/T 36904).

    >>> business_licence_id({"enterprise": {"licence_id": "1.2.156.3005.2"}}, None)
    (Fault(code='ELICENCE_FORM', field='enterprise.licence_id'),)
    """
    return _licence_id(record["enterprise"], "enterprise.licence_id")


@rule(*_LICENCE_ID_CODES, kinds=("licence.property-title",))
def title_licence_id(record: Plain, _context: Context) -> Findings:
    """The e-licence identifier of the title (GB/T 36904).

    >>> title_licence_id({"unit": {"licence_id": None}}, None)
    ()
    """
    return _licence_id(record["unit"], "unit.licence_id")


@rule(*_LICENCE_ID_CODES, kinds=("project.approval",))
def approval_licence_id(record: Plain, _context: Context) -> Findings:
    """The e-licence identifier of the approval (GB/T 36904).

    >>> approval_licence_id({"project": {"licence_id": None}}, None)
    ()
    """
    return _licence_id(record["project"], "project.licence_id")


def _licence_id(part: Plain, field: str) -> Findings:
    identifier = part["licence_id"]
    return NOTHING if identifier is None else found(check_licence_id(identifier), field)
