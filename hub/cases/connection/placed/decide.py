"""What is found about the site of a case. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.cases import reasons
from hub.cases.connection.command import TITLE
from hub.cases.connection.events import Matched, Waiting
from hub.cases.connection.placed import questions
from hub.cases.connection.placed.events import Placed
from hub.cases.events import Event
from hub.cases.places.compare import Match, Place, Verdict, compare
from hub.cases.places.listed import names_several

FINDINGS_MAX: Final = 50
"""Most findings about the site of one case. A title that is corrected more often is matched all the same."""
RESIDENT: Final = "RESIDENT"


@dataclass(frozen=True, slots=True)
class Placing:
    """What is known of the site of a case: as the application has it, and of the title that matches, where it opens.
    ``seen``: the records and readings that were compared before; ``asked``: the questions so far; ``findings``: their
    number."""

    site: Place
    title: Place | None = None
    customer_class: str = ""
    seen: frozenset[tuple[bytes, int]] = frozenset()
    asked: frozenset[str] = frozenset()
    findings: int = 0


@dataclass(slots=True)
class _Found:
    placing: Placing
    events: list[Placed] = field(default_factory=list)

    def add(self, match: Match | None, question: str, record: tuple[bytes, int] | None = None) -> None:
        """One finding more, as long as there are not too many."""
        nth = self.placing.findings + len(self.events) + 1
        if nth <= FINDINGS_MAX:
            self.events.append(
                Placed(
                    nth=nth,
                    record_id=record[0] if record else None,
                    reading=record[1] if record else 0,
                    verdict=(match.verdict if match else Verdict.ASK).value,
                    compared_by=match.by if match else "",
                    parts=match.parts if match else (),
                    question=question,
                )
            )


def placed(decided: Iterable[Event | object], placing: Placing | None) -> Sequence[Placed]:
    """The findings that follow from what was decided for the title: a match is compared, and what no source can say is
    asked once."""
    if placing is None:
        return ()
    found = _Found(placing)
    for one in decided:
        if isinstance(one, Matched) and one.kind == TITLE:
            _compared(found, (one.record_id, one.reading))
        elif isinstance(one, Waiting) and one.kind == TITLE:
            question = _without_match(one.reason, placing.customer_class)
            if question and question not in placing.asked:
                found.add(None, question)
    return found.events


def _compared(found: _Found, record: tuple[bytes, int]) -> None:
    title = found.placing.title
    if title is None or record in found.placing.seen:
        return
    match = compare(found.placing.site, title)
    several = names_several(title.address) and match.verdict is not Verdict.SAME
    asked = questions.SEVERAL_SITES_ONE_TITLE if several else questions.SAME_SITE
    found.add(match, asked if several or match.verdict is Verdict.ASK else "", record)


def _without_match(reason: str, customer_class: str) -> str:
    """The question where no title matches; "" for none."""
    if reason == reasons.AMBIGUOUS:
        return questions.SEVERAL_TITLES_ONE_SITE
    if reason == reasons.NOT_FOUND and customer_class == RESIDENT:
        return questions.PUBLIC_HOUSING_NO_TITLE
    return ""
