"""What was taken is looked for: whether a piece is found, still found, or not there, and what no question shows."""

from collections.abc import Mapping
from typing import Final

from hub.crm.calls import To
from hub.crm.play import Case, Play, is_time, taken
from hub.crm.reading import Outcome, Word, keys

_BEYOND: Final[Mapping[str, tuple[str, str]]] = {
    "1.3": (
        "已接收；文字是否原样保存，无法用调用询问：请核对 custName 是否为“𠮷田㐂（天津）电气·有限公司”",
        "taken; whether the text is stored as it came cannot be asked: custName must be 𠮷田㐂（天津）电气·有限公司",
    ),
    "6.2": (
        "已接收，可查到；材料是否不再算数，无法用调用询问",
        "taken and found; that the evidence does not count any more cannot be asked",
    ),
    "6.3": (
        "已接收，可查到；之后的终止环节由贵系统回报，检查时不等待",
        "taken and found; the step of termination is reported later, and the check does not wait for it",
    ),
    "6.4": (
        "各次通知都已接收，可查到；以哪一次为准，无法用调用询问：应为 noticeNo 2",
        "all notices are taken and found; which one counts cannot be asked: it must be noticeNo 2",
    ),
    "6.5": (
        "评价已接收，可查到；第二次评价也被接收，以哪一次为准，无法用调用询问：应为 grade 2",
        "it is taken and found, and a second one is taken too; which one counts cannot be asked: it must be grade 2",
    ),
    "6.7": (
        "已接收，可查到；办件是否没有重开，无法用调用询问",
        "taken and found; that it opened nothing again cannot be asked",
    ),
    "6.8": (
        "告知和取回都已接收，可查到；是否已取回，无法用调用询问",
        "the notice and the one that takes it back are taken and found; that it is taken back cannot be asked",
    ),
    "7.1": (
        "sha256 与原件不符的材料也被接收；是否保存了原件，无法用调用询问",
        "evidence with a wrong sha256 of its original is taken too; whether the original is stored cannot be asked",
    ),
    "7.2": (
        "已接收；是否取得文件并核对，检查时看不到",
        "taken; whether the file is fetched and compared is not seen from here",
    ),
    "12.2": (
        "每次提问都已接收，可查到；结果另行报告，检查时不等待",
        "each question is taken and found; the results are reported later, and the check does not wait for them",
    ),
}
"""Clause → what was seen of it, and what of it no call shows."""


def beyond(play: Play, clause: str, number: str) -> None:
    """Write down that a part of a clause cannot be seen; ``number``: where a person looks."""
    zh, en = _BEYOND[clause]
    play.unseen(clause, f"{zh}（请在测试系统中查看 {number}）", f"{en} (look at {number} in the test system)")


def delivered(play: Play, case: Case, what: str, clause: str = "2.1", **changes: object) -> To | None:
    """Post a new piece, and look for it. Returns its address when it was taken (``clause``) and is found."""
    to, said = case.push(what, **changes)
    return to if taken(play, to, said, clause) and found(play, to, said) else None


def found(play: Play, to: To, pushed: Outcome) -> bool:
    """Whether what was acknowledged is found, at once, by its key and with its number."""
    said = play.line.ask(to)
    told = f"已确认（{pushed.number}），GET 的应答：{said}", f"acknowledged ({pushed.number}), and GET says: {said}"
    if said.word is Word.THERE:
        for clause in ("3.1", "3.3", "3.4", "3.7"):
            play.hold(clause, True, "", "")
        play.acknowledged[to] = pushed.number
        told = (
            "GET 列出的 receivedAt 不是带时差的 ISO 8601 时间",
            "GET lists a receivedAt that is no time with offset",
        )
        play.hold("2.1", is_time(said.received_at or None), *told)
        told = f"编号 {pushed.number} 变为 {said.number}", f"the number {pushed.number} has become {said.number}"
        return play.hold("3.5", said.number == pushed.number, *told)
    return play.hold(why_not_found(to, said), False, *told)


def still(play: Play, to: To, number: str, clause: str) -> bool:
    """Whether a piece that is there has not been deleted or replaced by what came after it (``clause``)."""
    said = play.line.ask(to)
    told = (
        f"后来的一件到达之后，先前的 {to.what}（{number}）应答 {said} {said.number}",
        f"after a later piece the {to.what} that was there ({number}) is answered {said} {said.number}",
    )
    held = play.hold(clause, said.word is Word.THERE and said.number == number, *told)
    if not held:
        play.acknowledged.pop(to, None)
    return held


def nothing(play: Play, to: To) -> None:
    """Nothing is there yet: a question must say so."""
    said_not_there(play, play.line.ask(to))


def said_not_there(play: Play, said: Outcome) -> None:
    """Nothing is there: the answer must say so."""
    told = f"没有的推送件，GET 应答 {said}", f"for what is not there GET says {said}"
    play.hold("3.7" if keys(said.answer) else "3.2", said.word is Word.NOT_THERE, *told)


def stored_nothing(play: Play, clause: str, to: To) -> bool:
    """Whether nothing is there of what was refused (``clause``)."""
    said = play.line.ask(to)
    told = f"已拒绝，但仍保存：{said}", f"refused, and stored all the same: {said}"
    return play.hold(clause, said.word is not Word.THERE, *told)


def why_not_found(to: To, said: Outcome) -> str:
    """The clause that an answer breaks which does not list what is there."""
    listed = keys(said.answer)
    if listed is None:
        return "3.4" if said.word is Word.NOT_THERE else "3.1"
    if said.why.startswith("no "):
        return "3.1"
    if listed and to.key not in listed:
        return "3.3"
    return "3.4" if said.word is Word.NOT_THERE else "3.7"
