"""Whether a material may be asked for or handed in. Pure: of the policy's list and of what is there.

asked for ──► no end? ──► on the list of this segment? ──► not the hub's to fetch? ──► not told already? ──► notice
                 │ no             │ no                              │ no                     │ no
                 └──────────────── refused with the clause, and recorded ────────────────────┘
"""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from hub.cases.connection.materials.command import ITEMS_MAX, Handed, Item, Request
from hub.cases.connection.materials.events import Documented, Noticed, Overasked, Told
from hub.cases.events import ToSeal
from hub.cases.policies.model import Material, Policy

NOT_LISTED: Final = "MATERIAL_NOT_LISTED"
FETCHED: Final = "MATERIAL_FETCHED"
AWAITED: Final = "MATERIAL_AWAITED"
GIVEN: Final = "NOTICE_GIVEN"
ENDED: Final = "NOTICE_AFTER_END"
NAME_CHARACTERS_MAX: Final = 200
"""Most characters of one name that is recorded with a refusal."""


_FIELDS: Final = frozenset({*Request.model_fields, *Item.model_fields, *Handed.model_fields})


class There(NamedTuple):
    """A document that is there: the number of its event, its material, and its digest ("" where it does not open)."""

    number: int
    material: str
    sha256: str


class Given(NamedTuple):
    """A one-time notice that was given: the number of its event, its segment, and (material, defect) of its items."""

    number: int
    segment: str
    items: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the materials of a case. ``listed``: segment → all that may be asked for; ``fetched``: names of
    the materials that the hub has fetched; ``awaited``: those that it looks for; ``ended``: whether the case came to an
    end."""

    policy: Policy
    listed: Mapping[str, tuple[Material, ...]]
    fetched: frozenset[str] = frozenset()
    awaited: frozenset[str] = frozenset()
    documents: Sequence[There] = ()
    notices: Sequence[Given] = ()
    ended: bool = False

    def missing(self, segment: str) -> list[str]:
        """Names of the materials of a segment that are neither fetched nor handed in, nor looked for by the hub."""
        there = self.fetched | self.awaited | {one.material for one in self.documents}
        return [one.name for one in self.listed.get(segment, ()) if one.name not in there]

    def allowed(self, listed: Iterable[Material]) -> tuple[str, ...]:
        """Names of the materials that the customer may be asked for."""
        return tuple(one.name for one in listed if one.name not in self.fetched | self.awaited)


class Refused(NamedTuple):
    """Why a request is refused: the code, the place in the request, and what would be taken there. ``event`` records
    it."""

    code: str
    place: str
    allowed: tuple[str, ...]
    event: Overasked


def notice(known: Known, wanted: Request) -> Noticed | Refused:
    """The one-time notice that a request becomes. What is missing beside what the request names is told too: the
    customer hears everything at once."""
    listed = known.listed.get(wanted.segment, ())
    names = [item.material for item in wanted.items]
    if known.ended:
        return _refused(known, wanted.segment, ENDED, "", names, ())
    found = [_of(listed, name) for name in names]
    for place, one in enumerate(found):
        if code := _not_to_ask(known, one):
            return _refused(known, wanted.segment, code, f"items.{place}.material", names, known.allowed(listed))
    asked = [(one.name, item.defect) for one, item in zip(found, wanted.items, strict=True) if one is not None]
    if _is_told(known, wanted.segment):
        return _refused(known, wanted.segment, GIVEN, "segment", names, ())
    for place, pair in enumerate(asked):
        if _was_to_tell(known, wanted.segment, *pair):
            return _refused(known, wanted.segment, GIVEN, f"items.{place}.material", names, ())
    told = dict(asked)
    told |= {name: "MISSING" for name in known.missing(wanted.segment) if name not in told}
    return Noticed(segment=wanted.segment, items=tuple(Told(*one) for one in told.items()))


def unread(known: Known, sent: Mapping[str, Any]) -> Overasked | None:
    """What is recorded of a request that cannot be read, when it names anything: ``None`` when it does not. Of its
    texts only the names under ``material``, those of fields that there are not, and the policy's own names of what the
    others mean."""
    known_names = {name for listed in known.listed.values() for one in listed for name in (one.name, one.zh)}
    told = sorted(_named(sent), key=lambda name: name in known_names)
    nevers = known.policy.meant(_texts(sent))
    if not told and not nevers:
        return None
    segment = sent.get("segment")
    names = [_tidy(name) for name in told[:ITEMS_MAX]]
    sealed = ToSeal(json.dumps(names, ensure_ascii=False).encode())
    place = segment if isinstance(segment, str) and segment in known.listed else ""
    return Overasked(segment=place, code=NOT_LISTED, nevers=nevers, sealed=sealed)


def _named(sent: Mapping[str, Any]) -> list[str]:
    """The materials that a body names, and the names of the fields that a request has not, each once."""
    items = sent.get("items")
    parts = [sent, *(one for one in (items if isinstance(items, list) else ()) if isinstance(one, Mapping))]
    materials = [one["material"] for one in parts if isinstance(one.get("material"), str)]
    return [*dict.fromkeys([*materials, *(name for one in parts for name in one if name not in _FIELDS)])]


def _texts(sent: Mapping[str, Any]) -> Iterator[str]:
    """The texts and the names of fields in a body, at any depth."""
    left: deque[Any] = deque([sent])
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            left.extend([*value, *value.values()])
        elif isinstance(value, list):
            left.extend(value)


def _tidy(name: str) -> str:
    """A name as it is recorded: bounded, and without a character that cannot be seen or stored."""
    return "".join(one if one.isprintable() else "\ufffd" for one in name[:NAME_CHARACTERS_MAX])


def document(known: Known, handed: Handed) -> Documented | Refused | None:
    """The document that was handed in; ``None`` when it is there already (P2)."""
    both = [(segment, one) for segment, listed in known.listed.items() for one in listed]
    found = next(((segment, one) for segment, one in both if _is(one, handed.material)), None)
    allowed = tuple(one.name for _, one in both if one.name not in known.fetched)
    if found is None:
        return _refused(known, "", NOT_LISTED, "material", [handed.material], allowed)
    segment, material = found
    if material.name in known.fetched:
        return _refused(known, segment, FETCHED, "material", [handed.material], allowed)
    if any((one.material, one.sha256) == (material.name, handed.sha256) for one in known.documents):
        return None
    sealed = json.dumps({"reference": handed.reference, "sha256": handed.sha256}, ensure_ascii=False)
    return Documented(material=material.name, sealed=ToSeal(sealed.encode()))


def _refused(
    known: Known, segment: str, code: str, place: str, names: Sequence[str], allowed: tuple[str, ...]
) -> Refused:
    nevers = known.policy.meant(names)
    sealed = ToSeal(json.dumps(list(names), ensure_ascii=False).encode())
    return Refused(code, place, allowed, Overasked(segment=segment, code=code, nevers=nevers, sealed=sealed))


def _not_to_ask(known: Known, one: Material | None) -> str | None:
    """Why a material of a request may not be asked of the customer."""
    if one is None:
        return NOT_LISTED
    if one.name in known.fetched:
        return FETCHED
    return AWAITED if one.name in known.awaited else None


def _was_to_tell(known: Known, segment: str, material: str, defect: str) -> bool:
    """Whether a defect had to be told with the last notice of the segment: its paper was there, and the defect is
    another one than those that were told."""
    given = [one for one in known.notices if one.segment == segment]
    papers = [one.number for one in known.documents if one.material == material]
    if not given or not papers or max(papers) > given[-1].number:
        return False
    return all((material, defect) not in one.items for one in given)


def _is_told(known: Known, segment: str) -> bool:
    """Whether the customer was told for this segment, and has handed in nothing for it since."""
    told = max((one.number for one in known.notices if one.segment == segment), default=0)
    names = {one.name for one in known.listed.get(segment, ())}
    return told > 0 and not any(one.number > told for one in known.documents if one.material in names)


def _of(listed: Sequence[Material], name: str) -> Material | None:
    return next((one for one in listed if _is(one, name)), None)


def _is(one: Material, name: str) -> bool:
    return name in (one.name, one.zh)
