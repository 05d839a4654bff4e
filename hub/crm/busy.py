"""How a busy system answers: many calls at once, and what becomes of those that it did not take."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import sleep

from hub.crm.calls import EVIDENCE, To
from hub.crm.found import why_not_found
from hub.crm.play import OBEYED_MAX_S, Case, Play, seconds
from hub.crm.reading import Outcome, Word, keys

_AT_ONCE, _CALLS = 32, 64
_LOOKED_AT_MAX = 5
_TRIES_MAX = 20
_WAIT_S = 0.5


def answers_when_busy(play: Play) -> None:
    """2.5, 2.6, 3.4, 3.7: many calls at once, and then many pieces in one list. What cannot be brought about
    from outside is told as not seen."""
    case = play.case()
    if not case.registered() or case.push(EVIDENCE)[1].word is not Word.YES:
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        pushed = list(pool.map(lambda _: _once(play, case), range(_CALLS)))
    put_off, silent, others = ([one for one in pushed if _sort(one[1]) == sort] for sort in (1, 2, 3))
    for to, said in put_off[:_LOOKED_AT_MAX]:
        _put_off(play, case, to, said)
    for to, said in silent[:_LOOKED_AT_MAX]:
        _silent(play, case, to, said)
    for _, said in others[:_LOOKED_AT_MAX]:
        told = f"{_AT_ONCE} 个调用同时到达时应答 {said}", f"with {_AT_ONCE} calls at once it answers {said}"
        play.hold("2.5", False, *told)
    _all_are_found(play, [to for to, said in pushed if said.word is Word.YES])
    _tell_what_was_not_seen(play, put_off, silent)


def _once(play: Play, case: Case) -> tuple[To, Outcome]:
    """Post a new piece once, also where it is put off."""
    to = case.to(EVIDENCE)
    return to, play.line.push(to, case.body(EVIDENCE))


def _all_are_found(play: Play, pieces: Sequence[To]) -> None:
    """Each of many pieces of one application is found: the list is not cut off, and none is lost."""
    for to in pieces:
        said = play.line.ask(to)
        if said.word is Word.THERE:
            continue
        listed = keys(said.answer) or []
        if said.word is Word.NOT_THERE and {*listed} & {one.key for one in pieces}:
            told = (
                f"有 {len(pieces)} 件以上，GET 的列表只有 {len(listed)} 项，没有说明还有其他",
                f"there are more than {len(pieces)} pieces; GET lists {len(listed)} and does not say that it has more",
            )
            play.hold("3.7", False, *told)
        else:
            told = (
                f"{len(pieces)} 件已确认，其中一件的 GET 应答：{said}",
                f"of {len(pieces)} pieces that were acknowledged GET says of one: {said}",
            )
            play.hold(why_not_found(to, said), False, *told)
        return


def _sort(said: Outcome) -> int:
    """0: taken; 1: not now; 2: no answer, or one that says nothing; 3: any other."""
    return {Word.YES: 0, Word.NOT_NOW: 1, Word.SILENT: 2}.get(said.word, 3)


def _tell_what_was_not_seen(play: Play, put_off: list[tuple[To, Outcome]], silent: list[tuple[To, Outcome]]) -> None:
    tried = f"{_CALLS} 个调用（同时 {_AT_ONCE} 个）", f"{_CALLS} calls, {_AT_ONCE} at once"
    if not put_off:
        told = f"{tried[0]}没有一个应答 429，未遇到限流", f"of {tried[1]}, none was answered 429: no limit was met"
        play.unseen("2.5", *told)
    if not silent:
        told = (
            f"{tried[0]}都得到了应答，没有 5xx，也没有超时；枢纽无法从外部使其发生",
            f"{tried[1]} were all answered, none with 5xx and none too late: that cannot be brought about from outside",
        )
        play.unseen("2.6", *told)


def _put_off(play: Play, case: Case, to: To, said: Outcome) -> None:
    """429 with an error object: nothing was done, the time can be read, and later the piece is taken."""
    asked = play.settled(to, lambda said: said.word in (Word.THERE, Word.NOT_THERE))
    told = f"应答 429，GET 却应答 {asked}", f"answered 429, and GET says {asked}"
    play.hold("2.5", asked.word is Word.NOT_THERE, *told)
    wait_s = seconds(said.answer.retry_after)
    told = "Retry-After 既不是秒数也不是日期", "Retry-After is neither seconds nor a date"
    if play.hold("2.5", wait_s is not None, *told):
        sleep(min(wait_s or 0.0, OBEYED_MAX_S))
    later = _again(play, case, to)
    told = f"推迟之后再次推送，仍应答 {later}", f"pushed again after it was put off, it is answered {later}"
    play.hold("2.5", later.word in (Word.YES, Word.THERE), *told)


def _silent(play: Play, case: Case, to: To, said: Outcome) -> None:
    """5xx, or no answer: the piece is there once, or not at all; then it can be pushed again."""
    if play.settled(to, lambda said: said.word is Word.THERE).word is Word.NOT_THERE:
        _again(play, case, to)
    found = play.settled(to, lambda said: said.word is Word.THERE)
    times = (keys(found.answer) or []).count(to.key)
    told = (
        f"应答 {said}，之后该推送件有 {times} 份（应为 1 份）",
        f"answered {said}; then the piece is there {times} times, not once",
    )
    play.hold("2.6", times == 1, *told)


def _again(play: Play, case: Case, to: To) -> Outcome:
    """The answer to the same piece again, as soon as there is one; as the hub does, it asks after no answer."""
    body = case.body(EVIDENCE)
    said = play.line.push(to, body)
    for _ in range(_TRIES_MAX):
        if said.word is Word.SILENT:
            asked = play.settled(to, lambda said: said.word is Word.THERE)
            if asked.word is Word.THERE:
                return asked
        elif said.word is not Word.NOT_NOW:
            break
        sleep(min(seconds(said.answer.retry_after) or _WAIT_S, OBEYED_MAX_S))
        said = play.line.push(to, body)
    return said
