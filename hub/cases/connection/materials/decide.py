"""Whether a material may be asked for or handed in. Pure: of the policy's list and of what is there.

asked for ──► no end? ──► on the list of this segment? ──► not the hub's to fetch? ──► not told already? ──► notice
                 │ no             │ no                              │ no                     │ no
                 └──────────────── refused with the clause, and recorded ────────────────────┘
"""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, TypeVar

from hub.cases.connection.materials.command import ITEMS_MAX, Handed, Item, Request, Signed
from hub.cases.connection.materials.events import Answering, Documented, Noticed, Overasked, Told
from hub.cases.events import ToSeal
from hub.cases.policies.model import Material, Policy

NOT_LISTED: Final = "MATERIAL_NOT_LISTED"
FETCHED: Final = "MATERIAL_FETCHED"
AWAITED: Final = "MATERIAL_AWAITED"
GIVEN: Final = "NOTICE_GIVEN"
ENDED: Final = "NOTICE_AFTER_END"
CONFLICT: Final = "REQUEST_CONFLICT"
NAME_CHARACTERS_MAX: Final = 200
"""Most characters of one name that is recorded with a refusal."""

_FIELDS: Final = frozenset({*Signed.model_fields, *Item.model_fields, *Handed.model_fields})
A = TypeVar("A", bound=Answering)


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


class Origin(NamedTuple):
    """By what the connection system asked: the fields of ``Answering`` that say so. For other callers all are empty."""

    request: bytes | None = None
    content: bytes | None = None
    source: str = ""

    def of(self, event: A) -> A:
        """The event, as one about this request."""
        return replace(event, request=self.request, content=self.content, source=self.source)


NO_SYSTEM: Final = Origin()


class Refused(NamedTuple):
    """Why a request is refused: the code, the place in the request, and what would be taken there. ``event`` records
    it."""

    code: str
    place: str
    allowed: tuple[str, ...]
    event: Overasked


def notice(known: Known, wanted: Request, origin: Origin = NO_SYSTEM) -> Noticed | Refused:
    """The one-time notice that a request becomes. What is missing beside what the request names is told too: the
    customer hears everything at once. One material that may not be asked for refuses the whole request; each has its
    own answer."""
    listed = known.listed.get(wanted.segment, ())
    found = [_of(listed, item.material) for item in wanted.items]
    answers = tuple(_answer(known, wanted.segment, one, item) for one, item in zip(found, wanted.items, strict=True))
    code, place = _why_not(known, wanted.segment, answers)
    if code:
        names = [item.material for item in wanted.items]
        allowed = known.allowed(listed) if code in (NOT_LISTED, FETCHED, AWAITED) else ()
        refused = _refused(known, wanted.segment, code, place, names, allowed)
        return refused._replace(event=origin.of(replace(refused.event, answers=answers)))
    told = {one.name: item.defect for one, item in zip(found, wanted.items, strict=True) if one is not None}
    told |= {name: "MISSING" for name in known.missing(wanted.segment) if name not in told}
    items = tuple(Told(*one) for one in told.items())
    return origin.of(Noticed(segment=wanted.segment, items=items, answers=answers))


def conflict(known: Known, wanted: Request, origin: Origin) -> Refused:
    """Another content under the id of a request: it is no request of its own."""
    names = [item.material for item in wanted.items]
    refused = _refused(known, wanted.segment, CONFLICT, "requestId", names, ())
    return refused._replace(event=origin.of(replace(refused.event, answers=(CONFLICT,) * len(names))))


def _why_not(known: Known, segment: str, answers: Sequence[str]) -> tuple[str, str]:
    """Why a request is refused, and where in it; ("", "") where it is not. What may never be asked for comes before
    what was told already."""
    if known.ended:
        return ENDED, ""
    never = next((place for place, code in enumerate(answers) if code not in ("", GIVEN)), None)
    if never is not None:
        return answers[never], f"items.{never}.material"
    if _is_told(known, segment):
        return GIVEN, "segment"
    again = next((place for place, code in enumerate(answers) if code), None)
    return ("", "") if again is None else (GIVEN, f"items.{again}.material")


def _answer(known: Known, segment: str, one: Material | None, item: Item) -> str:
    """Why a material of a request may not be asked of the customer; "" where it may."""
    if known.ended:
        return ENDED
    if one is None:
        return NOT_LISTED
    if one.name in known.fetched:
        return FETCHED
    if one.name in known.awaited:
        return AWAITED
    told = _is_told(known, segment) or _was_to_tell(known, segment, one.name, item.defect)
    return GIVEN if told else ""


def unread(known: Known, sent: Mapping[str, Any]) -> Overasked | None:
    """What is recorded of a request that cannot be read, when it names anything beyond the list: ``None`` when it does
    not, for a mistake of form about a listed material is no request beyond the list. Of its
    texts only the names under ``material``, those of fields that there are not, and the policy's own names of what the
    others mean."""
    known_names = {name for listed in known.listed.values() for one in listed for name in (one.name, one.zh)}
    told = sorted(_named(sent), key=lambda name: name in known_names)
    nevers = known.policy.meant(_texts(sent))
    segment = sent.get("segment")
    here = known.listed.get(segment) if isinstance(segment, str) else None
    listed = {name for one in here for name in (one.name, one.zh)} if here is not None else known_names
    if not nevers and listed.issuperset(told):
        return None
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
