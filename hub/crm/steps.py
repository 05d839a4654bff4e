"""The list of steps that the hub fetches from a system (docs/crm-contract.md, section 14), read as a hub reads it, in
small pages and in a large one. What the events say is not looked at, and not told."""

from typing import Any, Final
from uuid import uuid4

from hub.connect.rest.paging import CURSOR_CHARACTERS_MAX
from hub.crm.play import Play
from hub.crm.reading import Answer

_LARGE: Final = 200
_SMALL: Final = 2
_PAGES: Final = 10
_CLAUSES: Final = ("14.1", "14.2", "14.3", "14.4", "14.5")
_NOT_NOW: Final = (0, 429, 503)
_TOKENS: Final = (401, 403)


def lists_its_steps(play: Play) -> None:
    """14.1 to 14.5: the list of steps, where the system has one."""
    first = play.line.steps("", _LARGE)
    if first.status == 404 or first.status in _NOT_NOW:
        told = (
            f"GET /steps 应答 {first.status}：系统没有此列表，或地址不同（--steps-url）",
            f"GET /steps is answered {first.status}: the system has no such list, or it has another URL (--steps-url)",
        )
        _unseen(play, _CLAUSES, *told)
        return
    said = play.line.steps("", _LARGE, f"wrong-{uuid4().hex}")
    told = f"令牌错误时应答 {said.status}", f"a wrong token is answered with {said.status}"
    play.hold("14.1", said.status in _TOKENS and said.code, *told)
    if not _is_page(play, first, _LARGE):
        return
    if not ids(first):
        _unseen(
            play, _CLAUSES[2:], "列表为空：请先在测试系统中办理几个环节", "the list is empty: play some steps first"
        )
        return
    _continues(play, ids(first))
    again = ids(play.line.steps("", _LARGE))
    told = "同一 after 再次询问，事件不同", "the same after is answered with other events the second time"
    play.hold("14.4", again[: len(ids(first))] == ids(first), *told)
    _unknown_place(play)


def _continues(play: Play, whole: list[str]) -> None:
    """14.3: the pages one after another have what one large page has, each event once."""
    after, found, more = "", [], True
    for _ in range(_PAGES):
        said = play.line.steps(after, _SMALL)
        if not _is_page(play, said, _SMALL):
            return
        found += ids(said)
        after, more = str(said.value["next"]), said.value["more"]
        if not more:
            break
    told = "逐页取得的事件有重复", "an event is on two pages"
    if not play.hold("14.3", len({*found}) == len(found), *told):
        return
    enough = found[: len(whole)] == whole[: len(found)] and (more or len(found) >= len(whole))
    told = (
        "逐页取得的事件与一次取得的不同",
        "the small pages have other events, or in another order, than the large one",
    )
    play.hold("14.3", enough, *told)


def _unknown_place(play: Play) -> None:
    """14.5: a place that the system never gave."""
    said = play.line.steps(f"no-such-place-{uuid4().hex}", _SMALL)
    refused = 400 <= said.status < 500 and said.status not in (*_TOKENS, *_NOT_NOW) and said.code
    told = f"从未给出的 after 应答 {said.status}", f"an after that it never gave is answered with {said.status}"
    play.hold("14.5", refused or ids(said), *told)


def _is_page(play: Play, said: Answer, limit: int) -> bool:
    """Whether an answer has the form of a page (14.2)."""
    zh, en = _fault(said, limit)
    return play.hold("14.2", not en, zh, en)


def _fault(said: Answer, limit: int) -> tuple[str, str]:
    value = said.value
    if said.status != 200 or not isinstance(value, dict) or not isinstance(value.get("items"), list):
        return f"应答 {said.status}，没有 items", f"answered with {said.status}, without a list items"
    if len(value["items"]) > limit:
        return f"limit 为 {limit}，给出更多", f"more than {limit} items, which were asked for"
    if len(ids(said)) < len(value["items"]):
        return "有事件没有 eventId", "an event without eventId"
    if type(value.get("more")) is not bool:
        return "more 不是 true 或 false", "more is neither true nor false"
    if not _is_place(value.get("next"), may_be_empty=not value["items"]):
        return "next 不是位置", "next is no place"
    return "", ""


def _is_place(value: Any, may_be_empty: bool) -> bool:
    if type(value) is int:
        return True
    return isinstance(value, str) and len(value) <= CURSOR_CHARACTERS_MAX and (may_be_empty or bool(value))


def ids(said: Answer) -> list[str]:
    """The ``eventId`` of each event of a page that has one."""
    value = said.value
    items = value.get("items") if said.status == 200 and isinstance(value, dict) else None
    events = [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []
    return [one["eventId"] for one in events if isinstance(one.get("eventId"), str) and one["eventId"]]


def _unseen(play: Play, clauses: tuple[str, ...], zh: str, en: str) -> None:
    for clause in clauses:
        play.unseen(clause, zh, en)
