"""The lists that the hub fetches from a system: its steps (docs/crm-contract.md, section 14) and its reports about
joint transfers (section 12), read as a hub reads them, in small pages and in a large one. What the events say is not
looked at, and not told."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import uuid4

from hub.connect.rest.paging import CURSOR_CHARACTERS_MAX
from hub.crm.calls import REPORTS, STEPS
from hub.crm.play import Play
from hub.crm.reading import Answer

_LARGE: Final = 200
_SMALL: Final = 2
_PAGES: Final = 10
_NOT_NOW: Final = (0, 429, 503)
_TOKENS: Final = (401, 403)


class _List(NamedTuple):
    """A list: its path, the clauses about it (token, page, order, the same again, unknown place), where else it may
    be, and what must be done before it has anything."""

    path: str
    clauses: tuple[str, str, str, str, str]
    option: str
    first_zh: str
    first_en: str


_STEPS: Final = _List(
    STEPS,
    ("14.1", "14.2", "14.3", "14.4", "14.5"),
    "--steps-url",
    "请先在测试系统中办理几个环节",
    "play some steps first",
)
_REPORTS: Final = _List(
    REPORTS,
    ("12.4", "12.5", "12.6", "12.7", "12.8"),
    "--reports-url",
    "请先在测试系统中答复几次核验或过户",
    "let it report some results first",
)


def lists_its_steps(play: Play) -> None:
    """14.1 to 14.5: the list of steps, where the system has one."""
    _lists(play, _STEPS)


def lists_its_reports(play: Play) -> None:
    """12.4 to 12.8: the list of reports about joint transfers, where the system has one."""
    _lists(play, _REPORTS)


def _lists(play: Play, which: _List) -> None:
    token, _, *of_events = which.clauses
    first = play.line.listed(which.path, "", _LARGE)
    if first.status == 404 or first.status in _NOT_NOW:
        told = (
            f"GET {which.path} 应答 {first.status}：系统没有此列表，或地址不同（{which.option}）",
            f"GET {which.path} is answered {first.status}: the system has no such list, or it has another URL "
            f"({which.option})",
        )
        _unseen(play, which.clauses, *told)
        return
    said = play.line.listed(which.path, "", _LARGE, f"wrong-{uuid4().hex}")
    told = f"令牌错误时应答 {said.status}", f"a wrong token is answered with {said.status}"
    play.hold(token, said.status in _TOKENS and said.code, *told)
    if not _is_page(play, which, first, _LARGE):
        return
    if not ids(first):
        _unseen(play, of_events, f"列表为空：{which.first_zh}", f"the list is empty: {which.first_en}")
        return
    _continues(play, which, ids(first))
    again = ids(play.line.listed(which.path, "", _LARGE))
    told = "同一 after 再次询问，事件不同", "the same after is answered with other events the second time"
    play.hold(which.clauses[3], again[: len(ids(first))] == ids(first), *told)
    _unknown_place(play, which)


def _continues(play: Play, which: _List, whole: list[str]) -> None:
    """The pages one after another have what one large page has, each event once."""
    after, found, more = "", [], True
    for _ in range(_PAGES):
        said = play.line.listed(which.path, after, _SMALL)
        if not _is_page(play, which, said, _SMALL):
            return
        found += ids(said)
        after, more = str(said.value["next"]), said.value["more"]
        if not more:
            break
    told = "逐页取得的事件有重复", "an event is on two pages"
    if not play.hold(which.clauses[2], len({*found}) == len(found), *told):
        return
    enough = found[: len(whole)] == whole[: len(found)] and (more or len(found) >= len(whole))
    told = (
        "逐页取得的事件与一次取得的不同",
        "the small pages have other events, or in another order, than the large one",
    )
    play.hold(which.clauses[2], enough, *told)


def _unknown_place(play: Play, which: _List) -> None:
    """A place that the system never gave."""
    said = play.line.listed(which.path, f"no-such-place-{uuid4().hex}", _SMALL)
    refused = 400 <= said.status < 500 and said.status not in (*_TOKENS, *_NOT_NOW) and said.code
    told = f"从未给出的 after 应答 {said.status}", f"an after that it never gave is answered with {said.status}"
    play.hold(which.clauses[4], refused or ids(said), *told)


def _is_page(play: Play, which: _List, said: Answer, limit: int) -> bool:
    """Whether an answer has the form of a page."""
    zh, en = _fault(said, limit)
    return play.hold(which.clauses[1], not en, zh, en)


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


def _unseen(play: Play, clauses: Sequence[str], zh: str, en: str) -> None:
    for clause in clauses:
        play.unseen(clause, zh, en)
