"""Pairs of parties whose truth is known, as certificates name them: same names, co-owners, neighbours, former names,
old numbers, and what sources do to all of them.

The numbers are made here by the standards' own tables, and by nothing that the rule uses: a mistake in the product's
check of a number would be seen.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from hub.cases.agreement.parties import Party, Result, Why

NAMES = ("王芳", "李娜", "张伟", "刘洋", "陈静", "阿卜杜拉·买买提", "欧阳修文", "吕㛃")
TRADES = ("津门电气有限公司", "滨海（天津）置业有限公司", "张伟", "华明商贸中心")
"""One is the name of a person too: an individual business often has its operator's."""
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_RESIDENT = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION = (3, 7, 9, 10, 5, 8, 4, 2)
_USCC = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
DOTS = "·•‧・∙⋅"
MASKS = (
    *(
        "*",
        "＊＊",
        "?",
        "某",
        "某某",
        "\ufffd",
        "\ue321",
        "□",
        "",
        "X",
        "xx",
        "ＸＸ",
        "#",
        "＃＃",
        "_",
        "…",
        "●",
        "●●",
        "○",
        "∗",
    ),
    *("00", "先生", "女士", "小姐", "同志", "芳等", "芳、李娜", "●芳", "囗"),
)
"""What stands for a given name, or for a part of it, where a source hides or has lost it."""
NO_NAMES = ("无", "不详", "未知", "XXX", "/", "——", "N/A", "　")
"""What stands for a name that a source has not."""
TRADITIONAL = {"刘洋": "劉洋", "陈静": "陳靜", "张伟": "張偉", "欧阳修文": "歐陽修文"}


def resident_check(body: str) -> str:
    """GB 11643-1999: the 18th character."""
    return "10X98765432"[sum(w * int(c) for w, c in zip(_RESIDENT, body, strict=True)) % 11]


def organisation_check(eight: str) -> str:
    """GB 11714-1997: the ninth character."""
    left = 11 - sum(w * int(c, 36) for w, c in zip(_ORGANISATION, eight, strict=True)) % 11
    return {10: "X", 11: "0"}.get(left, str(left))


def uscc_check(body: str) -> str:
    """GB 32100-2015: the 18th character."""
    total = sum(w * _ALPHABET.index(c) for w, c in zip(_USCC, body, strict=True))
    return _ALPHABET[-total % 31]


class Pair(NamedTuple):
    """Two sides; ``same``: whether they are one party; ``said``: exactly what must be said, ``None`` where only a false
    AGREES or DIFFERS is wrong."""

    relation: str
    one: Party
    others: Sequence[Party]
    same: bool
    said: tuple[Result, Why] | None = None


@dataclass
class World:
    """Draws people and enterprises that never have one number."""

    random: Random
    given: set[str] = field(default_factory=set)

    def person(self, name: str = "", first: int = 1900) -> Party:
        """Born in the hundred years from ``first`` on."""
        while True:
            year, month, day = self.random.randint(first, min(first + 99, 2025)), *self._day()
            born = f"{year}{month:02d}{day:02d}"
            start = f"{self.random.choice(('120101', '120104', '360426'))}{born}{self.random.randint(1, 995):03d}"
            if start not in self.given:
                self.given.add(start)
                number = start + resident_check(start)
                return Party(name or self.random.choice(NAMES), "RESIDENT_ID", number)

    def _day(self) -> tuple[int, int]:
        return self.random.randint(1, 12), self.random.randint(1, 28)

    def enterprise(self, name: str = "", former: Sequence[str] = ()) -> Party:
        while True:
            eight = "".join(self.random.choice("0123456789ABCDEFGH") for _ in range(8))
            code = eight + organisation_check(eight)
            start = f"91120{self.random.randint(101, 119)}{code}"
            if code not in self.given and len(set(code)) > 4:
                self.given.add(code)
                number = start + uscc_check(start)
                return Party(name or self.random.choice(TRADES), "USCC", number, tuple(former))


def old(party: Party) -> Party:
    """With the 15-digit number of before 1999."""
    number = party.id_number or ""
    return party._replace(id_number=number[:6] + number[8:17])


def organisation(party: Party) -> Party:
    """With the organisation code of before 2015."""
    code = (party.id_number or "")[8:17]
    return party._replace(id_type="ORGANISATION_CODE", id_number=f"{code[:8]}-{code[8]}")


def bare(party: Party) -> Party:
    return party._replace(id_number=None)


def typed(party: Party, random: Random) -> Party:
    """As another source writes the same: full width, other brackets and dots, spaces."""
    name = party.name.replace("（", "(").replace("）", ")").replace("·", random.choice(("", *DOTS)))
    number = (party.id_number or "").translate({48 + n: 0xFF10 + n for n in range(10)})
    blanks = random.choice(("", "  ", "\u200b", "\xa0"))
    return party._replace(name=f" {name}　{blanks}", id_number=random.choice((number, (party.id_number or "").lower())))


def pairs(seed: int, rounds: int) -> Iterator[Pair]:
    """``rounds`` of every relation."""
    random = Random(seed)
    world = World(random)
    for _ in range(rounds):
        for relation in _RELATIONS:
            yield from relation(world, random)


def _same_names(world: World, random: Random) -> Iterator[Pair]:
    name = random.choice(NAMES)
    one, other = world.person(name), world.person(name)
    yield Pair("same name", one, [other], False, (Result.DIFFERS, Why.NUMBER))
    yield Pair("same name", one, [bare(other)], False, (Result.UNKNOWN, Why.NAME_ONLY))
    yield Pair("same name", bare(one), [bare(other)], False, (Result.UNKNOWN, Why.NAME_ONLY))
    yield Pair("same name", old(one), [other], False, (Result.DIFFERS, Why.NUMBER))
    masked = (other.id_number or "")[:6] + "********" + (other.id_number or "")[14:]
    yield Pair("same name", one, [other._replace(id_number=masked)], False, (Result.UNKNOWN, Why.NAME_ONLY))
    passport = Party(name, "PASSPORT", f"E{random.randint(10_000_000, 99_999_999)}")
    yield Pair("same name", one, [passport], False)
    yield Pair("renewed", passport, [passport._replace(id_number="E00000017")], True)


def _co_owners(world: World, random: Random) -> Iterator[Pair]:
    owners = [world.person() for _ in range(random.randint(2, 5))]
    one = random.choice(owners)
    stranger = world.person(one.name)
    yield Pair("co-owner", one, owners, True, (Result.AGREES, Why.NUMBER))
    yield Pair("co-owner", one, [old(each) for each in owners], True, (Result.AGREES, Why.OLD_NUMBER))
    yield Pair("co-owner", stranger, owners, False, (Result.DIFFERS, Why.NUMBER))
    yield Pair("co-owner", stranger, [bare(each) for each in owners], False)
    yield Pair("co-owner", stranger, [*owners, bare(world.person())], False)


def _neighbours(world: World, random: Random) -> Iterator[Pair]:
    """Registered one after the other, and a number with one wrong character."""
    one = world.person()
    number = one.id_number or ""
    start = number[:14] + f"{(int(number[14:17]) + 1) % 996:03d}"
    beside = one._replace(name=random.choice(NAMES), id_number=start + resident_check(start))
    place = random.randrange(6, 17)
    wrong = number[:place] + str((int(number[place]) + random.randint(1, 9)) % 10) + number[place + 1 :]
    yield Pair("neighbour", one, [beside], False, (Result.DIFFERS, Why.NUMBER))
    yield Pair("neighbour", old(one), [beside], False, (Result.DIFFERS, Why.NUMBER))
    yield Pair("wrong character", one, [one._replace(id_number=wrong)], True)
    yield Pair("wrong character", world.person(one.name), [one._replace(id_number=wrong)], False)


def _old_numbers(world: World, random: Random) -> Iterator[Pair]:
    one = world.person()
    other = next(name for name in NAMES if name != one.name)
    yield Pair("old number", one, [old(one)], True, (Result.AGREES, Why.OLD_NUMBER))
    yield Pair("old number", typed(one, random), [old(one)], True, (Result.AGREES, Why.OLD_NUMBER))
    yield Pair("old number", old(one), [old(one)], True, (Result.AGREES, Why.NUMBER))
    # One 15-digit number was given to two people; one of them has another number of 18 digits now.
    twin = old(one)._replace(name=other)
    yield Pair("number given twice", one, [twin], False, (Result.UNKNOWN, Why.NAME_DIFFERS))
    yield Pair("number given twice", one, [twin._replace(name="")], False, (Result.UNKNOWN, Why.NO_NUMBER))
    for name in ("", f"{one.name[0]}*"):
        nameless = old(one)._replace(name=name), twin._replace(name=name)
        yield Pair("number given twice", nameless[0], [nameless[1]], False, (Result.UNKNOWN, Why.NO_NUMBER))
        yield Pair("number given twice", old(one), [nameless[1]], False)
    for mask in MASKS:
        both = one._replace(name=one.name[0] + mask), twin._replace(name=one.name[0] + mask)
        yield Pair("illegible name", both[0], [both[1]], False, (Result.UNKNOWN, Why.NO_NUMBER))
    for none in NO_NAMES:
        nameless = one._replace(name=none), twin._replace(name=none)
        yield Pair("no name", nameless[0], [nameless[1]], False)
        yield Pair("no name", one, [nameless[1]], False)
    # A 15-digit number is of a person born in the 1900s, whoever was born a hundred years later on that day.
    later = world.person(one.name, 2000)
    century = later._replace(id_number=_century(later.id_number or ""))
    yield Pair("century", old(century), [later], False, (Result.DIFFERS, Why.NUMBER))
    yield Pair("century", old(century), [century], True, (Result.AGREES, Why.OLD_NUMBER))


def _century(number: str) -> str:
    """The number of the person who was born a hundred years earlier."""
    start = number[:6] + "19" + number[8:17]
    return start + resident_check(start)


def _former_names(world: World, random: Random) -> Iterator[Pair]:
    before = f"{random.choice(TRADES)}{random.randint(1, 99)}厂"
    one = world.enterprise(former=(before,))
    was = one._replace(name=before, former_names=())
    taken = world.enterprise(before)
    yield Pair("former name", one, [was], True, (Result.AGREES, Why.FORMER_NAME))
    yield Pair("former name", one, [organisation(was)], True, (Result.AGREES, Why.FORMER_NAME))
    yield Pair("former name", one, [typed(was, random)], True, (Result.AGREES, Why.FORMER_NAME))
    yield Pair("former name", one._replace(former_names=()), [was], True, (Result.UNKNOWN, Why.NAME_DIFFERS))
    yield Pair("name taken over", one, [taken], False, (Result.DIFFERS, Why.NUMBER))
    yield Pair("name taken over", one, [bare(taken)], False, (Result.UNKNOWN, Why.NAME_ONLY))
    yield Pair("name taken over", one, [organisation(taken)], False, (Result.DIFFERS, Why.NUMBER))


def _codes(world: World, random: Random) -> Iterator[Pair]:
    one = world.enterprise()
    other = world.enterprise(one.name)
    person = world.person(one.name)
    yield Pair("code", one, [organisation(one)], True, (Result.AGREES, Why.ORGANISATION_CODE))
    yield Pair("code", one, [typed(one, random)], True, (Result.AGREES, Why.NUMBER))
    yield Pair("code", organisation(one), [organisation(other)], False, (Result.DIFFERS, Why.NUMBER))
    yield Pair("code", one, [person], False, (Result.DIFFERS, Why.SORT))
    yield Pair("code", one, [bare(person)], False, (Result.UNKNOWN, Why.NAME_ONLY))
    # The department and the region before it are of another authority: one of both codes is not this enterprise's.
    start = f"52120{random.randint(101, 119)}{(one.id_number or '')[8:17]}"
    strange = one._replace(id_number=start + uscc_check(start))
    yield Pair("two codes", one, [strange], False, (Result.UNKNOWN, Why.CODES_DIFFER))
    yield Pair("two codes", one._replace(name="", former_names=(one.name,)), [strange], False)
    yield Pair("two codes", one._replace(name="津门厂", former_names=(one.name,)), [strange], False)
    yield Pair("placeholder", one, [one._replace(id_number="无")], True, (Result.UNKNOWN, Why.NAME_ONLY))
    wrong = organisation(other)
    yield Pair("wrong sort", one, [wrong._replace(id_type="RESIDENT_ID")], False)


def _writings(world: World, random: Random) -> Iterator[Pair]:
    """One party as two systems write it. Traditional characters are another text, and no table of them is complete."""
    simple = random.choice(tuple(TRADITIONAL))
    one, other = world.person(simple), world.person(simple)
    traditional = one._replace(name=TRADITIONAL[simple])
    yield Pair("traditional", one, [traditional], True, (Result.UNKNOWN, Why.NAME_DIFFERS))
    yield Pair("traditional", one, [other._replace(name=TRADITIONAL[simple])], False, (Result.DIFFERS, Why.NUMBER))
    yield Pair("traditional", one, [old(traditional)], True, (Result.UNKNOWN, Why.NAME_DIFFERS))
    uighur = world.person("阿卜杜拉·买买提")
    for dot in ("", *DOTS):
        written = uighur._replace(name=uighur.name.replace("·", dot))
        yield Pair("dots", uighur, [written], True, (Result.AGREES, Why.NUMBER))
        yield Pair("dots", old(uighur), [written], True, (Result.AGREES, Why.OLD_NUMBER))
    rare = world.person("吕㛃")
    yield Pair("rare character", rare, [rare._replace(name="吕?")], True, (Result.UNKNOWN, Why.NAME_DIFFERS))
    yield Pair("rare character", rare, [typed(rare, random)], True, (Result.AGREES, Why.NUMBER))


def _foreigners(world: World, random: Random) -> Iterator[Pair]:
    """Two countries may give passports with one number, and sources write names in either order."""
    number = f"E{random.randint(10_000_000, 99_999_999)}"
    one, order = Party("JOHN SMITH", "PASSPORT", number), Party("Smith John", "PASSPORT", number)
    yield Pair("passport", one, [one._replace(name=" john　smith ")], True, (Result.AGREES, Why.NUMBER))
    yield Pair("passport", one, [order], True, (Result.UNKNOWN, Why.NAME_DIFFERS))
    yield Pair("passport", one, [Party("MARIA GARCIA", "PASSPORT", number)], False, (Result.UNKNOWN, Why.NAME_DIFFERS))
    yield Pair("passport", one, [Party("", "PASSPORT", number)], False, (Result.UNKNOWN, Why.OTHER_DOCUMENT))
    yield Pair("passport", one, [Party("JOHN SMITH", "FOREIGNER_PERMIT", number)], False)
    yield Pair("passport", one, [world.person("JOHN SMITH")], False)


def _branches(world: World, random: Random) -> Iterator[Pair]:
    """A branch has a number of its own; a source that gives its head's number names another one by it."""
    head = world.enterprise("津门电气有限公司")
    branch = world.enterprise("津门电气有限公司天津分公司")
    written = branch._replace(id_number=head.id_number)
    code = head.id_number or ""
    wrong = head._replace(id_number=code[:17] + next(c for c in _ALPHABET[random.randint(0, 20) :] if c != code[17]))
    yield Pair("branch", head, [branch], False, (Result.DIFFERS, Why.NUMBER))
    yield Pair("branch", organisation(head), [branch], False, (Result.DIFFERS, Why.NUMBER))
    yield Pair("branch", head, [written], False, (Result.UNKNOWN, Why.NAME_DIFFERS))
    yield Pair("branch", organisation(head), [written], False, (Result.UNKNOWN, Why.NAME_DIFFERS))
    longer, shares = head._replace(name="津门电气有限责任公司"), head._replace(name="津门电气股份有限公司")
    yield Pair("legal form", head, [longer], True, (Result.AGREES, Why.NUMBER))
    yield Pair("legal form", organisation(head), [longer], True, (Result.AGREES, Why.ORGANISATION_CODE))
    yield Pair("legal form", head, [shares], True, (Result.UNKNOWN, Why.NAME_DIFFERS))
    yield Pair("legal form", head, [world.enterprise(longer.name)], False, (Result.DIFFERS, Why.NUMBER))
    yield Pair("wrong check", head, [wrong], True, (Result.UNKNOWN, Why.NAME_ONLY))
    yield Pair("wrong check", world.enterprise(head.name), [wrong], False, (Result.UNKNOWN, Why.NAME_ONLY))


_RELATIONS: tuple[Callable[[World, Random], Iterator[Pair]], ...] = (
    *(_same_names, _co_owners, _neighbours, _old_numbers, _former_names, _codes),
    *(_writings, _foreigners, _branches),
)
