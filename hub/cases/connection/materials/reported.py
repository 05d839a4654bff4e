"""Steps by which the utility asks the customer for materials (补正), held against the policy's list like every other
request (P6). Pure. The step itself stays what it is: a claim, or a fact, of the clocks."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from hub.cases.connection.materials.command import ITEMS_MAX, Defect, Item, Request
from hub.cases.connection.materials.decide import Given, Known, Origin, notice
from hub.cases.connection.materials.events import Noticed, Overasked
from hub.cases.steps.facts import ACCEPTANCE
from hub.cases.steps.gather import Asking
from hub.cases.steps.judge import History


class Before(NamedTuple):
    """What is known of the materials of a case before it hears of steps. ``answered``: (request, content) of what was
    answered before; ``left``: how many refusals can be recorded still."""

    known: Known
    answered: frozenset[tuple[bytes, bytes]]
    left: int


def events(before: Before, asking: Iterable[Asking], history: History) -> Iterator[Noticed | Overasked]:
    """A one-time notice or a refusal for each step that names materials, in the order of their own times. A step that
    came over two ways, or is read again, asks once."""
    known, answered, left = before.known, set(before.answered), before.left
    for one in sorted(asking, key=lambda one: (one.occurred_ms, one.event, one.content)):
        if (one.event, one.content) in answered:
            continue
        answered.add((one.event, one.content))
        made = notice(known, _request(known, one, history), Origin(one.event, one.content, one.source))
        if isinstance(made, Noticed):
            known = _told(known, made)
            yield made
        elif left > 0:
            left -= 1
            yield made.event


def _request(known: Known, one: Asking, history: History) -> Request:
    """The request that a step makes. Of very many materials those come first that may never be asked for, then those
    that the list does not have."""
    segment: Any = one.segment or _running(history, one.occurred_ms)
    there = {one.material for one in known.documents}
    papers = {name: paper for paper in known.listed.get(segment, ()) for name in (paper.name, paper.zh)}
    worst_first = sorted(
        dict.fromkeys(one.materials), key=lambda name: (name in papers, not known.policy.meant([name]))
    )
    defects: dict[str, Defect] = {name: "INCOMPLETE" for name, paper in papers.items() if paper.name in there}
    items = [
        Item.model_construct(material=name, defect=defects.get(name, "MISSING")) for name in worst_first[:ITEMS_MAX]
    ]
    return Request.model_construct(segment=segment, items=items)


def _running(history: History, at_ms: int) -> str:
    """The segment that ran at a moment, or ended last before it."""
    begun = [one.segment for one in history.rounds if one.opened_ms <= at_ms]
    return begun[-1] if begun else ACCEPTANCE


def _told(known: Known, made: Noticed) -> Known:
    """What is known after a notice, which gets a number later than all that is there."""
    papers, notices = (one.number for one in known.documents), (one.number for one in known.notices)
    number = max((*papers, *notices), default=0) + 1
    items = frozenset((one.material, one.defect) for one in made.items)
    return replace(known, notices=[*known.notices, Given(number, made.segment, items)])
