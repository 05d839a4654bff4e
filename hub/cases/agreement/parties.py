"""Whether two certificates name the same person or enterprise. Pure.

Only numbers say who someone is; a name says only whether it contradicts a number. So AGREES needs equal numbers and no
contradicting name, DIFFERS needs two numbers that one party cannot both have, and everything else is UNKNOWN: people
share names, 15-digit numbers were given twice, and registers leave former names out.
"""

import re
from collections.abc import Sequence, Set
from enum import StrEnum
from typing import Final, NamedTuple

from hub.records.identifiers import Identity, check_resident_id, identity_of, tidy
from hub.records.placeholders import is_masked, is_placeholder
from hub.records.text import fold

NAME_CHARACTERS_MAX: Final = 400
"""A longer text is no name, and is compared with none."""


class Result(StrEnum):
    """What can be said of two parties."""

    AGREES = "AGREES"
    DIFFERS = "DIFFERS"
    UNKNOWN = "UNKNOWN"


class Why(StrEnum):
    """By what two parties agree, how they differ, or why nothing can be said."""

    NUMBER = "NUMBER"
    """The same number, or another one."""
    OLD_NUMBER = "OLD_NUMBER"
    """A 15-digit number and the 18-digit one that was made of it."""
    ORGANISATION_CODE = "ORGANISATION_CODE"
    """An organisation code and the unified social credit code that it is part of."""
    FORMER_NAME = "FORMER_NAME"
    """The same number, under a former name that the licence lists."""
    SORT = "SORT"
    """One is a person, the other an enterprise."""
    NAME_DIFFERS = "NAME_DIFFERS"
    """The same number, under a name that no certificate explains."""
    NAME_ONLY = "NAME_ONLY"
    """The same name, and a number is missing: it may be someone of the same name."""
    NO_NUMBER = "NO_NUMBER"
    """A number is missing, malformed or masked, and the names differ or are missing."""
    OTHER_DOCUMENT = "OTHER_DOCUMENT"
    """Numbers of documents that cannot be compared: of another kind, or of a kind that is renewed under another one."""
    ADDRESS = "ADDRESS"
    """The addresses, part by part."""
    SAME_VERSION = "SAME_VERSION"
    """The certificate of that day is the one of now."""
    NO_VERSION = "NO_VERSION"
    """Which version of the certificate was in force on that day cannot be said: none is so old, or their dates leave it
    open."""
    CODES_DIFFER = "CODES_DIFFER"
    """Two credit codes around one organisation code: one party has one code for life (GB 32100), so one of both is of
    another authority, or wrong."""
    AMBIGUOUS = "AMBIGUOUS"
    """Several of the parties may be meant."""


class Party(NamedTuple):
    """Who a certificate names. ``id_type`` as in the records (RESIDENT_ID, USCC, …); ``former_names`` as its
    certificates list them. Texts are as the source gave them."""

    name: str
    id_type: str
    id_number: str | None
    former_names: Sequence[str] = ()


class Said(NamedTuple):
    """What is said of two parties, and why."""

    result: Result
    why: Why


def compare(one: Party, other: Party) -> Said:
    """What can be said of two parties. It never raises, and the order does not matter.

    >>> old = Party("王芳", "RESIDENT_ID", "360426910101007")
    >>> compare(old, Party("王芳", "RESIDENT_ID", "360426199101010071"))
    Said(result=<Result.AGREES: 'AGREES'>, why=<Why.OLD_NUMBER: 'OLD_NUMBER'>)
    >>> compare(old, Party("王芳", "RESIDENT_ID", None)).why.value
    'NAME_ONLY'
    """
    mine, others = _identity(one), _identity(other)
    if mine is None or others is None:
        return Said(Result.UNKNOWN, Why.NAME_ONLY if _named_alike(one, other) else Why.NO_NUMBER)
    if mine == others:
        return _same_number(one, other, mine)
    if mine[0] != others[0]:
        return Said(Result.DIFFERS, Why.SORT)
    if not (_lasts(mine) and _lasts(others)):
        return Said(Result.UNKNOWN, Why.OTHER_DOCUMENT)
    return Said(Result.DIFFERS, Why.NUMBER)


def among(one: Party, parties: Sequence[Party]) -> Said:
    """What can be said of a party and several, for example the holders of a title: AGREES where it is one of them,
    DIFFERS where it is none for certain. ``parties`` is not empty."""
    said = [compare(one, other) for other in parties]
    agreeing = [each for each in said if each.result is Result.AGREES]
    if len(agreeing) > 1:
        return Said(Result.UNKNOWN, Why.AMBIGUOUS)
    unknown = [each for each in said if each.result is Result.UNKNOWN]
    return (agreeing or unknown or said)[0]


def _identity(party: Party) -> Identity | None:
    return identity_of("document", f"{party.id_type}:{party.id_number}") if party.id_number else None


def _lasts(identity: Identity) -> bool:
    """Whether a party has this number for life: resident IDs and codes of enterprises. A passport is renewed under
    another number."""
    sort, number = identity
    return sort == "enterprise" or check_resident_id(number) is None


def _same_number(one: Party, other: Party, identity: Identity) -> Said:
    name, others = normal_name(one.name), normal_name(other.name)
    numbers = {_bare(one), _bare(other)}
    if identity[0] == "enterprise" and len(numbers) > len({len(number) for number in numbers}):
        return Said(Result.UNKNOWN, Why.CODES_DIFFER)
    if name and others and name != others:
        if identity[0] == "enterprise" and _named_alike(one, other):
            return Said(Result.AGREES, Why.FORMER_NAME)
        return Said(Result.UNKNOWN, Why.NAME_DIFFERS)
    if identity[0] == "enterprise":
        return Said(Result.AGREES, Why.NUMBER if len(numbers) == 1 else Why.ORGANISATION_CODE)
    return _same_person(numbers, identity, is_legible(one.name) and is_legible(other.name))


def _same_person(numbers: Set[str], identity: Identity, legible: bool) -> Said:
    """Two people may have one 15-digit number, and two countries give passports with one number: then the names, which
    do not differ, must be there."""
    if not _lasts(identity):
        return Said(Result.AGREES, Why.NUMBER) if legible else Said(Result.UNKNOWN, Why.OTHER_DOCUMENT)
    if any(len(number) == _OLD_CHARACTERS for number in numbers) and not legible:
        return Said(Result.UNKNOWN, Why.NO_NUMBER)
    return Said(Result.AGREES, Why.NUMBER if len(numbers) == 1 else Why.OLD_NUMBER)


_OLD_CHARACTERS: Final = 15
"""Characters of a resident ID of before 1999 (GB 11643-1989)."""


def _bare(party: Party) -> str:
    return tidy(party.id_number or "").replace("-", "")


def _named_alike(one: Party, other: Party) -> bool:
    return bool(_names(one) & {normal_name(other.name)} | _names(other) & {normal_name(one.name)})


def _names(party: Party) -> set[str]:
    return {normal_name(each) for each in (party.name, *party.former_names)} - {""}


_DOTS: Final = dict.fromkeys(map(ord, "·•●‧・･∙⋅․．.᛫⸱·"))
"""What sources put between the parts of a name, or leave out."""
_MARKS: Final = str.maketrans({"（": "(", "）": ")", "〔": "(", "〕": ")", "[": "(", "]": ")"})
NAME_CHARACTERS_MIN: Final = 2
"""A shorter name is a surname alone, or what a mask has left."""
_HAN: Final = "\u3400-\u9fff\U00020000-\U0003ffff"
_ILLEGIBLE: Final = re.compile(
    "[*?#_~某□■囗○●◯×∗⁎✱✲✳✕✖╳…\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]"
    f"|(?<=[{_HAN}])X+$|(?<=[{_HAN}])00|^X+$|(?<=[{_HAN}])(?:先生|女士|小姐|同志|等)$|[、;]"
)
"""Masks, lost characters, and those that only one system knows: one that is the same in two texts may be two. A form of
address in the place of a given name, and several names."""


def normal_name(text: str) -> str:
    """A name in the form that is compared: half width, one kind of bracket, capital letters, no spaces and no dots; a
    company is named with 有限责任公司 or 有限公司 alike (公司法 第七条). "" for what is no name. Traditional characters
    and the order of a foreigner's names are left as they are: another name is for a person to look at.

    >>> normal_name(" 津门（天津） 有限责任公司"), normal_name("阿卜杜拉•买买提") == normal_name("阿卜杜拉买买提")
    ('津门(天津)有限公司', True)
    """
    if len(text) > NAME_CHARACTERS_MAX:
        return ""
    found = fold(text.translate(_MARKS).translate(_DOTS)).upper().replace("有限责任公司", "有限公司")
    return found if re.search(r"\w", found) else ""


def is_legible(text: str) -> bool:
    """Whether a name is there with all its characters, so that it can tell two people apart.

    >>> [is_legible(one) for one in ("王芳", "王 芳", "王*", "王某", "王●芳", "王先生", "王", "不详", "")]
    [True, True, False, False, False, False, False, False, False]
    """
    name = normal_name(text)
    hidden = any(_ILLEGIBLE.search(one) or is_masked(one) for one in (text, name))
    return len(name) >= NAME_CHARACTERS_MIN and not hidden and not is_placeholder(text)
