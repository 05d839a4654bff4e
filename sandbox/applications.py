"""Applications with one certificate: the body that a caller posts to the hub, and the expected result of matching.

The first three are scripted (own title, tenant, title comes late). The others test matching with difficult cases:
persons with the same name, co-owners, neighbours, cancelled and superseded titles, defective rows, units without a
title. The expected results hold for the world as first loaded.
"""

from collections.abc import Callable, Iterator
from typing import Any

from sandbox.identity.cards import cards_of
from sandbox.world import dirt
from sandbox.world.draw import Draw
from sandbox.world.owners import ENTERPRISE, Owner
from sandbox.world.people import Person
from sandbox.world.places import Site, site
from sandbox.world.titles import CURRENT_UNITS, ROWS, SCRIPTED, UNITS
from sandbox.world.world import LATE_POSITION, World

PURPOSE = "connection-application"
LEGAL_BASIS = "action-plan-6"
_BUYER = 2_000_000_003
"""A person who holds no title."""
Entry = dict[str, Any]
Applicant = dict[str, str]


def scripted(world: World) -> list[Entry]:
    """The three applications that the demonstration follows."""
    late = "the title comes late: POST /_control/release puts it into the table"
    return [
        _scripted(world, "own-title", 0, "SELF", "an enterprise on its own title"),
        _scripted(world, "tenant", 1, "OTHER", "a tenant: the title's holder is a person"),
        _scripted(world, "late-title", LATE_POSITION, "SELF", late),
    ]


def _scripted(world: World, name: str, position: int, relation: str, story: str) -> Entry:
    """Enterprise, title and unit of a scripted application have the same number."""
    enterprise = world.enterprises.at(position, 1)
    applicant = {"uscc": enterprise.uscc, "name": enterprise.name}
    where = {"unit_no": site(world.titles.unit_of(position)).unit_no}
    body = _body(f"SBX-{world.spec.seed}-{name}", applicant, where, position)
    expected = _expected(world, applicant, position, relation) | {"withheld": position == LATE_POSITION}
    return {"id": name, "story": story, "body": body, "expected": expected}


HIGH_VOLTAGE = "high-voltage"


def of_projects(world: World) -> list[Entry]:
    """An enterprise that applies for high voltage: its licence, its title, and the filing of its project."""
    entry = _scripted(world, HIGH_VOLTAGE, 0, "SELF", "a high-voltage enterprise: licence, title and project")
    entry["body"] |= {"voltage": "HIGH_10KV", "capacity_kw": 800, "sanling": False}
    return [entry | {"pieces": 4}]


def of_people(world: World) -> list[Entry]:
    """Applications that a person was checked for: a resident by face, a resident at a counter, and an agent for an
    enterprise, by face. ``chooses``: the site is chosen from the titles that the person holds. ``ticket``: the mode of
    the check and the number of the person; a ticket is fetched when the application is made, because it is good for a
    short time."""
    by_face, first = _resident(world, SCRIPTED)
    at_counter, second = _resident(world, first + 1)
    agent = _scripted(world, "agent", 0, "SELF", "an enterprise through an agent, who was checked by face")
    person = world.people.person(7)
    declaration = {"form": "DECLARATION", "reference": f"D-{world.spec.seed}-1"}
    agent["body"] |= {"agent": {"name": person.name, "resident_id": person.id_number, "authorisation": declaration}}
    return [
        _checked(
            world, "by-face", "FACE_RESULT", by_face, first, "a resident by face, who chooses one of the titles held"
        )
        | {"chooses": True},
        _checked(world, "at-counter", "COUNTER", at_counter, second, "a resident at a counter"),
        agent | {"ticket": {"mode": "FACE_RESULT", "idNumber": person.id_number}, "pieces": 4},
    ]


def _resident(world: World, unit: int) -> tuple[Applicant, int]:
    """The next unit that one person owns alone, and the person."""
    unit, place = _clean_unit(
        world,
        unit,
        lambda title: (
            len(owners := world.titles.owners(title)) == 1
            and owners[0].enterprise is None
            and cards_of(world).usable(owners[0].number)
        ),
    )
    return _owner(world.titles.owners(place)[0]), unit


def _checked(world: World, name: str, mode: str, applicant: Applicant, unit: int, story: str) -> Entry:
    body = _body(f"SBX-{world.spec.seed}-{name}", applicant, {"unit_no": site(unit).unit_no}, unit)
    ticket = {"mode": mode, "idNumber": applicant["resident_id"]}
    expected = _expected(world, applicant, world.titles.current(unit), "SELF")
    return {"id": name, "story": story, "body": body, "expected": expected, "ticket": ticket}


def of_transfers(world: World) -> Entry:
    """The body of a joint transfer of title and account: a person buys a unit from the person who owns it alone. No
    application of people is about it."""
    _, unit = _resident(world, SCRIPTED)
    _, unit = _resident(world, unit + 1)
    seller, unit = _resident(world, unit + 1)
    buyer = _person(world.people.person(_BUYER)) | {"confirmed": True}
    unit_no = site(unit).unit_no
    matter = {"unit_no": unit_no, "accounts": ["1200045678"], "old_holders": [seller], "new_holders": [buyer]}
    return {
        "external_no": f"SBX-{world.spec.seed}-transfer",
        "channel": "gov-platform",
        "reason": "PURCHASE",
        "purpose": "joint-transfer",
        "legal_basis": LEGAL_BASIS,
        "matters": [matter],
    }


def generated(world: World, count: int) -> Iterator[Entry]:
    """``count`` applications, each with one difficult case. The same seed gives the same ones."""
    for number in range(count):
        draw = Draw(world.spec.seed, "application", number)
        trap = draw.pick(tuple(_TRAPS))
        unit = SCRIPTED + draw.below(max(1, world.spec.size // ROWS * UNITS - SCRIPTED))
        applicant, unit, title, relation = _TRAPS[trap](world, draw, unit)
        where = site(unit)
        body = _body(f"SBX-{world.spec.seed}-{number:06d}", applicant, _site(draw, where), number)
        expected = _expected(world, applicant, title, relation)
        yield {"id": f"{trap}-{number}", "story": trap, "body": body, "expected": expected}


def _site(draw: Draw, place: Site) -> dict[str, str]:
    """The site by its unit number, or by its address in one of several spellings."""
    if draw.chance(0.5):
        return {"unit_no": place.unit_no}
    return {"address": draw.pick((place.text(), place.text(), dirt.full_width(place.text()), f" {place.text()} "))}


def _body(external_no: str, applicant: Applicant, where: dict[str, str], number: int) -> Entry:
    resident = "resident_id" in applicant
    high = not resident and number % 5 == 4
    return {
        "external_no": external_no,
        "channel": "gov-platform",
        "applicant": applicant,
        "site": where,
        "voltage": "HIGH_10KV" if high else "LOW",
        "capacity_kw": 8 if resident else 800 if high else 50,
        "customer_class": "RESIDENT" if resident else "NON_RESIDENT",
        "sanling": not high,
        "purpose": PURPOSE,
        "legal_basis": LEGAL_BASIS,
    }


def _expected(world: World, applicant: Applicant, title: int | None, relation: str | None) -> Entry:
    """The title's row key, the holder's relation to the applicant, and the applicant's licence. ``None``: not found."""
    key = None if title is None else world.titles.key_of(title)
    return {"title_key": key, "holder_relation": relation if key else None} | _licence(world, applicant.get("uscc"))


def _licence(world: World, uscc: str | None) -> Entry:
    index = None if uscc is None else world.enterprises.index_of(uscc)
    place = None if index is None else world.licences.latest(index, world.spec.size)
    if place is None:
        return {"licence_key": None, "licence_version": None, "licence_status": None}
    row = world.licences.row(place)
    status = world.enterprises.at(index or 0, row.version).status
    word = {"1": "CURRENT", "2": "CANCELLED", "3": "REVOKED"}[status]
    return {"licence_key": row.key, "licence_version": row.version, "licence_status": word}


# ---- difficult cases: (applicant, unit applied for, position of its title, the holder's relation) --------------------

Found = tuple[Applicant, int, int | None, str | None]


def _person(person: Person | Owner) -> Applicant:
    number = person.number if isinstance(person, Owner) else person.id_number
    return {"resident_id": number, "name": person.name}


def _owner(owner: Owner) -> Applicant:
    return {"uscc": owner.number, "name": owner.name} if owner.kind == ENTERPRISE else _person(owner)


def _clean_unit(world: World, unit: int, fits: Callable[[int], bool]) -> tuple[int, int]:
    """(Unit, position of its title): the next unit from ``unit`` on whose current title has no defect and ``fits``."""
    limit = world.spec.size // ROWS * UNITS
    for step in range(limit):
        candidate = SCRIPTED + (unit - SCRIPTED + step) % max(1, limit - SCRIPTED)
        place = world.titles.current(candidate)
        if place is not None and world.titles.defect(place) is None and fits(place):
            return candidate, place
    return unit, SCRIPTED


def _clean_enterprise(world: World, index: int) -> int:
    """The next enterprise from ``index`` on that has no defect in any of its rows."""
    for step in range(world.enterprise_count):
        candidate = (index + step) % world.enterprise_count
        if _all_clean(world, candidate):
            return candidate
    return 0


def _all_clean(world: World, enterprise: int) -> bool:
    feed = world.licences
    first = enterprise // UNITS * ROWS + enterprise % UNITS
    last = feed.latest(enterprise, world.spec.size)
    return last is not None and feed.defect(first) is None and feed.defect(last) is None


def _owns(world: World, place: int) -> bool:
    owner = world.titles.owners(place)[0]
    return owner.enterprise is None or _all_clean(world, owner.enterprise)


def _own(world: World, draw: Draw, unit: int) -> Found:  # noqa: ARG001
    unit, place = _clean_unit(world, unit, lambda title: len(world.titles.owners(title)) == 1 and _owns(world, title))
    return _owner(world.titles.owners(place)[0]), unit, place, "SELF"


def _co_owner(world: World, draw: Draw, unit: int) -> Found:
    unit, place = _clean_unit(world, unit, lambda title: len(world.titles.owners(title)) > 1 and _owns(world, title))
    return _owner(draw.pick(world.titles.owners(place))), unit, place, "CO_OWNER"


def _tenant(world: World, draw: Draw, unit: int) -> Found:
    index = _clean_enterprise(world, SCRIPTED + draw.below(world.enterprise_count))
    unit, place = _clean_unit(
        world, unit, lambda title: all(owner.enterprise != index for owner in world.titles.owners(title))
    )
    return {"uscc": world.enterprises.code(index), "name": world.enterprises.at(index, 1).name}, unit, place, "OTHER"


def _same_name(world: World, draw: Draw, unit: int) -> Found:
    unit, place = _clean_unit(world, unit, lambda title: world.titles.owners(title)[0].enterprise is None)
    name = world.titles.owners(place)[0].name
    stranger = world.people.person(2_000_000_011 + draw.below(1_000_000))
    return _person(Person(name, stranger.id_number)), unit, place, "OTHER"


def _neighbour(world: World, draw: Draw, unit: int) -> Found:  # noqa: ARG001
    """The owner of the next room applies for this room."""

    def fits(title: int) -> bool:
        return (
            title % ROWS > 0
            and _owns(world, title - 1)
            and world.titles.owners(title - 1)[0] not in world.titles.owners(title)
        )

    unit, place = _clean_unit(world, unit, fits)
    return _owner(world.titles.owners(place - 1)[0]), unit, place, "OTHER"


def _superseded(world: World, draw: Draw, unit: int) -> Found:  # noqa: ARG001
    """The former owner applies with a title that was superseded long ago."""

    def fits(title: int) -> bool:
        old = world.titles.superseded(world.titles.unit_of(title))
        return old is not None and _owns(world, old)

    unit, place = _clean_unit(world, unit, fits)
    former = world.titles.superseded(unit)
    owner = world.titles.owners(former if former is not None else place)[0]
    held = any(owner.number == each.number for each in world.titles.owners(place))
    return _owner(owner), unit, place, "SELF" if held else "OTHER"


def _cancelled(world: World, draw: Draw, unit: int) -> Found:  # noqa: ARG001
    """The unit's only title was cancelled."""
    unit = unit // UNITS * UNITS + CURRENT_UNITS
    owner = world.titles.owners(unit // UNITS * ROWS + CURRENT_UNITS)[0]
    return _owner(owner), unit, None, None


def _absent(world: World, draw: Draw, unit: int) -> Found:  # noqa: ARG001
    """The unit has no title in the registry."""
    person = world.people.person(2_000_000_011 + draw.below(1_000_000))
    return _person(person), world.spec.size * 4 + draw.below(10_000), None, None


def _defective(world: World, draw: Draw, unit: int) -> Found:
    """The unit's title is there, but a hub must reject its row."""
    limit = world.spec.size // ROWS * UNITS
    for step in range(limit):
        candidate = (unit + step) % limit
        place = world.titles.current(candidate)
        if place is not None and world.titles.defect(place) is not None:
            return _owner(world.titles.owners(place)[0]), candidate, None, None
    return _absent(world, draw, unit)


_TRAPS: dict[str, Callable[[World, Draw, int], Found]] = {
    "own": _own,
    "co-owner": _co_owner,
    "tenant": _tenant,
    "same-name": _same_name,
    "neighbour": _neighbour,
    "superseded": _superseded,
    "cancelled": _cancelled,
    "absent": _absent,
    "defective": _defective,
}
