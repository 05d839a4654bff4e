"""The checks of the kit: what the hub does to a connection system, and what must follow. Each check plays with
applications of its own, and writes down what it saw of the clauses (``Play.hold``)."""

from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from time import sleep
from typing import Final
from uuid import uuid4

from hub.crm.busy import answers_when_busy
from hub.crm.calls import (
    DATES,
    EVIDENCE,
    REGISTRATION,
    TRANSFER,
    TRANSFER_CANCELLATION,
    TRANSFER_CHECK,
    TRANSFER_NOTICE,
    TRANSFER_PUSH,
    WITHDRAWAL,
    To,
)
from hub.crm.changes import takes_what_changes
from hub.crm.found import beyond, delivered, found, nothing, said_not_there, still, stored_nothing, why_not_found
from hub.crm.lists import lists_its_reports, lists_its_steps
from hub.crm.play import Case, Play, refused, taken
from hub.crm.reading import Outcome, Word, keys

ORIGINAL_BYTES = 525_000
"""Bytes of the original in a piece that every system must take: 700,000 characters of Base64."""
LATER_S = 10.0
"""How long after the last call of the other checks everything is asked for once more, seconds: a job that deletes or
rolls back has run then."""
_AT_ONCE = 8
_FILE = {
    "mediaType": "application/ofd",
    "size": 1_024,
    "digest": f"sha-256=:{'A' * 43}=:",
    "href": f"/deliveries/{'A' * 48}/file",
}
_AFTER = (EVIDENCE, DATES, WITHDRAWAL)

Check = Callable[[Play], None]


def is_taken_and_found(play: Play) -> None:
    """2.1, 3.1 to 3.5, 5.2: each kind of piece is empty before it, taken, and found."""
    case = play.case()
    nothing(play, case.to(REGISTRATION))
    if not delivered(play, case, REGISTRATION):
        return
    for what in _AFTER:
        nothing(play, case.to(what))
    for what in reversed(_AFTER):
        delivered(play, case, what, "6.2" if what == WITHDRAWAL else "5.2")
    beyond(play, "6.2", case.number)


def is_not_there(play: Play) -> None:
    """3.2, 3.6: nothing is found under another key or number, and a question changes nothing."""
    case = play.case()
    if not case.registered():
        return
    to, said = case.push(EVIDENCE)
    if said.word is not Word.YES:
        return
    for other in (to._replace(key=uuid4().hex), to._replace(number=play.case().number)):
        found = play.line.ask(other)
        told = f"在另一个键或编号下也查到：{found}", f"it is found under another key or number too: {found}"
        play.hold("3.6", found.word is not Word.THERE, *told)
        said_not_there(play, found)
    asked = {str(play.line.ask(to)) for _ in range(5)}
    play.hold("3.6", len(asked) == 1, f"多次询问的应答不同：{asked}", f"the same question has several answers: {asked}")


def is_refused(play: Play) -> None:
    """2.2, 2.3, 5.1: what cannot be taken is refused, and nothing of it is stored."""
    case = play.case()
    empty = case.to(REGISTRATION)
    if refused(play, "2.2", empty, play.push(empty, {"externalAppNo": case.number})):
        stored_nothing(play, "2.2", empty)
    early = case.to(EVIDENCE)
    if refused(play, "5.1", early, play.push(early, case.body(EVIDENCE))):
        stored_nothing(play, "5.1", early)
    if case.registered():
        taken(play, early, play.push(early, case.body(EVIDENCE)), "5.1")


def wants_the_token(play: Play) -> None:
    """1.1: a stranger gets nothing, neither an effect nor "not there"."""
    to, wrong = play.case().to(REGISTRATION), secretly()
    for said in (play.line.push(to, play.samples[REGISTRATION], wrong), play.line.ask(to, wrong)):
        right = said.word is Word.SETTINGS and said.answer.status in (401, 403) and said.answer.code
        play.hold("1.1", right, f"令牌错误时应答 {said}", f"a wrong token is answered with {said}")
    stored_nothing(play, "1.1", to)


def secretly() -> str:
    """A token that no one gave."""
    return f"wrong-{uuid4().hex}"


def knows_applications_by_our_number(play: Play) -> None:
    """1.2: two applications with one number of their channel."""
    one, two = play.case(), play.case()
    for case in (one, two):
        if not case.registered(channelAppNo="津/2026-17#1"):
            return
    to, said = one.push(EVIDENCE)
    if said.word is Word.YES:
        other = play.line.ask(To(EVIDENCE, two.number, to.key))
        told = "两个申请的渠道编号相同，材料被混在一起", "two applications with one channelAppNo share their evidence"
        play.hold("1.2", other.word is not Word.THERE, *told)


def takes_any_text(play: Play) -> None:
    """1.3, 1.6, 7.1, 7.2: rare characters, null, unknown fields, the place of a file, a large body. Whether the system
    fetches the file cannot be seen: the kit is no hub that has one."""
    changes = {"custName": "𠮷田㐂（天津）电气·有限公司", "dueOn": None, "segment": "SUPPLY_PLAN", "contractCap": 315.5}
    case = play.case()
    if not delivered(play, case, REGISTRATION, "1.3", **changes, aFieldOfLater={"a": [1, None]}):
        return
    beyond(play, "1.3", case.number)
    if delivered(play, case, EVIDENCE, "7.1", original=_original(3)):
        _another_digest(play, case)
        if delivered(play, case, EVIDENCE, "7.2", file=_FILE):
            beyond(play, "7.2", case.number)
        delivered(play, case, EVIDENCE, "1.6", original=_original(ORIGINAL_BYTES))
        _, said = case.push(EVIDENCE, original=_original(2 * ORIGINAL_BYTES))
        told = f"超过 1 MiB 的正文应答 {said}", f"a body above 1 MiB is answered {said}"
        play.hold("1.6", said.word in (Word.YES, Word.NO), *told)


def _another_digest(play: Play, case: Case) -> None:
    """7.1: an original that is not the one of its digest. Who refuses it compares; who takes it may not store it."""
    to, said = case.push(EVIDENCE, original=_original(3) | {"sha256": "0" * 64})
    if said.word is Word.NO:
        stored_nothing(play, "7.1", to)
    else:
        beyond(play, "7.1", case.number)


def _original(size: int) -> dict[str, str]:
    content = bytes(size)
    digest, text = sha256(content).hexdigest(), b64encode(content).decode()
    return {"mediaType": "application/json", "sha256": digest, "content": text}


def takes_several_at_once(play: Play) -> None:
    """1.4, 3.7: pieces of one application at the same time, each found."""
    case = play.case()
    if not case.registered():
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        pushed = list(pool.map(lambda _: case.push(EVIDENCE), range(_AT_ONCE)))
    late = [said for to, said in pushed if said.word not in (Word.YES, Word.NOT_NOW) and not _silent(play, to, said)]
    told = "，".join(map(str, late[:3]))
    play.hold("1.4", not late, f"同时推送 {_AT_ONCE} 件时应答 {told}", f"{_AT_ONCE} pieces at once are answered {told}")
    for to, said in pushed:
        if said.word is Word.YES:
            found(play, to, said)
    numbers = [said.number for _, said in pushed if said.word is Word.YES]
    play.hold("1.4", len({*numbers}) == len(numbers), "不同的推送件编号相同", "different pieces have one number")


def _silent(play: Play, to: To, said: Outcome) -> bool:
    """Whether a piece was taken all the same, and only its answer was none: 2.1 names that."""
    return said.word is Word.SILENT and play.came(to)


def takes_a_repetition_once(play: Play) -> None:
    """4.2, 2.4, 4.3: the same piece again, and another content under its key."""
    case = play.case()
    to, first = case.push(REGISTRATION)
    if first.word is not Word.YES:
        return
    _again(play, to, first, play.push(to, case.body(REGISTRATION)))
    if found(play, to, first):
        other = play.push(to, case.body(REGISTRATION, contractCap=999, elecAddr="天津市河西区友谊路1号"))
        _conflicts(play, first, other)
        still(play, to, first.number, "4.3")


def _conflicts(play: Play, first: Outcome, other: Outcome) -> None:
    """4.3: how another content under the key of ``first`` is answered."""
    if other.word is Word.YES and other.number != first.number:
        told = "同一键的不同内容另存为一件", "another content under the same key becomes a second piece"
        play.note("4.3", *told)
    elif other.word is Word.YES:
        told = (
            "同一键的不同内容得到先到的编号，如同没有差别：其中一个内容丢失",
            "another content under the same key gets the number of the first, as if they were the same: one is lost",
        )
        play.hold("4.3", False, *told)
    else:
        told = f"同一键的不同内容应答 {other}", f"another content under the same key is answered {other}"
        play.hold("4.3", other.answer.status == 409 or other.word is Word.NO, *told)


def _again(play: Play, to: To, first: Outcome, said: Outcome) -> None:
    """A piece came a second time."""
    if said.answer.status == 409:
        listed = play.line.ask(to).word is Word.THERE
        play.hold("2.4", listed, "应答 409，但 GET 查不到", "answered with 409, and GET does not find it")
    elif said.word is Word.YES and said.number != first.number:
        told = (
            "重复的推送件另存为一件：枢纽因此先询问再推送",
            "a repeated piece becomes a second one: so the hub asks first",
        )
        play.note("4.2", *told)
    else:
        told = f"同一推送件再次到达时应答 {said}", f"the same piece again is answered {said}"
        play.hold("4.2", said.word in (Word.YES, Word.NOT_NOW), *told)


def settles(play: Play) -> None:
    """4.1: a call whose answer no one waited for takes effect in time, or never; then it is there once."""
    for what in (REGISTRATION, EVIDENCE):
        case = play.case()
        if what != REGISTRATION and not case.registered():
            return
        to, body = case.to(what), case.body(what)
        play.line.hang_up(to, body)
        said = play.settled(to, lambda said: said.word is Word.THERE)
        if said.word is Word.NOT_THERE:
            _once(play, case, to)
        elif said.word is not Word.THERE:
            told = f"没有等到应答的调用之后询问，应答 {said}", f"asked after a call without an answer, it says {said}"
            play.hold(why_not_found(to, said), False, *told)
        else:
            play.hold("4.1", True, "", "")


def _once(play: Play, case: Case, to: To) -> None:
    """What is not there after its time is pushed again, and is there once, also later."""
    if not taken(play, to, play.push(to, case.body(to.what)), "2.6"):
        return
    play.settled(to, lambda said: (keys(said.answer) or []).count(to.key) > 1)
    said = play.line.ask(to)
    times = (keys(said.answer) or []).count(to.key)
    told = (
        f"超过时限才生效，同一推送件有 {times} 份",
        f"it took effect after its time: it is there {times} times",
    )
    if times:
        play.hold("4.1", times == 1, *told)
    else:
        told = f"再次推送并已确认，GET 的应答：{said}", f"pushed again and acknowledged, and GET says: {said}"
        play.hold(why_not_found(to, said), False, *told)


def ignores_half_a_call(play: Play) -> None:
    """1.5: a call that breaks off in the middle of its body. Where a whole one is not taken, it shows nothing."""
    if not play.case().registered():
        return
    to = play.case().to(REGISTRATION)
    play.line.break_off(to, {**play.samples[REGISTRATION], "externalAppNo": to.number})
    said = play.settled(to, lambda said: said.word is Word.THERE)
    if said.word not in (Word.THERE, Word.NOT_THERE):
        told = f"只收到一半的调用之后询问，应答 {said}", f"asked after half a call, it says {said}"
        play.unseen("1.5", *told)
        return
    told = f"只收到一半的调用生效了：{said}", f"a call of which half arrived took effect: {said}"
    play.hold("1.5", said.word is Word.NOT_THERE, *told)


def takes_joint_transfers(play: Play) -> None:
    """12.1 to 12.3: a joint transfer, its questions, its cancellation, and a notice. A system without them says so by
    404, 405 or a refusal."""
    early, case = play.case(), play.case()
    to, said = case.push(TRANSFER)
    if said.word is Word.NO or (said.word is not Word.YES and said.answer.status in (404, 405)):
        told = "系统不接收联合过户", "the system takes no joint transfers: do not let the hub send them"
        play.note("12.1", *told)
        return
    if not (taken(play, to, said, "12.1") and found(play, to, said)):
        return
    asked = early.to(TRANSFER_CHECK)
    if refused(play, "12.1", asked, play.push(asked, early.body(TRANSFER_CHECK))):
        stored_nothing(play, "12.1", asked)
    for what in (TRANSFER_CHECK, TRANSFER_PUSH):
        for nth in (1, 2):
            delivered(play, case, what, "12.2", questionNo=nth)
    beyond(play, "12.2", case.number)
    delivered(play, case, TRANSFER_CANCELLATION, "12.3")
    delivered(play, case, TRANSFER_NOTICE, "12.3")
    delivered(play, case, TRANSFER_NOTICE, "12.3", noticeNo=9, takesBack=2, reason="NOT_CURRENT")


def keeps_what_it_has(play: Play) -> None:
    """3.4: everything that was acknowledged is still there at the end, some seconds later."""
    sleep(LATER_S)
    for to in play.acknowledged:
        said = play.line.ask(to)
        told = f"先前查得到的 {to.what} 现在应答 {said}", f"a {to.what} that was there before is answered {said} now"
        play.hold("3.4" if said.word is Word.THERE else why_not_found(to, said), said.word is Word.THERE, *told)


CHECKS: Final[tuple[Check, ...]] = (
    *(is_taken_and_found, is_not_there, is_refused, wants_the_token, knows_applications_by_our_number),
    *(takes_any_text, takes_several_at_once, takes_a_repetition_once, takes_what_changes),
    *(takes_joint_transfers, lists_its_steps, lists_its_reports, answers_when_busy),
    *(ignores_half_a_call, settles, keeps_what_it_has),
)
"""The checks in their order: those that take long come last."""
