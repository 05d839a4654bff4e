"""What changes after delivery (section 6): what comes later is taken, and takes nothing of the earlier away."""

from uuid import uuid4

from hub.crm.calls import CANCELLATION, DATES, EVIDENCE, HANDOVER, RATING, RECALL, WARNING, WITHDRAWAL
from hub.crm.found import beyond, delivered, found, still
from hub.crm.play import Case, Play, taken
from hub.crm.reading import Word

_RATING = {"grade": 2, "gradeName": "不满意", "text": None}
_OTHER_RATING = {"grade": 5, "gradeName": "非常满意", "text": None, "followUpDueOn": None}


def takes_what_changes(play: Play) -> None:
    """6.1 to 6.8: corrections, withdrawals, dates out of order, a rating, a warning, a cancellation, recalls, notices
    of a title that changed hands."""
    case, reference = play.case(), uuid4().hex
    if not case.registered():
        return
    _corrects_and_withdraws(play, case, reference)
    _out_of_order(play, case, DATES, "6.4")
    _rates(play, case)
    delivered(play, case, WARNING, "6.6")
    if delivered(play, case, CANCELLATION, "6.3"):
        beyond(play, "6.3", case.number)
    _out_of_order(play, case, RECALL, "6.7", recordId=reference)
    _changes_hands(play, case)


def _corrects_and_withdraws(play: Play, case: Case, reference: str) -> None:
    """6.1, 6.2: a later reading leaves the earlier one there, and so does a withdrawal."""
    first = delivered(play, case, EVIDENCE, "6.1", recordId=reference, reading=0)
    later = delivered(play, case, EVIDENCE, "6.1", recordId=reference, reading=1)
    pieces = [to for to in (first, later) if to]
    numbers = {play.acknowledged[to] for to in pieces}
    told = "更正与先前的材料编号相同", "the correction has the number of the evidence that it corrects"
    play.hold("6.1", len(numbers) == len(pieces), *told)
    there = [to for to in pieces if still(play, to, play.acknowledged[to], "6.1")]
    if delivered(play, case, WITHDRAWAL, "6.2", recordId=reference, reading=1):
        for to in there:
            still(play, to, play.acknowledged[to], "6.2")
        beyond(play, "6.2", case.number)


def _out_of_order(play: Play, case: Case, what: str, clause: str, **changes: object) -> None:
    """6.4, 6.7: the notice with the higher number comes first, and the lower one does not take its place."""
    higher = delivered(play, case, what, clause, **changes, noticeNo=2)
    lower = delivered(play, case, what, clause, **changes, noticeNo=1)
    if higher and lower and still(play, higher, play.acknowledged[higher], clause):
        beyond(play, clause, case.number)


def _rates(play: Play, case: Case) -> None:
    """6.5: a second rating, which a hub does not send, leaves the first as it is."""
    first = delivered(play, case, RATING, "6.5", **_RATING)
    if not first:
        return
    _, said = case.push(RATING, **_OTHER_RATING)
    if still(play, first, play.acknowledged[first], "6.5") and said.word is Word.YES:
        beyond(play, "6.5", case.number)


def _changes_hands(play: Play, case: Case) -> None:
    """6.8: a notice, and one that takes it back. A system without joint transfers says so by 404, 405 or
    a refusal."""
    to, said = case.push(HANDOVER)
    if said.word is Word.NO or (said.word is not Word.YES and said.answer.status in (404, 405)):
        told = "系统不接收产权变更的告知", "the system takes no notices of titles that changed hands"
        play.note("6.8", *told)
    elif (
        taken(play, to, said, "6.8")
        and found(play, to, said)
        and delivered(play, case, HANDOVER, "6.8", noticeNo=2, takesBack=1)
        and still(play, to, said.number, "6.8")
    ):
        beyond(play, "6.8", case.number)
