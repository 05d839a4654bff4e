"""The holders of titles: one person, two together, by shares, an enterprise; and neighbours with the same name."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox.world import dirt
from sandbox.world.digits import legacy_id
from sandbox.world.draw import Draw
from sandbox.world.enterprises import Enterprises
from sandbox.world.people import People, Person

PERSON, ORGANISATION, ENTERPRISE = "1", "6", "7"
"""Document kinds (zjzl): resident ID, organisation code, USCC."""
_SHARES = (("1/2", "1/2"), ("1/3", "2/3"), ("1/3", "1/3", "1/3"), ("1/4", "1/4", "1/2"), ("1/10", "9/10"))


@dataclass(frozen=True, slots=True)
class Owner:
    """A line of ``ex_bdc_qlr``. ``enterprise`` is the index behind an enterprise, ``None`` for a person."""

    name: str
    kind: str
    number: str
    share: str | None = None
    enterprise: int | None = None


class Owners:
    """Owners of every title, by position; ``enterprises_count`` enterprises have a licence in the gateway's feed."""

    def __init__(self, seed: int, people: People, enterprises: Enterprises, enterprises_count: int) -> None:
        self._seed = seed
        self._people = people
        self._enterprises = enterprises
        self._count = max(1, enterprises_count)

    def scripted(self, position: int) -> Owner:
        """Titles 0 and 2 belong to the enterprises 0 and 2; title 1 to a person."""
        return self.person(2) if position == 1 else self.company(position)

    def of(self, position: int, unit: int, sold: int) -> list[Owner]:
        """The owners after ``sold`` sales."""
        draw = Draw(self._seed, "owners", position, sold)
        sort, first = draw.below(100), 5 * position + 2 + 1_000_000_007 * sold
        if sort < 50:
            return [self.person(first)]
        if sort < 55:
            # The owner of the next room is another person with the same name.
            return [_person(self._people.namesake(5 * (position - 1) + 2, position + 10_000_000 * sold))]
        if sort < 68:
            return [self.person(first), self.person(first + 1)]
        if sort < 78:
            return self._sharing(draw, first)
        company = self.company(draw.below(self._count))
        if sort < 97 or unit % 7 == 0:
            return [company]
        return [replace(company, share="3/5"), replace(self.person(first), share="2/5")]

    def person(self, index: int) -> Owner:
        """The person ``index`` as an owner."""
        return _person(self._people.person(index))

    def company(self, index: int) -> Owner:
        """The enterprise ``index`` as an owner."""
        enterprise = self._enterprises.at(index, 1)
        return Owner(enterprise.name, ENTERPRISE, enterprise.uscc, enterprise=index)

    def soiled(self, draw: Draw, owner: Owner) -> Owner:
        """The same owner, sometimes in the spelling of an old or untidy row."""
        if not draw.chance(0.12):
            return owner
        return draw.pick(_PERSON_DIRT if owner.kind == PERSON else _COMPANY_DIRT)(owner, draw)

    def _sharing(self, draw: Draw, first: int) -> list[Owner]:
        shares = draw.pick(_SHARES)
        return [replace(self.person(first + i), share=share) for i, share in enumerate(shares)]


def _person(person: Person) -> Owner:
    return Owner(person.name, PERSON, person.id_number)


def _legacy(owner: Owner, draw: Draw) -> Owner:  # noqa: ARG001
    return replace(owner, number=legacy_id(owner.number)) if owner.number[6:10] < "1999" else owner


def _dirty_number(owner: Owner, draw: Draw) -> Owner:
    return replace(owner, number=dirt.dirty_code(draw, owner.number))


def _spaced_name(owner: Owner, draw: Draw) -> Owner:  # noqa: ARG001
    return replace(owner, name=f"{owner.name[0]} {owner.name[1:]}")


def _brackets(owner: Owner, draw: Draw) -> Owner:  # noqa: ARG001
    return replace(owner, name=dirt.other_brackets(owner.name))


def _organisation(owner: Owner, draw: Draw) -> Owner:
    code = owner.number[8:17]
    return replace(owner, kind=ORGANISATION, number=f"{code[:8]}-{code[8]}" if draw.chance(0.5) else code)


def _former_name(owner: Owner, draw: Draw) -> Owner:  # noqa: ARG001
    return replace(owner, name=owner.name.replace("集团有限公司", "厂"))


_Soil = Callable[[Owner, Draw], Owner]
_PERSON_DIRT: tuple[_Soil, ...] = (_legacy, _legacy, _dirty_number, _spaced_name)
_COMPANY_DIRT: tuple[_Soil, ...] = (_organisation, _organisation, _dirty_number, _brackets, _former_name)
