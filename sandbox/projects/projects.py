"""Construction projects, as their exchange database has them: projects with sub-projects, units, matters, their
progress, and the documents that they resulted in. Each project can be made without those before it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.world import dirt
from sandbox.world.defects import Defect, wrong_check
from sandbox.world.draw import Draw
from sandbox.world.enterprises import Enterprise
from sandbox.world.places import Site, site
from sandbox.world.world import World

REGISTER, APPROVAL, REST = "project_register", "project_approval", "project_approval_rest"
SHARE = 4
"""One project for so many rows of the other sources."""
SCRIPTED = 3
BEGIN = datetime(2024, 1, 2)  # noqa: DTZ001 - Beijing time, as the database has it
BEGIN_MS = 1_704_124_800_000
FORM = "%Y-%m-%d %H:%M:%S"
_REGIMES = {"1": "00101", "2": "00102", "3": "00103"}
"""Type of initiation (lxlx: 1 approval, 2 verification, 3 filing) → the matter that it ends with."""
_PERMITS = ("00202", "00301")
"""A planning permit, a construction permit: no approvals of the project."""
_RECEIVED, _ACCEPTED, _AMENDING, _AMENDED, _WORKING, _DONE, _WITH_GAPS, _REVOKED = 1, 3, 6, 7, 8, 11, 12, 15
_DOCUMENT_DEFECTS = (
    Defect("document-number-missing", "SHAPE_MISSING"),
    Defect("document-date-impossible", "SHAPE_TYPE"),
    Defect("document-in-2099", "DATE_FUTURE"),
    Defect("progress-code-unknown", "STATUS_UNKNOWN"),
)
_PROJECT_DEFECTS = (
    Defect("project-code-without-segments", "PROJECT_CODE_FORM"),
    Defect("completion-before-start", "DATE_ORDER"),
    Defect("builder-wrong-check", "USCC_CHECK"),
    Defect("no-builder", "SHAPE_MISSING"),
)
_PERMIT = Defect("permit", "NOT_AN_APPROVAL")
Row = dict[str, Any]


@dataclass(slots=True)
class Tables:
    """Rows of the five tables; ``truth``: the lines of the truth file about them."""

    projects: list[Row] = field(default_factory=list)
    units: list[Row] = field(default_factory=list)
    matters: list[Row] = field(default_factory=list)
    progress: list[Row] = field(default_factory=list)
    documents: list[Row] = field(default_factory=list)
    truth: list[Row] = field(default_factory=list)


class Projects:
    """The projects of a world."""

    def __init__(self, world: World) -> None:
        self._seed = world.spec.seed
        self._enterprises = world.enterprises
        self._defect_share = world.spec.defect_share
        self.count = max(SCRIPTED + 1, world.spec.size // SHARE)

    def all(self) -> Iterator[Tables]:
        """The rows of one project after the other."""
        return (self.project(number) for number in range(self.count))

    def truth(self) -> Iterator[Row]:
        """The lines of the truth file. What the table has of approvals, the REST service has too."""
        for project in self.all():
            yield from project.truth
            yield from (line | {"source": REST} for line in project.truth if line["source"] == APPROVAL)

    def builder(self, number: int) -> Enterprise:
        """Who builds the project. The scripted ones belong to the enterprises of the same numbers, and no others."""
        return self._enterprises.at(number, 1)

    def code(self, number: int) -> str:
        """The project code (GB/T 40058)."""
        return f"2{number % 5 + 1}{number % 12 + 1:02d}-{self.place(number).region}-04-01-{number % 1_000_000:06d}"

    def place(self, number: int) -> Site:
        """Where it is built: the scripted ones in the unit of the same number."""
        return site(number if number < SCRIPTED else 18 * number)

    def project(self, number: int) -> Tables:
        """One project with all that belongs to it."""
        draw, made = Draw(self._seed, "project", number), Tables()
        approved = number < SCRIPTED or number % 3 != 2
        defect = self._defect(draw, _PROJECT_DEFECTS) if not approved else None
        parts = 3 if number % 9 == 4 else 1
        for part in range(parts):
            self._part(made, number, part, defect if part == 0 else None)
        if approved:
            self._approved(made, number, draw)
        else:
            self._matter(made, number, 9, "00101", [_RECEIVED, _ACCEPTED, _WORKING])
        return made

    def _defect(self, draw: Draw, among: tuple[Defect, ...]) -> Defect | None:
        return draw.pick(among) if draw.chance(self._defect_share) else None

    def _approved(self, made: Tables, number: int, draw: Draw) -> None:
        """A matter that ended, with its document; of some projects permits too."""
        defect = None if number < SCRIPTED else self._defect(draw, _DOCUMENT_DEFECTS)
        revoked = number >= SCRIPTED and number % 17 == 5 and defect is None
        steps = [_RECEIVED, *((_AMENDING, _AMENDED) if number % 4 == 1 else ()), _ACCEPTED, _WORKING]
        steps += [_WITH_GAPS if number % 13 == 6 else _DONE, *([_REVOKED] if revoked else [])]
        self._matter(made, number, 0, _REGIMES[self._regime(number)], steps)
        self._document(made, number, 0, defect, revoked)
        if number >= SCRIPTED and number % 5 == 0:
            permit = number // 5 % 2
            self._matter(made, number, 1, _PERMITS[permit], [_RECEIVED, _ACCEPTED, _DONE])
            self._document(made, number, 1, _PERMIT, False)

    def _regime(self, number: int) -> str:
        return str(number % 3 + 1) if number >= SCRIPTED else "3"

    def _time(self, number: int, seconds: int) -> tuple[str, int]:
        """The update time as the database has it, and in ms since the epoch."""
        after = timedelta(minutes=number, seconds=seconds)
        return (BEGIN + after).strftime(FORM), BEGIN_MS + round(after.total_seconds() * 1_000)

    def _common(self, number: int, serial: int, seconds: int) -> Row:
        time, _ = self._time(number, seconds)
        state = {"sjyxbs": "1", "sjwxyy": None, "sjsczt": "0", "sbyy": None, "gxsj": time}
        return {"lsh": 100 * number + serial + 1, **state}

    def _part_code(self, number: int, part: int) -> str:
        return f"{self.code(number)}-{part + 1:02d}"

    def _part(self, made: Tables, number: int, part: int, defect: Defect | None) -> None:
        draw, place = Draw(self._seed, "part", number, part), self.place(number)
        address = dirt.dirty_address(draw, place.text()) if number >= SCRIPTED and draw.chance(0.1) else place.text()
        codes = {"xmdm": self.code(number), "gcdm": self._part_code(number, part)}
        row = self._common(number, part, part) | codes
        row |= {
            "xzqhdm": place.region,
            "xmmc": f"{self.builder(number).name}{'生产基地' if number % 2 else '研发中心'}项目",
            "lxlx": self._regime(number),
            "ztze": f"{500 + draw.below(90_000)}.{draw.below(100):02d}",
            "jsdd": address,
            "ydmj": str(2_000 + draw.below(50_000)),
            "jzmj": f"{1_000 + draw.below(90_000)}.5",
            "nkgsj": f"2024-{draw.below(6) + 1:02d}-01",
            "njcsj": f"2026-{draw.below(12) + 1:02d}-28",
            "splclx": "4",
        }
        if defect and defect.name == "project-code-without-segments":
            row["xmdm"] = codes["xmdm"] = codes["xmdm"].replace("-", "_")
        if defect and defect.name == "completion-before-start":
            row["njcsj"] = "2020-05-01"
        made.projects.append(row)
        self._units(made, number, part, codes, defect)
        self._tell(made, REGISTER, row, self._time(number, part)[1], defect)

    def _units(self, made: Tables, number: int, part: int, codes: Row, defect: Defect | None) -> None:
        builder = self.builder(number)
        code = wrong_check(builder.uscc) if defect and defect.name == "builder-wrong-check" else builder.uscc
        code = dirt.full_width_code(code) if number >= SCRIPTED and number % 8 == 3 and defect is None else code
        kinds = {"1": (builder.name, code), "2": ("天津市某建筑设计院", self._enterprises.code(number + 7))}
        if defect and defect.name == "no-builder":
            del kinds["1"]
        for place, (kind, (name, uscc)) in enumerate(reversed(kinds.items())):
            row = self._common(number, 10 * part + place, part)
            made.units.append(row | codes | {"dwmc": name, "dwtyshxydm": uscc, "dwlx": kind})

    def _instance(self, number: int, matter: int) -> str:
        return f"{self.place(number).region}{number:08d}{matter:02d}"

    def _matter(self, made: Tables, number: int, matter: int, kind: str, steps: list[int]) -> None:
        codes = {"xmdm": self.code(number), "gcdm": self._part_code(number, 0)}
        instance = {"spsxslbm": self._instance(number, matter)}
        what = {"spsxbm": kind, "spbmbm": f"{self.place(number).region}SPJ", "slfs": "1", "sxblsx": 10}
        made.matters.append(self._common(number, matter, 10) | codes | instance | what)
        for place, step in enumerate(steps):
            time, _ = self._time(number, 11 + place)
            row = self._common(number, 10 * matter + place, 11 + place)
            made.progress.append(row | instance | {"blr": "办理人", "blzt": str(step), "blyj": None, "blsj": time})

    def _document(self, made: Tables, number: int, matter: int, defect: Defect | None, revoked: bool) -> None:
        year, district = 2021 + number % 4, self.place(number).district
        row = self._common(number, matter, 30)
        row |= {"xmdm": self.code(number), "gcdm": self._part_code(number, 0)}
        row |= {"spsxslbm": self._instance(number, matter), "pfrq": f"{year}-03-{number % 28 + 1:02d}"}
        row |= {"pfwh": f"津{district}审投备〔{year}〕{number + 1}号", "pfwjbt": "批准文件", "pfwjyxqx": None}
        if revoked:
            row |= {"sjyxbs": "0", "sjwxyy": "审批决定已撤销"}
        if defect:
            self._spoil(made, row, defect)
        made.documents.append(row)
        line = self._tell(made, APPROVAL, row, self._time(number, 30)[1], defect)
        line["operation"] = "DELETE" if revoked else "UPSERT"

    def _spoil(self, made: Tables, row: Row, defect: Defect) -> None:
        if defect.name == "document-number-missing":
            row["pfwh"] = None
        elif defect.name == "document-date-impossible":
            row["pfrq"] = "2021-13-45"
        elif defect.name == "document-in-2099":
            row["pfrq"] = "2099-03-01"
        elif defect.name == "progress-code-unknown":
            made.progress[-1]["blzt"] = "99"

    def _tell(self, made: Tables, source: str, row: Row, version: int, defect: Defect | None) -> Row:
        line: Row = {"source": source, "key": str(row["lsh"]), "version": version, "operation": "UPSERT"}
        said = ("rejected", defect.code, defect.name) if defect else ("verified", None, None)
        line |= dict(zip(("expect", "code", "defect"), said, strict=True))
        made.truth.append(line)
        return line
