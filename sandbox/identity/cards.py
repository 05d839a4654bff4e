"""Resident ID cards, as the look-up of e-licences gives them: pinyin columns, one card for each person, made from the
number. One card in thirty has a defect, or has been cancelled."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sandbox.world.digits import elicence_id, uscc
from sandbox.world.draw import Draw
from sandbox.world.people import People, Person
from sandbox.world.places import DISTRICTS, site
from sandbox.world.world import World

SOURCE = "resident_id"
_KIND = "11100000000013127D047"
_FIRST_ISSUE = date(2020, 1, 1)
_NATIONS = ("汉", "汉", "汉", "汉", "汉", "汉", "回", "满", "蒙古")


class Card(NamedTuple):
    """One card: its key, its version (when it was issued, ms), its text as it is served, and the code with which a hub
    must reject it, or ``None``."""

    key: str
    version: int
    text: str
    code: str | None


class Cards:
    """Every person's card."""

    def __init__(self, seed: int, people: People, defect_share: float) -> None:
        self._seed = seed
        self._people = people
        self._defect_share = defect_share

    def of(self, number: str) -> Card | None:
        """The card of the person with this number; ``None`` when no one has it."""
        person = self._people.find(number)
        return self._card(person) if person else None

    def usable(self, number: str) -> bool:
        """Whether this person has a card that is in force."""
        card = self.of(number)
        return card is not None and card.code is None and json.loads(card.text)["zzzt"] == "1"

    def _card(self, person: Person) -> Card:
        draw = Draw(self._seed, "card", person.id_number)
        issued = _FIRST_ISSUE + timedelta(days=draw.below(1_500))
        row = self._row(person, issued, draw)
        code = None
        if draw.chance(self._defect_share):
            code = draw.pick(("BIRTH_MISMATCH", "EXPIRED"))
            row |= {"csrq": "1949-10-01"} if code == "BIRTH_MISMATCH" else {"yxqjzrq": f"{issued.year}-12-31"}
        elif draw.chance(0.02):
            row["zzzt"] = "2"
        version = int(datetime(issued.year, issued.month, issued.day, tzinfo=UTC).timestamp() * 1000)
        text = json.dumps(row | {"version": version}, ensure_ascii=False, separators=(",", ":"))
        return Card(row["zzbs"], version, text, code)

    def _row(self, person: Person, issued: date, draw: Draw) -> dict[str, Any]:
        number = person.id_number
        region = next((entry for entry in DISTRICTS if entry[0] == number[:6]), DISTRICTS[0])
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        authority = uscc(f"11{region[0]}", f"0001{region[0][2:]}")
        return {
            "zzbs": elicence_id(_KIND, authority, number[2:17], 1),
            "zzmc": "居民身份证",
            "xm": person.name,
            "gmsfhm": number,
            "xb": "1" if int(number[16]) % 2 else "2",
            "mz": draw.pick(_NATIONS),
            "csrq": born.isoformat(),
            "zz": site(draw.below(100_000)).text(),
            "qfjg": f"天津市公安局{region[1]}分局",
            "qfjgdm": authority,
            "xzqhdm": region[0],
            "qfrq": issued.isoformat(),
            "yxqqsrq": issued.isoformat(),
            "yxqjzrq": _until(born, issued),
            "zzzt": "1",
        }


def cards_of(world: World) -> Cards:
    """The cards of the people of a world."""
    return Cards(world.spec.seed, world.people, world.spec.defect_share)


def _until(born: date, issued: date) -> str:
    """The last day: after 10 or 20 years by age, 长期 from 46 on (居民身份证法 §5)."""
    age = issued.year - born.year - ((issued.month, issued.day) < (born.month, born.day))
    if age >= 46:
        return "长期"
    years = 20 if age >= 26 else 10 if age >= 16 else 5
    return issued.replace(year=issued.year + years, day=min(issued.day, 28)).isoformat()
