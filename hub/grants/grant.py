"""A sharing grant (数据共享授权) as data: what the provider of a source allowed. One TOML file, one table per source.

The hub's own rule over it: a call beyond the grant is not made, and a field outside it is dropped before anything is
written (P3). Dates are days in China, both included (domain.md §3: purpose limitation, minimum necessary).
"""

import operator
import tomllib
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from hub.clock import CHINA
from hub.errors import Misconfigured, RecordRejected
from hub.ports import Clock, LookupQuery

Way = Literal["look-up", "feed", "sent", "file"]
LOOK_UP: Final[Way] = "look-up"
FEED: Final[Way] = "feed"
SENT: Final[Way] = "sent"
FILE: Final[Way] = "file"
NEAR_DAYS = 30
"""So many days before its last day a grant is near its end: operators are told."""
REMEDY = "write what the provider approved into the file that the setting `grants` names: docs/operating.md"

_DROPPED: Final = object()

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


def _day(given: Any) -> Any:
    """A day as TOML has it, or as text. A date-time is no day."""
    return str(given) if isinstance(given, datetime) else given


Day = Annotated[date, BeforeValidator(_day)]


class Grant(BaseModel):
    """What the provider of one source allowed the hub."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    source: Text = Field(description="The connector's name: the name of the table.")
    item: Text = Field(description="Code of the item in the provider's catalogue of shared data.")
    provider: Text = Field(description="The department that provides it.")
    approval: Text = Field(description="Number of the approval that the provider gave.")
    fields: Annotated[frozenset[Text], Field(min_length=1)] = Field(
        description="Columns of the source that may be used, as the source names them; `holders.name` for a column of "
        "a list or object, `holders` for all of it."
    )
    purposes: Annotated[frozenset[Text], Field(min_length=1)] = Field(
        description="Purposes for which it may be asked: names of purposes of the hub."
    )
    ways: Annotated[frozenset[Way], Field(min_length=1)] = Field(
        frozenset({"look-up"}),
        description="look-up: single questions; feed: everything that changes, read ahead; sent: what the provider "
        "sends by itself; file: the files of licences. Persons are fed only where the approval says so.",
    )
    since: Day = Field(description="First day.")
    until: Day = Field(description="Last day.")
    calls_a_day: Annotated[int, Field(ge=0)] = Field(
        0, description="Calls a day that the approval allows; 0: it names none. The smaller of this and the limit of "
        "the connector holds."
    )  # fmt: skip
    erase_after_days: Annotated[int, Field(ge=1, le=36_500)] = Field(
        description="Days after which a record that no application used is erased."
    )

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.until < self.since:
            raise ValueError("`until` is before `since`")
        return self

    def days_left(self, today: date) -> int:
        """Days until the grant has ended: 1 on its last day, 0 or less after it."""
        return (self.until - today).days + 1

    def near_end(self, today: date) -> bool:
        """Whether its last day is at most ``NEAR_DAYS`` away, or over."""
        return self.days_left(today) <= NEAR_DAYS

    def check_term(self, today: date) -> None:
        """Raises ``Misconfigured`` before the first and after the last day."""
        if not self.since <= today <= self.until:
            told = f"begins on {self.since}" if today < self.since else f"ended on {self.until}"
            raise Misconfigured(
                f"{self.source}: its grant {self.approval} {told}", "ask its provider for the next one, then " + REMEDY
            )

    def beyond(self, columns: Iterable[str]) -> list[str]:
        """Those of ``columns`` that no field has, in alphabetical order. A column is a path, or the last name of
        one."""
        return sorted(one for one in set(columns) if not any(_same(field, one) for field in self.fields))

    def unread(self, columns: Collection[str]) -> list[str]:
        """The fields that none of ``columns`` reads, in alphabetical order."""
        return sorted(field for field in self.fields if not any(_same(field, one) for one in columns))

    @cached_property
    def _parents(self) -> frozenset[str]:
        """The paths that lead to a granted field below them."""
        split = [field.split(".") for field in self.fields]
        return frozenset(".".join(parts[:end]) for parts in split for end in range(1, len(parts)))

    def has(self, path: str) -> bool:
        """Whether a field is this path, or leads to it.

        >>> both = {"fields": ["holders"], "purposes": ["p"], "since": "2024-01-01", "until": "2024-12-31"}
        >>> grant = Grant(source="s", item="i", provider="p", approval="a", erase_after_days=9, **both)
        >>> grant.has("holders.name"), grant.has("hold")
        (True, False)
        """
        steps = path.split(".")
        return any(".".join(steps[:end]) in self.fields for end in range(1, len(steps) + 1))

    @cached_property
    def _whole(self) -> Mapping[str, frozenset[str]]:
        """Path with a dot, or "" → the names there that are granted with all that is in them."""
        found: dict[str, set[str]] = {}
        for field in self.fields:
            parent, dot, name = field.rpartition(".")
            found.setdefault(parent + dot, set()).add(name)
        return {path: frozenset(names) for path, names in found.items()}

    def within(self, columns: Mapping[str, Any]) -> tuple[Mapping[str, Any], frozenset[str]]:
        """A row without what is outside the grant, and the paths of what was dropped. Places in a list are no part of
        a path.

        >>> both = {"fields": ["name", "holders.name"], "purposes": ["p"], "since": "2024-01-01", "until": "2024-12-31"}
        >>> grant = Grant(source="s", item="i", provider="p", approval="a", erase_after_days=9, **both)
        >>> grant.within({"name": "n", "phone": "1", "holders": [{"name": "A", "id": "2"}]})
        ({'name': 'n', 'holders': [{'name': 'A'}]}, frozenset({...}))
        """
        dropped: set[str] = set()
        return self._inner(columns, "", dropped), frozenset(dropped)

    def _inner(self, columns: Mapping[str, Any], path: str, dropped: set[str]) -> Mapping[str, Any]:
        """The same mapping where all of it is granted: so it is for most rows."""
        others = columns.keys() - self._whole.get(path, frozenset())
        if not others:
            return columns
        rest = {name: self._below(columns[name], f"{path}{name}", dropped) for name in others}
        if all(rest[name] is columns[name] for name in others):
            return columns
        return {name: rest.get(name, value) for name, value in columns.items() if rest.get(name) is not _DROPPED}

    def _below(self, value: Any, path: str, dropped: set[str]) -> Any:
        """A value of which a part at most is granted, without the others."""
        if path in self.fields:
            return value
        if path in self._parents and isinstance(value, (dict, Mapping)):
            return self._inner(value, f"{path}.", dropped)
        if path in self._parents and _of_objects(value):
            inner = [self._inner(one, f"{path}.", dropped) for one in value]
            return value if all(map(operator.is_, inner, value)) else inner
        dropped.add(path)
        return _DROPPED


def _same(field: str, column: str) -> bool:
    """Whether one of the two paths leads to or through the other, or the column is the field's last name.

    >>> _same("holders", "holders.name"), _same("holders.name", "holders"), _same("holders.name", "name")
    (True, True, True)
    >>> _same("holders.name", "holders.number"), _same("hold", "holders")
    (False, False)
    """
    through = f"{field}.".startswith(f"{column}.") or f"{column}.".startswith(f"{field}.")
    return through or field.rpartition(".")[2] == column


def _of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, (dict, Mapping)) for one in value)


def today(clock: Clock) -> date:
    """Today in China, by process time: a grant ends on its day, however fast business time is demonstrated."""
    return datetime.fromtimestamp(clock.process_ms() / 1000, CHINA).date()


def granted(grant: Grant | None, source: str, on: date) -> Grant:
    """The grant of ``source``, in force ``on`` a day. Raises ``Misconfigured`` without one, and outside its term."""
    if grant is None:
        raise Misconfigured(f"{source} has no grant: it is not called", REMEDY)
    grant.check_term(on)
    return grant


def check_feed(grant: Grant) -> None:
    """Raises ``Misconfigured`` where the grant allows no feed."""
    if FEED not in grant.ways:
        raise Misconfigured(
            f"{grant.source}: its grant {grant.approval} allows look-ups only",
            "where the provider approved a feed, add it to `ways` in the file of grants",
        )


def check_sent(grant: Grant) -> None:
    """Raises ``Misconfigured`` where the grant does not allow that the provider sends by itself."""
    if SENT not in grant.ways:
        raise Misconfigured(
            f"{grant.source}: its grant {grant.approval} does not say that the provider sends by itself",
            "where the provider approved it, add sent to `ways` in the file of grants",
        )


def check_look_up(grant: Grant, query: LookupQuery) -> None:
    """Raises ``RecordRejected``: LOOKUP_NOT_GRANTED where the grant allows no look-ups, PURPOSE_NOT_GRANTED for a
    purpose that it does not name."""
    if LOOK_UP not in grant.ways:
        raise RecordRejected("LOOKUP_NOT_GRANTED", detail=f"the grant of {grant.source} allows its feed only")
    _check_purpose(grant, query.purpose)


def _check_purpose(grant: Grant, purpose: str) -> None:
    if purpose not in grant.purposes:
        named = ", ".join(sorted(grant.purposes))
        raise RecordRejected("PURPOSE_NOT_GRANTED", detail=f"the grant of {grant.source} is for {named} only")


def check_file(grant: Grant, purpose: str) -> None:
    """Raises ``RecordRejected``: FILE_NOT_GRANTED where the grant allows no files, PURPOSE_NOT_GRANTED for a purpose
    that it does not name."""
    if FILE not in grant.ways:
        raise RecordRejected("FILE_NOT_GRANTED", detail=f"`ways` of the grant of {grant.source} has no file")
    _check_purpose(grant, purpose)


def smaller(first: int, second: int) -> int:
    """The smaller of two quotas, where 0 is none.

    >>> smaller(0, 5), smaller(7, 5), smaller(0, 0)
    (5, 5, 0)
    """
    return min(first or second, second or first)


def read(text: str, where: str) -> dict[str, Grant]:
    """Source → grant of a TOML text. Raises ``Misconfigured`` with the table and the key that is wrong; ``where`` names
    the file."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Misconfigured(f"{where} is not valid TOML: {error}", "correct the file") from None
    return {name: _grant(name, table, where) for name, table in document.items()}


def _grant(name: str, table: Any, where: str) -> Grant:
    if not isinstance(table, dict):
        raise Misconfigured(f"{where}: {name} is no table", f"write [{name}] above the keys of its grant")
    try:
        return Grant.model_validate({**table, "source": name})
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)
        told = (f"{'.'.join(map(str, (name, *one['loc'])))}: {one['msg']}" for one in wrong)
        raise Misconfigured(f"{where}: {'; '.join(told)}", "docs/operating.md has every key") from None


def load(file: Path | None) -> dict[str, Grant]:
    """Source → grant of a file; none without a file. Raises ``Misconfigured``."""
    if file is None:
        return {}
    try:
        return read(file.read_text("utf-8"), file.name)
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"grants: {file} cannot be read ({type(error).__name__})", "name a TOML file in UTF-8"
        ) from None
