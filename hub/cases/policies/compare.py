"""Two tables side by side: every entry that differs, by its place."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hub.cases.policies.model import Policy

_NAMES = ("name", "zh", "effective_from")


class Difference(NamedTuple):
    """An entry that differs. ``place``: a dotted path; ``before`` and ``after``: ``None`` where it is not there."""

    place: str
    before: str | None
    after: str | None


def differences(before: Policy, after: Policy) -> list[Difference]:
    """What ``after`` says otherwise than ``before``, in the order of places as the tables have them."""
    return between(plain(before), plain(after))


def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """The same of parts of tables, as ``plain`` has them."""
    old, new = dict(_entries(before)), dict(_entries(after))
    places = dict.fromkeys((*old, *new))
    return [Difference(one, old.get(one), new.get(one)) for one in places if old.get(one) != new.get(one)]


def plain(policy: Policy) -> dict[str, Any]:
    """A table as JSON values, with the entries of its file; what it does not say is left out."""
    return policy.model_dump(mode="json", by_alias=True, exclude_none=True)


def _entries(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """(Place, value) of every entry. Items of a list are named by their name, not by their number, so that one that is
    put in between changes no other."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            if key != "name" or not place:
                yield from _entries(one, f"{place}.{key}" if place else key)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for one in value:
            yield from _entries(one, f"{place}.{_name(one)}")
    else:
        yield place, str(value)


def _name(one: Any) -> str:
    return next((str(one[key]) for key in _NAMES if key in one), "") if isinstance(one, Mapping) else str(one)
