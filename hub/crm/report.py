"""The kit's result, clause by clause."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from hub.crm.calls import REGISTRATION, Line
from hub.crm.checks import CHECKS
from hub.crm.clauses import Clause, Way, clauses
from hub.crm.play import Play, Seen, Verdict
from hub.crm.reading import Outcome, Word
from hub.errors import Misconfigured, Unavailable
from hub.ports import Clock

SEEN_MAX = 5
"""Different things that are told of one clause."""
_NO_CALL: Final = (
    "没有调用涉及：前面的条款不符，或系统没有这样应答",
    "no call came to it: a clause before it is broken, or the system never answered so",
)
_REFUSED: Final = (401, 403)
Progress = Callable[[str], None]


class Result(NamedTuple):
    """What came of one clause, with what was seen, or why it was not."""

    clause: Clause
    verdict: Verdict
    seen: tuple[Seen, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        told = {"clause": self.clause.number, "verdict": self.verdict, "zh": self.clause.zh, "en": self.clause.en}
        if self.verdict == Verdict.BROKEN:
            told |= {"remedy_zh": self.clause.remedy_zh, "remedy_en": self.clause.remedy_en}
        return {**told, "seen": [{"zh": one.zh, "en": one.en} for one in self.seen]}


def run(line: Line, samples: Mapping[str, Mapping[str, Any]], clock: Clock, progress: Progress) -> list[Result]:
    """Play every check against the system at the end of ``line``. ``progress`` is called with the name of each. Raises
    ``Unavailable`` when the system does not answer at all, and ``Misconfigured`` when it does not know the token."""
    play = Play(line=line, samples=samples, clock=clock)
    first = line.ask(play.case().to(REGISTRATION))
    if first.word is Word.SILENT and not first.answer.status:
        raise Unavailable(f"the connection system does not answer: {first}; check the URL, and the way to it")
    _knows_the_token(play, first)
    for check in CHECKS:
        progress(check.__name__.replace("_", " "))
        check(play)
    return results(play.seen, Way.PUSH)


def _knows_the_token(play: Play, asked: Outcome) -> None:
    """Whether the system takes the token, to ask and to post. Raises ``Misconfigured``: a run with a wrong one would
    name clauses that no call came to."""
    said = asked
    if said.answer.status not in _REFUSED:
        said = play.case().push(REGISTRATION)[1]
        if said.answer.status != _REFUSED[0]:
            return
    raise Misconfigured(
        f"the connection system does not know the token ({said}), and nothing was checked",
        "give the token of this test system in $HUB_CRM_TOKEN, with the right to ask and to post",
    )


def results(seen: Sequence[Seen], way: Way) -> list[Result]:
    """One result for each clause of a way of delivery, in the order of the contract."""
    known = [one for one in clauses().values() if one.way == way]
    return [_result(clause, [one for one in seen if one.clause == clause.number]) for clause in known]


def _result(clause: Clause, seen: Sequence[Seen]) -> Result:
    # A clause of which a part was not seen is not obeyed, as far as anyone knows.
    for verdict in (Verdict.BROKEN, Verdict.NOTE):
        if told := tuple(dict.fromkeys(one for one in seen if one.verdict == verdict)):
            return Result(clause, verdict, told[:SEEN_MAX])
    unseen = tuple(dict.fromkeys(one for one in seen if one.verdict == Verdict.NOT_SEEN))
    if seen and not unseen:
        return Result(clause, Verdict.HOLDS)
    return Result(clause, Verdict.NOT_SEEN, unseen[:1] or (Seen(clause.number, Verdict.NOT_SEEN, *_NO_CALL),))
