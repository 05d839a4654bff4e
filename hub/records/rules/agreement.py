"""Rules that compare the fields of one record with each other."""

from datetime import date
from fractions import Fraction

from hub.ports import Plain
from hub.records.divisions import same_division
from hub.records.identifiers import (
    check_resident_id,
    identity_of,
    resident_id_18,
    resident_id_birth,
    resident_id_sex,
)
from hub.records.rules.base import NOTHING, Context, Finding, Findings, found, rule

_CARD = ("licence.resident-id",)
_TITLE = ("licence.property-title",)


@rule("BIRTH_MISMATCH", "SEX_MISMATCH", kinds=_CARD, since=2)
def card_agrees_with_number(record: Plain, _context: Context) -> Findings:
    """Birth date and sex agree with the number (GB 11643), also with one of 15 digits. Not compared when the number
    itself is wrong.

    >>> holder = {"id_number": "360426199101010071", "birth": date(1991, 1, 2), "sex": "MALE"}
    >>> card_agrees_with_number({"holder": holder}, None)
    [Fault(code='BIRTH_MISMATCH', field='holder.birth')]
    """
    holder = record["holder"]
    number = resident_id_18(holder["id_number"])
    if check_resident_id(number) is not None:
        return NOTHING
    findings = []
    if resident_id_birth(number) != holder["birth"]:
        findings.append(Finding("BIRTH_MISMATCH", "holder.birth"))
    if resident_id_sex(number) != holder["sex"]:
        findings.append(Finding("SEX_MISMATCH", "holder.sex"))
    return findings


_RESIDENCE_PERMITS = ("81", "82", "83")
_LEGACY_LENGTH = 15


def _term_years(age: int, number: str) -> int | None:
    """Validity of a card by the holder's age at issue, in years; ``None`` is long-term (居民身份证法 §5). A residence
    permit of people from Hong Kong, Macao and Taiwan always has 5 years (国办发〔2018〕81号), a foreigner's card (9)
    has 10, or 5 below the age of 18 (GA 2102-2023).

    >>> [_term_years(age, "120104") for age in (15, 16, 25, 26, 45, 46)]
    [5, 10, 10, 20, 20, None]
    >>> [_term_years(age, number) for age in (17, 60) for number in ("81000019980902013X", "932682198501010017")]
    [5, 5, 5, 10]
    """
    if number.startswith(_RESIDENCE_PERMITS):
        return 5
    if number.startswith("9") and len(number) > _LEGACY_LENGTH:
        return 5 if age < 18 else 10
    for below, years in ((16, 5), (26, 10), (46, 20)):
        if age < below:
            return years
    return None


def age_on(birth: date, day: date) -> int:
    """The age in whole years on a day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def fits_term(holder: Plain, years: int | None) -> bool:
    """Whether a card's validity has this length. Offices count the last day differently, and 29 February shifts it: one
    day of difference is allowed."""
    start, end = holder["valid_from"] or holder["issued_on"], holder["valid_until"]
    return end is None if years is None else end is not None and abs((end - start).days - years * 365.25) < 2


@rule("VALIDITY_TERM", kinds=_CARD, since=2)
def card_term(record: Plain, _context: Context) -> Findings:
    """The validity is that of the holder's age at issue and of the sort of card, which the number's beginning says.

    >>> holder = {"birth": date(1991, 1, 1), "issued_on": date(2010, 1, 1), "valid_from": None, "valid_until": None}
    >>> card_term({"holder": {**holder, "id_number": "360426199101010071"}}, None)
    (Fault(code='VALIDITY_TERM', field='holder.valid_until'),)
    """
    holder = record["holder"]
    age = age_on(holder["birth"], holder["valid_from"] or holder["issued_on"])
    fits = fits_term(holder, _term_years(age, holder["id_number"]))
    return NOTHING if fits else found("VALIDITY_TERM", "holder.valid_until")


def share_of(text: str) -> Fraction:
    """A share, "1/3" or "33.5%", as an exact fraction. The shape check has refused any other text.

    >>> share_of("1/3"), share_of("33.5%")
    (Fraction(1, 3), Fraction(67, 200))
    """
    return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)


@rule("SHARES_MISSING", "SHARES_SUM", kinds=_TITLE)
def shares_make_one(record: Plain, _context: Context) -> Findings:
    """Owned by shares (民法典 §298): each holder has a share, and their sum is exactly 1. Otherwise no holder has less
    than 1.

    >>> holders = [{"share": "1/3"}, {"share": "1/3"}, {"share": "33.33%"}]
    >>> shares_make_one({"unit": {"co_ownership": "SHARES"}, "holders": holders}, None)
    (Fault(code='SHARES_SUM', field='holders'),)
    """
    shares = [holder["share"] for holder in record["holders"]]
    if record["unit"]["co_ownership"] != "SHARES":
        partial = any(share is not None and share_of(share) != 1 for share in shares)
        return found("SHARES_SUM", "unit.co_ownership") if partial else NOTHING
    if None in shares:
        return found("SHARES_MISSING", f"holders.{shares.index(None)}.share")
    return found("SHARES_SUM", "holders") if shares and sum(map(share_of, shares)) != 1 else NOTHING


@rule("HOLDERS_EMPTY", "HOLDER_TWICE", kinds=_TITLE, since=2)
def holders_are_several(record: Plain, _context: Context) -> Findings:
    """A title has a holder, and no holder occurs twice. Holders are compared by document, never by name; those with a
    placeholder or a masked number are strangers.

    >>> numbers = ("360426910101007", "360426199101010071")
    >>> twice = [{"id_type": "RESIDENT_ID", "id_number": number} for number in numbers]
    >>> holders_are_several({"holders": twice}, None)
    (Fault(code='HOLDER_TWICE', field='holders.1.id_number'),)
    """
    holders = record["holders"]
    if not holders:
        return found("HOLDERS_EMPTY", "holders")
    if len(holders) == 1:
        return NOTHING
    seen = set()
    for place, holder in enumerate(holders):
        who = identity_of("document", f"{holder['id_type']}:{holder['id_number'] or ''}")
        if who in seen:
            return found("HOLDER_TWICE", f"holders.{place}.id_number")
        if who is not None:
            seen.add(who)
    return NOTHING


def _region(record: Plain, address: Plain) -> Findings:
    agrees = same_division(record["region"], address["province"], address["district"])
    return NOTHING if agrees else found("REGION_MISMATCH", "region")


@rule("REGION_MISMATCH", kinds=("licence.business",), since=2)
def business_region(record: Plain, _context: Context) -> Findings:
    """The registering authority's region code (GB/T 2260) agrees with the address of the domicile.

    >>> enterprise = {"domicile": {"province": "天津市", "district": "河西区"}}
    >>> business_region({"region": "120104", "enterprise": enterprise}, None)
    (Fault(code='REGION_MISMATCH', field='region'),)
    """
    return _region(record, record["enterprise"]["domicile"])


@rule("REGION_MISMATCH", kinds=_TITLE, since=2)
def title_region(record: Plain, _context: Context) -> Findings:
    """The registry's region code (GB/T 2260) agrees with the address of the property unit.

    >>> title_region({"region": "120104", "unit": {"address": {"province": "天津市", "district": "南开区"}}}, None)
    ()
    """
    return _region(record, record["unit"]["address"])


@rule("REGION_MISMATCH", kinds=("project.approval", "project.information"), since=2)
def site_region(record: Plain, _context: Context) -> Findings:
    """The approving office's region code (GB/T 2260) agrees with the address of the site.

    >>> site_region({"region": "310000", "project": {"site": {"province": "天津市", "district": ""}}}, None)
    (Fault(code='REGION_MISMATCH', field='region'),)
    """
    return _region(record, record["project"]["site"])


@rule("NOT_AN_APPROVAL", kinds=("project.approval",))
def document_is_an_approval(record: Plain, _context: Context) -> Findings:
    """The document approves, verifies or files the project itself. Planning and construction permits are none: they
    must not be asked for as evidence (津工信电力〔2021〕8号 §5).

    >>> document_is_an_approval({"project": {"permit": "CONSTRUCTION"}}, None)
    (Fault(code='NOT_AN_APPROVAL', field='project.permit'),)
    """
    return NOTHING if record["project"]["permit"] == "NONE" else found("NOT_AN_APPROVAL", "project.permit")


@rule("CHECK_NO_MATCH", kinds=("identity.check",))
def it_is_the_person(record: Plain, _context: Context) -> Findings:
    """The identity service found that it is the person with the number.

    >>> it_is_the_person({"check": {"result": "NO_MATCH"}}, None)
    (Fault(code='CHECK_NO_MATCH', field='check.result'),)
    """
    return NOTHING if record["check"]["result"] == "MATCH" else found("CHECK_NO_MATCH", "check.result")
