"""Whether a material may be asked for or handed in. Pure: of the policy's list and of what is there.

asked for ──► on the list of this segment? ──► not fetched? ──► not told already? ──► one-time notice
                    │ no                          │ no              │ no
                    └──────────── refused with the clause, and recorded ─┘
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from hub.cases.connection.materials.command import Handed, Request
from hub.cases.connection.materials.events import Documented, Noticed, Overasked, Told
from hub.cases.events import ToSeal
from hub.cases.policies.model import Material, Policy

NOT_LISTED: Final = "MATERIAL_NOT_LISTED"
FETCHED: Final = "MATERIAL_FETCHED"
GIVEN: Final = "NOTICE_GIVEN"


class There(NamedTuple):
    """A document that is there: the number of its event, its material, and its digest ("" where it does not open)."""

    number: int
    material: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the materials of a case. ``listed``: segment → all that may be asked for; ``fetched``: names of
    the materials that the hub has fetched; ``awaited``: those that it looks for; ``notices``: (number of its event,
    segment)."""

    policy: Policy
    listed: Mapping[str, tuple[Material, ...]]
    fetched: frozenset[str] = frozenset()
    awaited: frozenset[str] = frozenset()
    documents: Sequence[There] = ()
    notices: Sequence[tuple[int, str]] = ()

    def missing(self, segment: str) -> list[str]:
        """Names of the materials of a segment that are neither fetched nor handed in, nor looked for by the hub."""
        there = self.fetched | self.awaited | {one.material for one in self.documents}
        return [one.name for one in self.listed.get(segment, ()) if one.name not in there]


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
    found = [_of(listed, item.material) for item in wanted.items]
    names = [item.material for item in wanted.items]
    allowed = tuple(one.name for one in listed if one.name not in known.fetched)
    for place, one in enumerate(found):
        if one is None or one.name in known.fetched:
            code = NOT_LISTED if one is None else FETCHED
            return _refused(known, wanted.segment, code, f"items.{place}.material", names, allowed)
    if _is_told(known, wanted.segment):
        return _refused(known, wanted.segment, GIVEN, "segment", names, ())
    told = {one.name: item.defect for one, item in zip(found, wanted.items, strict=True) if one is not None}
    told |= {name: "MISSING" for name in known.missing(wanted.segment) if name not in told}
    return Noticed(segment=wanted.segment, items=tuple(Told(*one) for one in told.items()))


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


def _is_told(known: Known, segment: str) -> bool:
    """Whether the customer was told for this segment, and has handed in nothing for it since."""
    told = max((number for number, of in known.notices if of == segment), default=0)
    names = {one.name for one in known.listed.get(segment, ())}
    return told > 0 and not any(one.number > told for one in known.documents if one.material in names)


def _of(listed: Sequence[Material], name: str) -> Material | None:
    return next((one for one in listed if _is(one, name)), None)


def _is(one: Material, name: str) -> bool:
    return name in (one.name, one.zh)
