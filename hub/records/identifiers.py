"""Identifiers: their forms, check digits and canonical spelling (domain.md §3).

Each ``check_*`` function returns a published reason code, or ``None`` when the identifier is good. Checks are strict:
full-width digits, spaces and lower case are for ``tidy`` to remove before a record is made. Check digits run through
small automata (one dictionary look-up a character), because verification checks millions.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache, reduce
from operator import getitem
from typing import Any, Final

from hub.records.address import address_key
from hub.records.dates import read_compact
from hub.records.placeholders import is_made_up, is_masked, is_number, is_placeholder, refers
from hub.records.text import fold

_RESIDENT_LENGTH = 18
_RESIDENT_FORM = re.compile("[0-9]{17}[0-9X]")
RESIDENCE_TYPES = frozenset(("FOREIGNER_PERMIT", "HK_MACAO_PERMIT", "TAIWAN_PERMIT"))
"""Types of document whose number can have the form of GB 11643: GA 2102-2023, 国办发〔2018〕81号."""
_LEGACY_LENGTH = 15

_Node = dict[str, Any]


IDENTIFIER_CHARACTERS_MAX: Final = 1_000
"""Most characters of a text that is read as an identifier. Schemas allow fewer."""


def tidy(text: str) -> str:
    """The text in half-width capital letters, with one kind of dash, without spaces and invisible characters. Sources,
    applications, look-ups and files all tidy identifiers by it. A text of more than ``IDENTIFIER_CHARACTERS_MAX`` is no
    identifier, and stays as it is.

    >>> tidy(" ９１１１００００６０００３７３４１l "), tidy("\\u200e1201\\u206004"), tidy("1201²")
    ('91110000600037341L', '120104', '1201²')
    """
    return fold(text).upper() if len(text) <= IDENTIFIER_CHARACTERS_MAX else text


def _automaton(states: int, step: Callable[[int, int], int], alphabet: str) -> list[_Node]:
    """The nodes of an automaton. ``node[character]`` is the next node, so ``reduce(getitem, text,
    start)`` runs in C.
    """
    nodes: list[_Node] = [{} for _ in range(states)]
    for state, node in enumerate(nodes):
        node.update((character, nodes[step(state, value)]) for value, character in enumerate(alphabet))
    return nodes


# ---- resident ID, GB 11643 -----------------------------------------------------------------------------------------

# The sum of digit × 2^(18-i) over all 18 places is 1 modulo 11. X counts ten and is allowed in the last place only.
_RESIDENT = _automaton(11, lambda state, digit: (2 * state + digit) % 11, "0123456789X")


@lru_cache(maxsize=65_536)
def _day(text: str) -> date | None:
    found = read_compact(text)
    return found if found and 1800 <= found.year < 2100 else None


def check_resident_id(number: str) -> str | None:
    """GB 11643: ID_FORM, ID_DATE, ID_CHECK; ID_LEGACY (a warning) for a well-formed number of 15 digits.

    >>> check_resident_id("360426199101010071"), check_resident_id("360426199101010072")
    (None, 'ID_CHECK')
    >>> check_resident_id("360426199113010071"), check_resident_id("360426910101007")
    ('ID_DATE', 'ID_LEGACY')
    """
    if len(number) != _RESIDENT_LENGTH or number.find("X", 0, 17) >= 0:
        return _check_legacy(number)
    try:
        end = reduce(getitem, number, _RESIDENT[0])
    except KeyError:
        return "ID_FORM"
    if _day(number[6:14]) is None:
        return "ID_DATE"
    return None if end is _RESIDENT[1] else "ID_CHECK"


def _is_legacy(number: str) -> bool:
    return len(number) == _LEGACY_LENGTH and number.isascii() and number.isdigit()


def _check_legacy(number: str) -> str:
    if not _is_legacy(number):
        return "ID_FORM"
    return "ID_DATE" if _day(resident_id_18(number)[6:14]) is None else "ID_LEGACY"


_FIRST_GENERATION = re.compile("[A-Z]{3}[0-9]{12}")


def check_residence_number(id_type: str, number: str) -> str | None:
    """ID_FORM, ID_DATE, ID_CHECK of a permit of ``RESIDENCE_TYPES``. A foreigner's has 18 characters from 9 on (GA
    2102-2023), or 15 of the first generation, which has no public check. Of other permits only the numbers of 18
    characters have one.

    >>> check_residence_number("FOREIGNER_PERMIT", "932682198501010018")
    'ID_CHECK'
    >>> check_residence_number("FOREIGNER_PERMIT", "USA110090010101")
    >>> check_residence_number("TAIWAN_PERMIT", "01234567")
    """
    if _RESIDENT_FORM.fullmatch(number) and (number[0] == "9" or id_type != "FOREIGNER_PERMIT"):
        return check_resident_id(number)
    good = id_type != "FOREIGNER_PERMIT" or _FIRST_GENERATION.fullmatch(number)
    return None if good else "ID_FORM"


def resident_id_check_character(body: str) -> str:
    """The 18th character for the first 17 digits.

    >>> resident_id_check_character("36042619910101007")
    '1'
    """
    node = reduce(getitem, body, _RESIDENT[0])
    return next(character for character, end in node.items() if end is _RESIDENT[1])


def resident_id_18(number: str) -> str:
    """The 18-digit form of a 15-digit number of the first generation; any other text unchanged.

    >>> resident_id_18("360426910101007")
    '360426199101010071'
    """
    if not _is_legacy(number):
        return number
    # Sequence numbers 996 to 999 are for people over a hundred, born in the 1800s.
    body = f"{number[:6]}{'18' if number[12:] >= '996' else '19'}{number[6:]}"
    return body + resident_id_check_character(body)


def resident_id_birth(number: str) -> date | None:
    """The birth date in a number of 18 characters, or ``None`` when it is not a date.

    >>> resident_id_birth("360426199101010071")
    datetime.date(1991, 1, 1)
    """
    return _day(number[6:14])


def resident_id_sex(number: str) -> str:
    """MALE or FEMALE, from the sequence number of 18 characters (odd = male).

    >>> resident_id_sex("360426199101010071")
    'MALE'
    """
    return "MALE" if number[16] in "13579" else "FEMALE"


# ---- unified social credit code, GB 32100-2015 ---------------------------------------------------------------------

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# Weights are 3^(i-1) modulo 31. Read from the left this is a Horner scheme in 21, the inverse of 3, times 3^16.
_USCC = _automaton(31, lambda state, value: (21 * state + value) % 31, _USCC_ALPHABET)
_USCC_END = {_USCC_ALPHABET[(31 - state * 3**16 % 31) % 31]: node for state, node in enumerate(_USCC)}


def check_uscc(code: str) -> str | None:
    """GB 32100-2015: USCC_FORM, USCC_CHECK. Places 1 and 2 may be letters, 3 to 8 are the region's digits.

    >>> check_uscc("91110000600037341L"), check_uscc("91110000600037341M"), check_uscc("9111000060003734IL")
    (None, 'USCC_CHECK', 'USCC_FORM')
    """
    if len(code) != 18 or code[0] == "0" or not code[2:8].isdigit():
        return "USCC_FORM"
    try:
        return None if reduce(getitem, code[:17], _USCC[0]) is _USCC_END[code[17]] else "USCC_CHECK"
    except KeyError:
        return "USCC_FORM"


_ORGANISATION_LENGTH = 9
_ORGANISATION_FORM = re.compile(r"[0-9A-Z]{8}[0-9X]")
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def check_organisation_code(code: str) -> str | None:
    """GB 11714, nine characters as in places 9 to 17 of a USCC, with or without the hyphen: USCC_FORM, USCC_CHECK.

    >>> check_organisation_code("60003734-1"), check_organisation_code("600037342")
    (None, 'USCC_CHECK')
    """
    bare = code.replace("-", "")
    if not _ORGANISATION_FORM.fullmatch(bare):
        return "USCC_FORM"
    total = sum(weight * int(character, 36) for weight, character in zip(_ORGANISATION_WEIGHTS, bare, strict=False))
    return None if "0123456789X0"[11 - total % 11] == bare[8] else "USCC_CHECK"


# ---- property ------------------------------------------------------------------------------------------------------

_UNIT_NUMBER = re.compile(r"[0-9]{12}[GJZ][ABSXCDEFLNHGWY][0-9]{5}[FLQW][0-9]{8}")
_PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川蜀贵黔云滇藏陕秦甘陇青宁新港澳台"
_TITLE_NUMBER = re.compile(rf"[{_PROVINCES}]\([12][0-9]{{3}}\)[^()]*不动产权第[0-9]{{7}}号")
_BRACKETS = str.maketrans("【〔[{〈《｛】〕]}〉》｝", "(((((((" + ")))))))")


def check_unit_number(number: str) -> str | None:
    """GB/T 37346-2019 (不动产单元号): 6 county, 3 + 3 cadastral area, 2 parcel kind (L forest land, N grassland, that
    are not contracted), 5 parcel, 1 fixture kind, 8: UNIT_FORM.

    >>> check_unit_number("120104001001GB00001F00010001"), check_unit_number("120104001001GB00001")
    (None, 'UNIT_FORM')
    >>> check_unit_number("120119001001GL00001L00000001")
    """
    return None if _UNIT_NUMBER.fullmatch(number) else "UNIT_FORM"


def normal_title_number(text: str) -> str:
    """A title number in the form that is compared: half-width, one kind of bracket, no spaces.

    >>> normal_title_number("苏（2017）海门市 不动产权第 ０000183 号")
    '苏(2017)海门市不动产权第0000183号'
    """
    return tidy(text).translate(_BRACKETS)


def check_title_number(text: str) -> str | None:
    """TITLE_NO_FORM, a warning: older titles and other lengths occur.

    >>> check_title_number("苏（2017）海门市不动产权第0000183号"), check_title_number("房地证津字第104020912345号")
    (None, 'TITLE_NO_FORM')
    """
    return None if _TITLE_NUMBER.fullmatch(normal_title_number(text)) else "TITLE_NO_FORM"


# ---- e-licence identifier, GB/T 36904 ------------------------------------------------------------------------------

_LICENCE_ID = re.compile(
    r"1\.2\.156\.3005\.2\.([0-9A-Z]{21})\.([0-9A-Z]{6,18})\.([0-9A-Z]{1,64})\.([0-9]{3})\.([0-9A-Z])"
)
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _mod_37_36(state: int, value: int) -> int:
    """One step of ISO 7064 MOD 37,36. The state is the product so far; 0 means 36."""
    total = ((state or 36) + value) % 36 or 36
    return total * 2 % 37 % 36


_LICENCE = _automaton(36, _mod_37_36, _BASE36)
_LICENCE_END = {_BASE36[(37 - (state or 36)) % 36]: node for state, node in enumerate(_LICENCE)}


def check_licence_id(identifier: str) -> str | None:
    """GB/T 36904, ISO 7064 MOD 37,36 over type, issuer, serial and version: ELICENCE_FORM, ELICENCE_CHECK.

    >>> check_licence_id("1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U")
    >>> check_licence_id("1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000404.001.U")
    'ELICENCE_CHECK'
    """
    match = _LICENCE_ID.fullmatch(identifier)
    if match is None:
        return "ELICENCE_FORM"
    end = reduce(getitem, identifier[15:-2].replace(".", ""), _LICENCE[0])
    return None if end is _LICENCE_END[identifier[-1]] else "ELICENCE_CHECK"


# ---- project code, GB/T 40058-2021 ---------------------------------------------------------------------------------

_PROJECT_CODE = re.compile(r"(20[0-9]{2}|[0-9]{2}(?:0[1-9]|1[0-2]))-[0-9]{6}-[0-9A-Z]{2}-[0-9]{2}-[0-9]{5,6}")


def check_project_code(code: str) -> str | None:
    """GB/T 40058-2021, five segments: time (a year, or YYMM), region, department or industry, type, serial:
    PROJECT_CODE_FORM.

    >>> check_project_code("2020-120000-44-03-001234"), check_project_code("2105-120103-04-01-123456")
    (None, None)
    >>> check_project_code("2113-120103-04-01-123456")
    'PROJECT_CODE_FORM'
    """
    return None if _PROJECT_CODE.fullmatch(code) else "PROJECT_CODE_FORM"


# ---- identity ------------------------------------------------------------------------------------------------------

_FOREIGN = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)+")

_NO_PARCEL = "00000"
"""Parcels are counted from 00001 (GB/T 37346-2019)."""
_NO_SERIAL = re.compile(r"^[^0-9]*$|^[-+0.]*[0-9]?[.0]*$|第0*号")

Identity = tuple[str, str]
"""(namespace of the key vault, normalised value)."""


def identity_of(identifier: str, value: str | Mapping[str, Any] | None) -> Identity | None:
    """Whose or what's identifier this is; ``None`` for a malformed one, a placeholder or a masked one: a wrong number
    must not pass for another's, and all who have the number 无 are strangers (P2).

    ``identifier`` is resident-id | uscc | document | unit-no | title-no | address | project-code; a document's
    ``value`` is ``<id_type>:<number>``, an address is the structured one or its text. Of an identifier with a dot in
    its name (``meter.number``), which an installed package brings, nothing is known but its text.

    >>> identity_of("resident-id", "360426910101007") == identity_of("document", "RESIDENT_ID:360426199101010071")
    True
    >>> identity_of("uscc", "91110000600037341L"), identity_of("uscc", "60003734-1")
    (('enterprise', '600037341'), ('enterprise', '600037341'))
    >>> identity_of("meter.number", " a-17 ")
    ('meter.number', 'A-17')
    """
    if not value or (isinstance(value, str) and len(value) > IDENTIFIER_CHARACTERS_MAX):
        return None
    if identifier == "address":
        key = address_key(value)
        return ("address", key) if key else None
    if _FOREIGN.fullmatch(identifier):
        number = tidy(str(value))
        return (identifier, number) if _says_something(number) or _is_hubs(identifier, number) else None
    return _IDENTITIES[identifier](str(value))


def is_identifier(name: str) -> bool:
    """Whether ``identity_of`` accepts an identifier with this name.

    >>> is_identifier("uscc"), is_identifier("meter.number"), is_identifier("number")
    (True, True, False)
    """
    return name == "address" or name in _IDENTITIES or _FOREIGN.fullmatch(name) is not None


_HUB_NUMBER = re.compile("[0-9A-HJKMNP-TV-Z]{14}")


def _is_hubs(identifier: str, number: str) -> bool:
    """Whether it is the hub's own number of an application (``hub.privacy.references``). It is drawn: one of 500 has XX
    or XXX in it, and is not masked for that.

    >>> _is_hubs("utility.application-no", "80SP0B4W5XXX2R"), _is_hubs("utility.app-no", "80SP0B4W5XXX2R")
    (True, False)
    """
    return identifier == "utility.application-no" and _HUB_NUMBER.fullmatch(number) is not None


def _says_something(text: str) -> bool:
    """Whether a text can tell one thing from another: more than one character, no placeholder, not masked."""
    return len(set(text)) > 1 and not is_placeholder(text) and not is_masked(text) and not refers(text)


def _person(value: str) -> Identity | None:
    given = tidy(value)
    number = resident_id_18(given)
    return ("person", number) if check_resident_id(number) is None and len(set(given)) > 1 else None


def _enterprise(value: str) -> Identity | None:
    code = tidy(value).replace("-", "")
    organisation = code if len(code) == _ORGANISATION_LENGTH else code[8:17]
    check = check_organisation_code if code == organisation else check_uscc
    return None if check(code) or is_made_up(organisation) else ("enterprise", organisation)


def _document(value: str) -> Identity | None:
    """By the number alone where it has a check character: foreigners' cards, residence permits of people from Hong
    Kong, Macao and Taiwan, and documents with a wrong type have a number by GB 11643 too."""
    id_type, _, given = value.partition(":")
    number = tidy(given)
    if id_type == "RESIDENT_ID" or check_resident_id(number) is None:
        return _person(number)
    if id_type in ("USCC", "ORGANISATION_CODE") or check_uscc(number) is None:
        return _enterprise(number)
    if id_type in RESIDENCE_TYPES and _RESIDENT_FORM.fullmatch(number):
        return None
    return ("person", f"{id_type}:{number}") if is_number(number) else None


def _unit(value: str) -> Identity | None:
    number = tidy(value)
    return None if check_unit_number(number) or number[14:19] == _NO_PARCEL else ("unit", number)


def _title(value: str) -> Identity | None:
    number = normal_title_number(value)
    return ("title", number) if _says_something(number) and not _NO_SERIAL.search(number) else None


def _project(value: str) -> Identity | None:
    code = tidy(value)
    return None if check_project_code(code) else ("project", code)


_IDENTITIES: dict[str, Callable[[str], Identity | None]] = {
    "resident-id": _person,
    "uscc": _enterprise,
    "document": _document,
    "unit-no": _unit,
    "title-no": _title,
    "project-code": _project,
}
