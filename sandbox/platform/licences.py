"""The platform's copy of property titles: English names, holders joined by commas, a level of trust."""

from collections import defaultdict
from typing import Any

from sandbox.world.digits import elicence_id
from sandbox.world.draw import Draw
from sandbox.world.owners import Owner
from sandbox.world.world import World

TITLE, OTHER = "不动产权证书", "结婚证"
_KIND = "11100000MB03271699001"
_STATUS = {"1": "VALID", "2": "REPLACED", "3": "CANCELLED"}
_SHARING = {"0": "single", "1": "joint", "2": "shares"}
_TYPES = {"1": "111", "6": "002", "7": "001"}
"""Kinds of documents: of the registry → of the platform (GA/T 517, and its own for enterprises)."""


class Licences:
    """The titles of the world, by the numbers of their holders. Names have the platform's own dirt: other commas, small
    letters; the registry's dirt and defects are not in this copy."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._of: dict[str, list[int]] = defaultdict(list)
        for position in range(world.spec.size):
            for owner in world.titles.owners(position):
                self._of[owner.number].append(position)

    def of(self, credential: str) -> list[int]:
        """The positions of a holder's titles that are in force."""
        return [place for place in self._of.get(credential, ()) if self._world.titles.status(place) == "1"]

    def key(self, position: int) -> str:
        """The licence's code."""
        issuer = str(self._world.titles.clean(position)[0]["djjg"])
        return elicence_id(_KIND, issuer, f"{position:012d}", 1)

    def record(self, position: int) -> dict[str, Any]:
        """The record, as the platform keeps it."""
        draw = Draw(self._world.spec.seed, "platform", position)
        columns, texts = self._world.titles.clean(position)
        owners = self._world.titles.owners(position)
        comma = "，" if draw.chance(0.3) else ","
        return {
            "license_code": self.key(position),
            "license_type": TITLE,
            "license_no": texts["bdcqzh"],
            "license_status": _STATUS[self._world.titles.status(position)],
            "issue_org_code": columns["djjg"],
            "division_code": columns["xzqhdm"],
            "issue_date": str(columns["djsj"]).replace("-", ""),
            "updated_at": self._world.titles.update_time(position) // 1000,
            "unit_code": columns["bdcdyh"],
            "location": texts["zl"],
            "purpose_of_use": texts["ghyt"],
            "floor_area": columns["mj"],
            "sharing": _SHARING[str(columns["gyfs"])],
            "seized": columns["cfzt"] == "1",
            "mortgaged": columns["dyzt"] == "1",
            "holder_names": comma.join(owner.name for owner in owners),
            "holder_id_types": ",".join(_TYPES[owner.kind] for owner in owners),
            "holder_id_numbers": comma.join(self._number(owner, draw) for owner in owners),
            "holder_shares": ",".join(owner.share or "" for owner in owners),
            "trust_level": "A" if draw.chance(0.8) else "B",
        }

    @staticmethod
    def _number(owner: Owner, draw: Draw) -> str:
        return owner.number.lower() if draw.chance(0.2) else owner.number
