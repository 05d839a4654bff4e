"""What a table of the policy says: kinds of customers, steps, segments with limits, materials, fees. Pure data, read
strictly from a file; every figure has its clause."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal, NamedTuple, Protocol, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from hub.cases.calendar import Calendar
from hub.cases.steps.facts import ACCEPTANCE, SEGMENTS
from hub.records.text import fold

ROWS: Final = ("low-resident", "low-sanling", "low-other", "high-single", "high-dual")
"""The five kinds of customers (annex 2 of 津工信电力〔2021〕8号, and its note 2)."""
VOLTAGES: Final = ("LOW", "HIGH_10KV", "HIGH_20KV", "HIGH_35KV", "HIGH_66KV", "HIGH_110KV", "HIGH_220KV")
TABLE_DAYS_MAX: Final = 366
"""Most working days that a limit of a table may have."""
TABLE_CHARACTERS_MAX: Final = 500
"""Most characters of one text of a table."""


def _counted(convention: Any) -> Any:
    """Why a table by hours is refused: what a clock cannot count is no limit that it can show."""
    if convention != "working-days":
        raise ValueError(
            "the clocks count working days only; a table by hours (24 h, within 8:30-17:30, a late start counting from "
            "the next morning) is not counted, and no case may have limits that no clock keeps"
        )
    return convention


Days = Annotated[int, Field(strict=True, ge=1, le=TABLE_DAYS_MAX)]
Day = Annotated[date, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True, max_length=TABLE_CHARACTERS_MAX)]
Words = Annotated[Text, Field(pattern=r"\S")]
"""A text that says something."""
Name = Annotated[str, Field(strict=True, pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


class Data(BaseModel):
    """A part of a table. It has no other entries than those named here."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Segment(Data):
    """What annex 2 times: it opens on acceptance or on the customer's request and closes on the utility's answer.
    ``days``: its limit in working days; ``None`` where only the total or the whole process has one. ``starred``: it
    applies only where design review and mid inspection do (note 3). ``materials``: all that may be asked for in it, by
    name."""

    name: Name
    zh: Words
    en: Words
    days: Days | None = None
    starred: Flag = False
    materials: tuple[Name, ...] = ()
    clause: Words


class Step(Data):
    """A step that the customer sees (2 or 3; more for starred customers), and the segments in it. ``also``: other
    official spellings."""

    zh: Words
    en: Words
    segments: tuple[Name, ...]
    also: tuple[Text, ...] = ()
    starred: Flag = False


class Ceiling(Data):
    """The limit of another authority beside the city's, which counts for figures that are reported to it."""

    effective_from: Day
    days: Days
    clause: Words


class Average(Data):
    """What the average of all cases should reach, of these voltage classes."""

    days: Days
    voltages: tuple[Text, ...]
    clause: Words


class Fee(Data):
    """What the customer may be charged. ``free``: nothing, under no name."""

    free: Flag
    zh: Words
    en: Words
    clause: Words


class Material(Data):
    """One material of the list. ``kinds``: the kinds of evidence that the hub itself fetches for it, each of them
    enough; without them the customer hands it in."""

    name: Name
    zh: Words
    en: Words
    clause: Words
    kinds: tuple[Text, ...] = ()


class Never(Data):
    """What may never be asked for: any name that contains one of ``words``."""

    name: Name
    zh: Words
    en: Words
    clause: Words
    words: tuple[Words, ...] = Field(min_length=1)


class TransferTable(Data):
    """What joint transfers of title and account (房产+用电联合过户) go by. ``transfers`` and ``firsts``: the registry's
    types of registration (codes or words) that are a transfer, and a first registration; any other type starts nothing.
    ``corrections``: the types that correct who was registered by such a one; any other leaves its holders as they were.
    ``check_days`` and ``transfer_days``: working days for the utility's answers; ``None`` where no document sets any.
    ``undeclared_days``: working days, from the entry of a title, in which a transfer of its account may be declared
    before the utility is told that none was; ``None``: it is told on the day after the entry.
    """

    transfers: tuple[Text, ...] = ("200", "转移登记")
    firsts: tuple[Text, ...] = ("100", "首次登记")
    corrections: tuple[Text, ...] = ("500", "更正登记")
    check_days: Days | None = None
    transfer_days: Days | None = None
    undeclared_days: Days | None = None
    clause: Text = ""


class Boundary(Data):
    """How far the utility's investment reaches for a class of customers. ``rows``: the kinds of customers that it is
    about as a whole; without them it depends on the project."""

    name: Name
    zh: Words
    en: Words
    clause: Words
    rows: tuple[Name, ...] = ()


class CaseType(Data):
    """One kind of customer. The limit is either ``whole_process``, from application to electricity on, which never
    pauses, or a total of ``segments``. ``with_works``: what differs where works outside the site are needed, in a table
    that tells them apart."""

    name: Name
    zh: Words
    en: Words
    clause: Words
    steps: tuple[Step, ...]
    segments: tuple[Segment, ...]
    fee: Fee
    whole_process: Days | None = None
    total_days: Days | None = Field(None, alias="total")
    total_starred: Days | None = None
    ceilings: tuple[Ceiling, ...] = ()
    average: Average | None = None
    with_works: "CaseType | None" = None

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, entry: Any) -> Any:
        """The variant with works has all that it does not say itself from the row; a segment has the row's clause."""
        if not isinstance(entry, Mapping):
            return entry
        row = dict(entry)
        if isinstance(works := row.get("with_works"), Mapping):
            limits = {"whole_process", "total", "total_starred", "with_works"}
            row["with_works"] = {**{key: value for key, value in row.items() if key not in limits}, **works}
        if isinstance(row.get("segments"), list | tuple):
            clause = row.get("clause", "")
            row["segments"] = [
                {"clause": clause, **one} if isinstance(one, Mapping) else one for one in row["segments"]
            ]
        return row

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [one.name for one in self.segments]
        _require(names == [one for one in SEGMENTS if one in names], "segments are those of annex 2, in their order")
        _require(names[:1] == [ACCEPTANCE], "the first segment is acceptance")
        _require((self.whole_process is None) != (self.total_days is None), "either `whole_process` or `total`")
        seen = [name for step in self.steps for name in step.segments]
        _require(sorted(seen) == sorted(names), "each segment belongs to one step")
        for with_star in (False, True):
            days = [one.days for one in self.timed(with_star)]
            known = [one for one in days if one is not None]
            whole = len(known) == len(days) and self.whole_process is None
            _require(not whole or sum(known) == self.total(with_star), "a total is the sum of its segments")
        return self

    def timed(self, starred: bool) -> tuple[Segment, ...]:
        """The segments that apply: all, or without the starred ones."""
        return tuple(segment for segment in self.segments if starred or not segment.starred)

    def seen(self, starred: bool) -> tuple[Step, ...]:
        """The steps that the customer sees."""
        return tuple(step for step in self.steps if starred or not step.starred)

    def step_of(self, segment: str) -> Step | None:
        """The step that a segment belongs to; ``None`` for a segment that the row does not have."""
        return next((step for step in self.steps if segment in step.segments), None)

    def running(self, starred: bool) -> Segment | None:
        """The segment that the submission begins; ``None`` where the policy times the whole process. Each next one
        begins when the customer asks for it."""
        return None if self.whole_process else self.timed(starred)[0]

    def total(self, starred: bool) -> int:
        """Working days of the whole case: of the whole process, or the sum of the segments."""
        days = self.whole_process or (self.total_starred if starred else None) or self.total_days
        assert days is not None, "one of them is there"
        return days

    def ceiling(self, day: date) -> Ceiling | None:
        """The limit of the other authority on ``day``; ``None`` where there is none."""
        known = [one for one in self.ceilings if one.effective_from <= day]
        return max(known, key=lambda one: one.effective_from) if known else None

    def where(self, works: bool) -> "CaseType":
        """The row as it is with or without works outside the site."""
        return self.with_works if works and self.with_works else self


class Classed(Protocol):
    """What tells the class of a customer."""

    @property
    def customer_class(self) -> str:
        """RESIDENT or NON_RESIDENT."""

    @property
    def voltage(self) -> str:
        """One of ``VOLTAGES``."""

    @property
    def sanling(self) -> bool:
        """Whether the '三零' service applies."""


class Dates(NamedTuple):
    """The dates of one case. ``due_on``: the last day of the whole process, where the policy sets one; otherwise
    ``segment`` is the one that runs, and ``segment_due_on`` its last day. ``counted_to``: the last day that was
    counted; ``None`` only in dates of a former version. ``provisional``: a year without a notice was counted.
    ``calendar`` and ``edition``: what the days were counted by. ``total_due_on``: the day on which the total is used
    up, if the segment that runs continues so long."""

    due_on: date | None
    segment: str
    segment_due_on: date | None
    counted_to: date | None
    provisional: bool
    calendar: str
    edition: int
    total_due_on: date | None = None

    @property
    def promised(self) -> tuple[date | None, str, date | None, bool]:
        """What a connection system is told."""
        return self.due_on, self.segment, self.segment_due_on, self.provisional


class Policy(Data):
    """One year's table. ``source`` is the document that it comes from; ``effective_to`` the last day that the document
    plans for, and ``successor`` the version of the table after it: "" as long as none is known; ``predecessor`` that of
    the table before it, which an operator's own table names. ``cases`` maps the name
    of a row to the row, ``permits`` a voltage class to the working days of a permit for grid works: a class that is not
    there has no limit. ``transfer``: what joint transfers go by. ``counting``: the only convention that the clocks
    have; a table by hours is refused. ``sanling_kw``: up to it (kW) a customer has the 三零
    service and low voltage (§7). ``division``: what codes of the city begin with."""

    version: Name
    zh: Words
    en: Words
    effective_from: Day
    effective_to: Day
    successor: Text
    predecessor: Text = ""
    source: Words
    starting_day_counts: Flag
    counting: Annotated[Literal["working-days"], BeforeValidator(_counted)]
    sanling_kw: Days
    division: Annotated[str, Field(strict=True, pattern=r"^[0-9]{2,6}$")]
    cases: Mapping[Name, CaseType] = Field(alias="case")
    materials: Mapping[Name, Material] = Field(alias="material")
    nevers: Mapping[Name, Never] = Field({}, alias="never")
    boundaries: Mapping[Name, Boundary] = Field({}, alias="boundary")
    permits: Mapping[Text, Days] = {}
    transfer: TransferTable = TransferTable()
    notes: tuple[Text, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _named(cls, document: Any) -> Any:
        """Each entry of a named list has its name."""
        if not isinstance(document, Mapping):
            return document
        listed = {
            key: _with_names(document[key]) for key in ("case", "material", "never", "boundary") if key in document
        }
        return {**document, **listed}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _require(self.effective_from <= self.effective_to, "`effective_to` is not before `effective_from`")
        _require(set(self.cases) == set(ROWS), f"the rows are {', '.join(ROWS)}")
        _require(set(self.permits) <= set(VOLTAGES), f"voltage classes are {', '.join(VOLTAGES)}")
        rows = (row for entry in self.cases.values() for row in (entry, entry.with_works) if row)
        asked = {name for row in rows for segment in row.segments for name in segment.materials}
        _require(asked <= set(self.materials), f"no such material: {', '.join(sorted(asked - set(self.materials)))}")
        _require(all(map(_plainly, self._words)), "a word of a `never` has letters: any other one forbids everything")
        for one in self.materials.values():
            found = self.meant((one.name.replace("-", " "), one.zh, one.en))
            _require(not found, f"the material {one.name} is what may never be asked for: {', '.join(found)}")
        return self

    @property
    def _words(self) -> list[str]:
        return [word for one in self.nevers.values() for word in one.words]

    def asked(self, case_type: str, starred: bool) -> dict[str, tuple[Material, ...]]:
        """All that may be asked of such a customer: segment → its materials."""
        segments = self.cases[case_type].timed(starred)
        return {one.name: tuple(self.materials[name] for name in one.materials) for one in segments}

    def where(self, works: bool | None) -> "Policy":
        """The table as it is with or without works outside the site. ``None``, not said, is without: that is the
        shorter limit."""
        told_apart = works and any(row.with_works for row in self.cases.values())
        rows = {name: row.where(True) for name, row in self.cases.items()}
        return self.model_copy(update={"cases": rows}) if told_apart else self

    def boundary(self, case_type: str) -> tuple[Boundary, ...]:
        """How far the utility's investment reaches for a kind of customer, and where it depends on the project."""
        return tuple(one for one in self.boundaries.values() if case_type in one.rows or not one.rows)

    def meant(self, names: Iterable[str]) -> tuple[str, ...]:
        """Which of what may never be asked for these names mean, in any width, with blanks inside, and in the
        traditional characters of these words.

        >>> from hub.cases.policy import shipped
        >>> shipped()[-1].meant(["施工許可證", "planning_permit", "photo", "承 诺 书"])
        ('planning-permit', 'construction-permit', 'commitment-letter')
        """
        said = "\n".join(map(_plainly, names))
        return tuple(one.name for one in self.nevers.values() if any(_plainly(word) in said for word in one.words))

    def permit_days(self, voltage: str) -> int | None:
        """Working days of the permits for grid works as a whole; ``None`` where the policy sets no limit (35 kV and
        above)."""
        return self.permits.get(voltage)

    @property
    def totals_only(self) -> bool:
        """Whether no segment has a limit of its own."""
        return not any(one.days for row in self.cases.values() for one in row.segments)

    @property
    def longest(self) -> int:
        """The most working days that any case may take."""
        return max(row.total(True) for row in self.cases.values())

    def dates(self, case_type: str, starred: bool, begun_on: date, calendar: Calendar) -> Dates:
        """The dates of a case that began on ``begun_on`` (China's date). A segment without a limit of its own may use
        up the total."""
        row = self.cases[case_type]
        running, total = row.running(starred), row.total(starred)
        days = total if running is None else running.days or total
        end, provisional, version = calendar.add(begun_on, days, self.starting_day_counts)
        if running is None:
            return Dates(end, "", None, end, provisional, version, calendar.number)
        return Dates(None, running.name, end, end, provisional, version, calendar.number)


_SIMPLIFIED: Final = str.maketrans("規劃許證開設築諾書", "规划许证开设筑诺书")
"""Traditional characters of names of papers."""


def _plainly(text: str) -> str:
    """A text as names of papers are compared: small letters, half width, no blanks, simplified characters."""
    return fold(text).lower().replace("_", "").translate(_SIMPLIFIED)


def _with_names(listed: Any) -> Any:
    if not isinstance(listed, Mapping):
        return listed
    return {name: {"name": name, **one} if isinstance(one, Mapping) else one for name, one in listed.items()}


def _require(holds: bool, words: str) -> None:
    if not holds:
        raise ValueError(words)
