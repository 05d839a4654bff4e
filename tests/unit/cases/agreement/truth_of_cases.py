"""Whole cases whose truth is known: who applies, acts, represents, holds and builds, and where, each as one of several
certificates names them, in versions that follow each other.

The truth is who and where is drawn, never what a rule says of how it is written.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, NamedTuple

from hub.cases.agreement.agree import IDENTITY, LICENCE, PROJECT, TITLE, About, Facts, Plain, Version
from hub.cases.agreement.parties import Party
from tests import samples
from tests.unit.cases.agreement.truth import TRADES, World, bare, old, organisation, typed

Truth = Mapping[About, bool | None]


class Case(NamedTuple):
    """``same``: of every pair that must be told, whether its sides are one; ``None`` where nobody can know. ``exact``:
    the pairs whose sides all have numbers, or doors in figures: of these no question may be left."""

    facts: Facts
    same: Truth
    exact: frozenset[About]


class Written(NamedTuple):
    """A party as a certificate names it, and whether its number decides."""

    party: Party
    decides: bool = True


def written(random: Random, party: Party) -> Written:
    """In full, in another spelling, under an old number, or without one."""
    earlier = organisation if party.id_type == "USCC" else old
    way = random.choice(("full", "typed", "old", "old", "bare"))
    if way == "bare":
        return Written(bare(party), False)
    return Written(party if way == "full" else typed(party, random) if way == "typed" else earlier(party))


def cases(seed: int, rounds: int) -> Iterator[Case]:
    """``rounds`` cases of enterprises, and as many of people."""
    random = Random(seed)
    world = World(random)
    for _ in range(rounds):
        yield _of_enterprise(world, random)
        yield _of_person(world, random)


# ---- who -----------------------------------------------------------------------------------------------------------


def _of_enterprise(world: World, random: Random) -> Case:
    company, namesake = _two_enterprises(world, random)
    people = _people(world)
    owners = random.sample((company, namesake, *people), random.randint(1, 4))
    builder = random.choice((company, company, namesake))
    agent, card = random.choice(people), random.choice(people)
    reps = [random.choice(people) for _ in range(3)]
    signed_on = random.choice((None, _day(random)))
    licences = [_licence(n, company, rep) for n, rep in enumerate(reps)]
    title, decide = _title(random, owners)
    project, same_place, plain = _project(random, builder, title)
    records = {LICENCE: licences[-1], TITLE: title, PROJECT: project, IDENTITY: _card(random, card)}
    same: dict[About, bool | None] = {
        About.APPLICANT_LICENCE: True,
        About.AGENT_REPRESENTATIVE: agent is reps[-1],
        About.REPRESENTATIVE_BEFORE: reps[-2] is reps[-1],
        About.APPLICANT_HOLDER: company in owners,
        About.REPRESENTATIVE_HOLDER: reps[-1] in owners,
        About.APPLICANT_BUILDER: builder is company,
        About.HOLDER_BUILDER: builder in owners,
        About.SITE_PROJECT: same_place,
    }
    if agent is card:
        same[About.AGENT_IDENTITY] = True
    if signed_on:
        same[About.REPRESENTATIVE_AT_MANDATE] = _at_mandate(reps, signed_on)
    facts = Facts(typed(company, random), agent, records, licences[:-1], signed_on)
    return Case(facts, same, _exact(same, decide, plain))


def _of_person(world: World, random: Random) -> Case:
    """The applicant's card, or that of the person who acts for them; a namesake among the holders."""
    applicant, agent, *others = _people(world)
    builder, _ = _two_enterprises(world, random)
    owners = random.sample((applicant, agent, *others, builder), random.randint(1, 4))
    card = random.choice((applicant, agent, others[0]))
    title, decide = _title(random, owners)
    project, same_place, plain = _project(random, builder, title)
    about = About.AGENT_IDENTITY if card is agent else About.APPLICANT_IDENTITY
    same: dict[About, bool | None] = {
        about: card in (applicant, agent),
        About.APPLICANT_HOLDER: applicant in owners,
        About.APPLICANT_BUILDER: False,
        About.HOLDER_BUILDER: builder in owners,
        About.SITE_PROJECT: same_place,
    }
    records = {IDENTITY: _card(random, card), TITLE: title, PROJECT: project}
    return Case(Facts(typed(applicant, random), agent, records), same, _exact(same, decide, plain))


def _exact(same: Truth, holders_decide: bool, doors_plain: bool) -> frozenset[About]:
    of_title = {About.APPLICANT_HOLDER, About.REPRESENTATIVE_HOLDER, About.HOLDER_BUILDER}
    open_ones = set() if holders_decide else of_title
    return (
        frozenset(about for about, truth in same.items() if truth is not None)
        - open_ones
        - (set() if doors_plain else {About.SITE_PROJECT})
    )


def _people(world: World) -> Sequence[Party]:
    """Four, of whom two have one name."""
    one = world.person()
    return one, world.person(one.name), world.person(), world.person()


def _two_enterprises(world: World, random: Random) -> tuple[Party, Party]:
    """One, and another that has its name: the present one, or the one that it had."""
    before = f"{random.choice(TRADES)}{random.randint(1, 99)}厂"
    one = world.enterprise(former=(before,))
    return one, world.enterprise(random.choice((one.name, before)))


# ---- versions of the licence ---------------------------------------------------------------------------------------

ISSUED = (date(2018, 3, 1), date(2021, 6, 1), date(2024, 5, 6))
"""When the three versions were issued, each with a representative of its own."""


def _day(random: Random) -> date:
    """Before all of them, on the day of a change, or between."""
    return random.choice((*ISSUED, date(2017, 1, 1), ISSUED[0] + timedelta(random.randint(1, 3_000))))


def _at_mandate(reps: Sequence[Party], day: date) -> bool | None:
    """Whether the representative of that day is the one of now; on the day of a change both may have been."""
    until = (*ISSUED[1:], date.max)
    then = [rep for rep, start, end in zip(reps, ISSUED, until, strict=True) if start <= day <= end]
    same = {rep is reps[-1] for rep in then}
    return same.pop() if len(same) == 1 else None


# ---- certificates --------------------------------------------------------------------------------------------------


def _version(random_id: int, record: Plain) -> Version:
    return Version(bytes([random_id]) * 16, record)


def _licence(number: int, company: Party, representative: Party) -> Version:
    record = samples.business(version=number + 1)
    record["enterprise"] |= {"uscc": company.id_number, "name": company.name, "issued_on": ISSUED[number]}
    record["enterprise"]["former_names"] = list(company.former_names)
    record["legal_representative"] = _named(representative)
    return _version(number, record)


def _named(party: Party) -> dict[str, Any]:
    return {"name": party.name, "id_type": party.id_type, "id_number": party.id_number}


def _card(random: Random, person: Party) -> Version:
    record = samples.resident()
    record["holder"] |= {"name": person.name, "id_number": random.choice((person, old(person))).id_number}
    return _version(9, record)


def _title(random: Random, owners: Sequence[Party]) -> tuple[Version, bool]:
    """The title, and whether the number of every holder decides."""
    holders = [written(random, owner) for owner in owners]
    record = samples.title()
    record["holders"] = [_named(one.party) | {"share": None} for one in holders]
    record["unit"]["address"]["text"] = _spelled(random, _door(random))
    return _version(10, record), all(one.decides for one in holders)


def _project(random: Random, builder: Party, title: Version) -> tuple[Version, bool, bool]:
    """The project; whether it is at the unit of the title, and whether its doors are in figures."""
    record = samples.approval()
    record["builder"] = {"uscc": builder.id_number, "name": builder.name}
    here = _door(random)
    same, plain = random.random() < 0.5, random.random() < 0.7
    there = here if same else _beside(random, here) if plain else here
    notes = ("", "") if plain else random.sample(NOTES, 2)
    one, other = _spelled(random, here), _spelled(random, there)
    if not plain:
        same, other = False, _spelled(random, here)
    title.record["unit"]["address"]["text"] = one + notes[0]
    record["project"]["site"]["text"] = other + notes[1]
    return _version(11, record), same, plain


# ---- where ---------------------------------------------------------------------------------------------------------

NOTES = (
    "（二号楼）",
    "（三号楼）",
    "（一单元）",
    "（二单元）",
    "（东侧底商）",
    "（西侧底商）",
    "（一楼东户）",
    "（一楼西户）",
    "（物业用房）",
)
"""What tells two doors at one gate apart in words only."""
DISTRICTS = ("南开区", "天津市滨海新区塘沽", "天津市滨海新区汉沽", "武清区")


class Door(NamedTuple):
    """One door."""

    district: str
    road: str
    prefix: str
    number: int
    building: int
    entrance: int
    room: int


def _door(random: Random) -> Door:
    road = random.choice(("长江道", "新华路", "友谊北路", "第二大街"))
    doors = random.randint(1, 40), random.randint(1, 6), 100 * random.randint(1, 9) + random.randint(1, 8)
    return Door(random.choice(DISTRICTS), road, random.choice(("", "", "甲", "附")), random.randint(1, 400), *doors)


def _beside(random: Random, door: Door) -> Door:
    """The next door, entrance, building or gate, the same doors in another district, or 甲3号 for 3号."""
    part = random.choice(Door._fields[:1] + Door._fields[2:])
    if part == "district":
        return door._replace(district=random.choice([one for one in DISTRICTS if one != door.district]))
    if part == "prefix":
        return door._replace(prefix=random.choice([one for one in ("", "甲", "乙", "附") if one != door.prefix]))
    return door._replace(**{part: getattr(door, part) + 1})


def _spelled(random: Random, door: Door) -> str:
    place = f"{door.district}{door.road}{door.prefix}{door.number}号"
    building, entrance, room = door[4:]
    return random.choice(
        (
            f"{place}{building}号楼{entrance}门{room}室",
            f"{place} {building}栋{entrance}单元{room}",
            f"{place}{building}-{entrance}-{room}",
            f"用电地址：{place}{building}幢{entrance}门{room}号".translate({48 + n: 0xFF10 + n for n in range(10)}),
        )
    )
