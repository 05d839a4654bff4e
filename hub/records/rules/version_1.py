"""The rules of version 1 that a later version changed, with all that they need. They judge history (P4): never change
them."""

import re
import unicodedata

from hub.ports import Plain
from hub.records.divisions import CODES, PROVINCES, TIANJIN, TIANJIN_DISTRICTS
from hub.records.identifiers import (
    check_organisation_code,
    check_resident_id,
    check_uscc,
    resident_id_18,
    resident_id_birth,
    resident_id_sex,
)
from hub.records.rules.agreement import age_on, fits_term
from hub.records.rules.base import NOTHING, Context, Finding, Findings, found, rule
from hub.records.rules.dates import validity

_CARD = ("licence.resident-id",)
_BUSINESS = ("licence.business",)
_TITLE = ("licence.property-title",)
_RESIDENT_CODES = ("ID_FORM", "ID_DATE", "ID_CHECK", "ID_LEGACY", "ID_REGION")
_USCC_CODES = ("USCC_FORM", "USCC_CHECK")
_UNIT_NUMBER = re.compile(r"[0-9]{12}[GJZ][ABSXCDEFHGWY][0-9]{5}[FLQW][0-9]{8}")
_TITLE_NUMBER = re.compile(
    r"[京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新]\([12][0-9]{3}\)[^()]*不动产权第[0-9]{7}号"
)
_BRACKETS = str.maketrans("【〔[{〈《｛】〕]}〉》｝", "(((((((" + ")))))))")
_ZERO_WIDTH = str.maketrans("", "", "\u200b\ufeff")


def _tidy(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).translate(_ZERO_WIDTH).split()).upper()


# ---- identifiers ---------------------------------------------------------------------------------------------------


def _resident_number(number: str, field: str) -> Findings:
    code = check_resident_id(number)
    return found("ID_REGION" if code is None and number[:6] not in CODES else code, field)


def _document(party: Plain, field: str) -> Findings:
    number, id_type = party["id_number"], party["id_type"]
    if number is None:
        return NOTHING
    if id_type == "RESIDENT_ID":
        return _resident_number(number, field)
    if id_type == "USCC":
        return found(check_uscc(number), field)
    return found(check_organisation_code(number), field) if id_type == "ORGANISATION_CODE" else NOTHING


@rule(*_RESIDENT_CODES, kinds=_CARD, until=2)
def holder_number(record: Plain, _context: Context) -> Findings:
    """The number of the card. Of 15 digits, only the date was checked; a foreigner's had an unknown region.

    >>> holder_number({"holder": {"id_number": "932682198501010017"}}, None)
    (Fault(code='ID_REGION', field='holder.id_number'),)
    """
    return _resident_number(record["holder"]["id_number"], "holder.id_number")


@rule(*_RESIDENT_CODES, *_USCC_CODES, kinds=_BUSINESS, until=2)
def representative_number(record: Plain, _context: Context) -> Findings:
    """The number of the legal representative's document. That of a permit was not checked.

    >>> party = {"id_type": "FOREIGNER_PERMIT", "id_number": "932682198501010018"}
    >>> representative_number({"legal_representative": party}, None)
    ()
    """
    return _document(record["legal_representative"], "legal_representative.id_number")


@rule("UNIT_FORM", kinds=_TITLE, until=2)
def unit_number(record: Plain, _context: Context) -> Findings:
    """The form of the unit number, without the parcel kinds L and N.

    >>> unit_number({"unit": {"unit_no": "120119001001GL00001L00000001"}}, None)
    (Fault(code='UNIT_FORM', field='unit.unit_no'),)
    """
    return NOTHING if _UNIT_NUMBER.fullmatch(record["unit"]["unit_no"]) else found("UNIT_FORM", "unit.unit_no")


@rule("TITLE_NO_FORM", kinds=_TITLE, until=2)
def title_number(record: Plain, _context: Context) -> Findings:
    """The form of the title number, without 黔 and other second names of provinces.

    >>> title_number({"unit": {"title_no": "黔(2019)南明区不动产权第0001234号"}}, None)
    (Fault(code='TITLE_NO_FORM', field='unit.title_no'),)
    """
    number = _tidy(record["unit"]["title_no"]).translate(_BRACKETS)
    return NOTHING if _TITLE_NUMBER.fullmatch(number) else found("TITLE_NO_FORM", "unit.title_no")


@rule(*_RESIDENT_CODES, *_USCC_CODES, kinds=_TITLE, until=2)
def holders_numbers(record: Plain, _context: Context) -> Findings:
    """The number of each holder's document. That of a permit was not checked.

    >>> holders_numbers({"holders": [{"id_type": "FOREIGNER_PERMIT", "id_number": "1"}]}, None)
    []
    """
    holders = enumerate(record["holders"])
    return [finding for place, holder in holders for finding in _document(holder, f"holders.{place}.id_number")]


# ---- dates ---------------------------------------------------------------------------------------------------------


@rule("DATE_ORDER", "DATE_FUTURE", "NOT_YET_VALID", kinds=_TITLE, until=2)
def title_validity(record: Plain, context: Context) -> Findings:
    """The dates on the title. A land-use term that ended before the day of issue was DATE_ORDER.

    >>> from datetime import date
    >>> unit = {"issued_on": date(2021, 3, 4), "valid_from": None, "valid_until": date(2016, 6, 30)}
    >>> record = {"unit": unit, "status": "CURRENT", "source": {"operation": "UPSERT"}}
    >>> title_validity(record, Context(date(2024, 1, 1), 1))
    [Fault(code='DATE_ORDER', field='unit.valid_until')]
    """
    unit = record["unit"]
    findings = validity(unit, "unit", record, context, expires=False)
    start, end = unit["valid_from"], unit["valid_until"]
    if end is not None and end < unit["issued_on"] and (start is None or end >= start):
        return [Finding("DATE_ORDER", "unit.valid_until"), *findings]
    return findings


# ---- agreement -----------------------------------------------------------------------------------------------------


@rule("BIRTH_MISMATCH", "SEX_MISMATCH", kinds=_CARD, until=2)
def card_agrees_with_number(record: Plain, _context: Context) -> Findings:
    """Birth date and sex agree with a number of 18 digits. A number of 15 was not compared.

    >>> card_agrees_with_number({"holder": {"id_number": "360426910101007"}}, None)
    ()
    """
    holder = record["holder"]
    number = holder["id_number"]
    if check_resident_id(number) is not None:
        return NOTHING
    findings = []
    if resident_id_birth(number) != holder["birth"]:
        findings.append(Finding("BIRTH_MISMATCH", "holder.birth"))
    if resident_id_sex(number) != holder["sex"]:
        findings.append(Finding("SEX_MISMATCH", "holder.sex"))
    return findings


@rule("VALIDITY_TERM", kinds=_CARD, until=2)
def card_term(record: Plain, _context: Context) -> Findings:
    """The validity by the age at issue, also for permits, which have other terms.

    >>> from datetime import date
    >>> holder = {"birth": date(1985, 1, 1), "issued_on": date(2024, 5, 1), "valid_from": None}
    >>> card_term({"holder": {**holder, "valid_until": date(2034, 5, 1)}}, None)
    (Fault(code='VALIDITY_TERM', field='holder.valid_until'),)
    """
    holder = record["holder"]
    age = age_on(holder["birth"], holder["valid_from"] or holder["issued_on"])
    years = next((years for below, years in ((16, 5), (26, 10), (46, 20)) if age < below), None)
    return NOTHING if fits_term(holder, years) else found("VALIDITY_TERM", "holder.valid_until")


def _who(holder: Plain) -> str | None:
    id_type, number = holder["id_type"], _tidy(holder["id_number"] or "")
    if id_type == "RESIDENT_ID":
        number = resident_id_18(number)
        return None if check_resident_id(number) else number
    if id_type in ("USCC", "ORGANISATION_CODE"):
        code = number.replace("-", "")
        wrong = check_organisation_code(code) if len(code) == 9 else check_uscc(code)
        return None if wrong else code if len(code) == 9 else code[8:17]
    return f"{id_type}:{number}" if number else None


@rule("HOLDERS_EMPTY", "HOLDER_TWICE", kinds=_TITLE, until=2)
def holders_are_several(record: Plain, _context: Context) -> Findings:
    """A title has a holder, and no holder occurs twice. Two with the number 无 were one.

    >>> holders_are_several({"holders": [{"id_type": "OTHER", "id_number": "无"}] * 2}, None)
    (Fault(code='HOLDER_TWICE', field='holders.1.id_number'),)
    """
    holders = record["holders"]
    if not holders:
        return found("HOLDERS_EMPTY", "holders")
    if len(holders) == 1:
        return NOTHING
    seen: set[str] = set()
    for place, holder in enumerate(holders):
        who = _who(holder)
        if who in seen:
            return found("HOLDER_TWICE", f"holders.{place}.id_number")
        if who is not None:
            seen.add(who)
    return NOTHING


def _region(record: Plain, address: Plain) -> Findings:
    code, province, district = record["region"], address["province"], address["district"]
    named = PROVINCES.get(code[:2])
    if province and named and province != named:
        return found("REGION_MISMATCH", "region")
    expected = TIANJIN_DISTRICTS.get(district) if province == TIANJIN else None
    agrees = expected is None or code in (expected, "120000", "120100")
    return NOTHING if agrees else found("REGION_MISMATCH", "region")


@rule("REGION_MISMATCH", kinds=_BUSINESS, until=2)
def business_region(record: Plain, _context: Context) -> Findings:
    """The region code agrees with the address of the domicile. Former codes did not.

    >>> domicile = {"province": "天津市", "district": "蓟州区"}
    >>> business_region({"region": "120225", "enterprise": {"domicile": domicile}}, None)
    (Fault(code='REGION_MISMATCH', field='region'),)
    """
    return _region(record, record["enterprise"]["domicile"])


@rule("REGION_MISMATCH", kinds=_TITLE, until=2)
def title_region(record: Plain, _context: Context) -> Findings:
    """The region code agrees with the address of the property unit. Former codes did not.

    >>> title_region({"region": "120104", "unit": {"address": {"province": "天津市", "district": "南开区"}}}, None)
    ()
    """
    return _region(record, record["unit"]["address"])


@rule("REGION_MISMATCH", kinds=("project.approval",), until=2)
def site_region(record: Plain, _context: Context) -> Findings:
    """The region code agrees with the address of the site. Former codes did not.

    >>> site_region({"region": "310000", "project": {"site": {"province": "天津市", "district": ""}}}, None)
    (Fault(code='REGION_MISMATCH', field='region'),)
    """
    return _region(record, record["project"]["site"])
