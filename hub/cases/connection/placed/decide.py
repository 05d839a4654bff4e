"""What is found about the site of a case. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

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
QUESTIONS_MAX: Final = 20
"""Most questions about the site of one case. What would be asked beyond that is not, and no title waits for it."""


class Near(NamedTuple):
    """A title of the applicant that the ids of the site do not find, and where it is."""

    record_id: bytes
    reading: int
    title: Place


@dataclass(frozen=True, slots=True)
class Placing:
    """What is known of the site of a case: as the application has it, and of the title that matches, where it opens.
    ``near``: titles of the applicant of which none matches.
    ``seen``: the records and readings that were compared before; ``asked``: the sorts of question so far;
    ``findings`` and ``questions``: their numbers."""

    site: Place
    title: Place | None = None
    seen: frozenset[tuple[bytes, int]] = frozenset()
    asked: frozenset[str] = frozenset()
    findings: int = 0
    questions: int = 0
    near: tuple[Near, ...] = ()


@dataclass(slots=True)
class _Found:
    placing: Placing
    events: list[Placed] = field(default_factory=list)

    def add(self, match: Match | None, question: str, record: tuple[bytes, int] | None = None) -> None:
        """One finding more, as long as there are not too many."""
        nth = self.placing.findings + len(self.events) + 1
        asked = self.placing.questions + sum(bool(one.question) for one in self.events)
        if nth <= FINDINGS_MAX and not (question and asked >= QUESTIONS_MAX):
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
            question = _QUESTIONS.get(one.reason)
            if question and question not in placing.asked:
                found.add(None, question)
    for title in placing.near:
        _near(found, title)
    return found.events


def _near(found: _Found, near: Near) -> None:
    """A person is asked about a title of the applicant, unless it certainly is another place. It is asked also where
    the addresses say one door: only its own number and the exact address find a title."""
    site, record = found.placing.site, (near.record_id, near.reading)
    match = compare(site, near.title)
    if record in found.placing.seen or match.verdict is Verdict.DIFFERENT or not (site.address and near.title.address):
        return
    several = names_several(near.title.address)
    found.add(match, questions.SEVERAL_SITES_ONE_TITLE if several else questions.SAME_SITE, record)


def _compared(found: _Found, record: tuple[bytes, int]) -> None:
    title = found.placing.title
    if title is None or record in found.placing.seen:
        return
    match = compare(found.placing.site, title)
    several = names_several(title.address) and match.verdict is not Verdict.SAME
    asked = questions.SEVERAL_SITES_ONE_TITLE if several else questions.SAME_SITE
    found.add(match, asked if several or match.verdict is Verdict.ASK else "", record)


_QUESTIONS: Final = {
    reasons.AMBIGUOUS: questions.SEVERAL_TITLES_ONE_SITE,
    reasons.NOT_FOUND: questions.PUBLIC_HOUSING_NO_TITLE,
}
"""Why no title matches → what is asked. Public housing (直管公房) has shops in it too: every customer class is
asked."""
