"""The rank of authorities: the same thing may come from a district and from its city. Both records stay as they are; of
one entity, each field is said by the highest authority that states it. Nothing merged is ever written: a record is what
its source gave, with its proof.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from hub.errors import Misconfigured
from hub.ports import Plain
from hub.records.kinds import KINDS, Kind

FILE: Final = "authorities.toml"
_REMEDY: Final = "see hub/records/authorities.toml"
_OF_THE_RECORD: Final = frozenset(("source", "assurance"))
"""Fields that say something of one record, and nothing of the thing that it is about."""
_NOTHING: Final = (None, "", "UNKNOWN")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(_Strict):
    """One place in a rank: a source by the name of its connector, or an authority by its code."""

    source: str = ""
    authority: str = ""

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if bool(self.source) == bool(self.authority):
            raise ValueError("a place has `source` or `authority`")
        return self

    def has(self, source: str, authority: str) -> bool:
        """Whether a record of this source and authority has the place."""
        return self.source == source if self.source else self.authority == authority


class _Ranking(_Strict):
    rank: Annotated[tuple[Place, ...], Field(min_length=1, max_length=1_000)]


_RANKINGS: TypeAdapter[dict[str, _Ranking]] = TypeAdapter(dict[str, _Ranking])


class Authorities:
    """The ranks, by kind. Immutable."""

    def __init__(self, ranks: Mapping[str, Sequence[Place]]) -> None:
        self._ranks = ranks

    def ranks(self, kind: str) -> bool:
        """Whether records of this kind may come from authorities of different ranks."""
        return kind in self._ranks

    def rank(self, kind: str, source: str, authority: str) -> int:
        """0 for the highest; what is not named comes after all that are.

        >>> ranks = Authorities({"k": [Place(source="city"), Place(authority="12")]})
        >>> [ranks.rank("k", *one) for one in (("city", "9"), ("any", "12"), ("any", "9"))]
        [0, 1, 2]
        """
        places = self._ranks.get(kind, ())
        return next((at for at, place in enumerate(places) if place.has(source, authority)), len(places))


@cache
def shipped() -> Authorities:
    """The ranks of the file beside this module."""
    return parsed(resources.files(__package__).joinpath(FILE).read_text("utf-8"), FILE)


def load(file: Path | None) -> Authorities:
    """The ranks of ``file``; ``None``: those that are shipped. Raises ``Misconfigured``."""
    if file is None:
        return shipped()
    try:
        return parsed(file.read_text("utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"authorities: {file} cannot be read ({type(error).__name__})", _REMEDY) from None


def parsed(text: str, where: str) -> Authorities:
    """The ranks of a TOML text. Raises ``Misconfigured`` with the key that is wrong."""
    try:
        found = _RANKINGS.validate_python(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Misconfigured(f"{where} is not valid TOML: {error}", "correct the file") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Misconfigured(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}", _REMEDY) from None
    if strange := sorted(set(found) - set(KINDS)):
        raise Misconfigured(f"{where}: no kind {strange[0]!r}", f"kinds are {', '.join(KINDS)}")
    return Authorities({kind: one.rank for kind, one in found.items()})


# ---- per field -----------------------------------------------------------------------------------------------------


class Picked(NamedTuple):
    """The value of one field, and the place in the list of the record that says it."""

    value: Any
    by: int


def picked(kind: Kind, records: Iterable[Plain]) -> dict[str, Picked]:
    """Dotted field → its value by the first of ``records`` that states it; they are given in the order of their
    authorities. A null, a blank text and UNKNOWN state nothing. A list, such as the holders, and an object within a
    part, such as the address, are one field: parts of two records are never mixed in it.
    """
    found: dict[str, Picked] = {}
    for by, record in enumerate(records):
        for path, value in _fields(kind, record):
            if path not in found and value not in (*_NOTHING, []):
                found[path] = Picked(value, by)
    return found


def _fields(kind: Kind, record: Plain) -> Iterator[tuple[str, Any]]:
    for entry in kind.schema.json["fields"]:
        name = entry["name"]
        value = record.get(name)
        if name in _OF_THE_RECORD:
            continue
        if isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", one) for inner, one in value.items())
        else:
            yield name, value
