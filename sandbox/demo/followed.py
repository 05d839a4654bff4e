"""The joint transfers of the demonstration line by line, and the titles that ended: each with the time when it happened
at its source and the time when the hub learned it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from rich.table import Column, Table
from sqlalchemy import select

from hub.bootstrap import Hub
from hub.cases.tables import piece
from hub.cases.times import iso
from hub.cases.transfer.events import CHECK, TRANSFER
from hub.cases.transfer.states import Said, Standing, take
from hub.cases.transfer.tables import transfer
from hub.clock import in_china

_TOLD = {False: "withdrawal", True: "recall"}
"""The kind of the piece that tells of a title that ended, before and after the end of the application."""


class Line(NamedTuple):
    """One thing that happened. ``happened_at``: RFC 3339, or the date of an entry in the book, "" where the source
    gives no time; ``state``: where the transfer stands after it, "" for what moves none."""

    about: str
    happened_at: str
    learned_at: str
    what: str
    state: str


def follow(hub: Hub, applications: Sequence[Mapping[str, Any]]) -> list[Line]:
    """The lines of all joint transfers and of the titles that ended, each group by the time when the hub learned it."""
    service = hub.transfers()
    with hub.store.read() as connection:
        ids = [
            bytes(one) for one in connection.execute(select(transfer.c.case_id).order_by(transfer.c.case_id)).scalars()
        ]
    transfers = [line for one in ids for line in _transfer(service.show(one), service.story(one))]
    ended = [line for one in applications for recall in one["recalls"] for line in _recall(hub, one, recall)]
    return [*transfers, *sorted(ended, key=lambda line: line.learned_at)]


def table(lines: Sequence[Line]) -> Table:
    """The lines for people, in China's time, Chinese first."""
    shown = Table(
        *("about 对象", "happened 发生", "learned 获知", Column("what 事项", overflow="fold"), "state 状态"),
        title="joint transfer and ended titles 联合过户与证照失效",
        title_justify="left",
    )
    for line in lines:
        shown.add_row(line.about, _shown(line.happened_at), _shown(line.learned_at), line.what, line.state)
    return shown


def _transfer(shown: Mapping[str, Any], story: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """What moves a transfer, and the questions that the utility was asked, with the state after each."""
    standing, about = Standing(), str(shown["external_no"])
    for one in story:
        sort, _, code = one["what"].partition(".")
        if sort == "report":
            standing = take(standing, Said(code), at_ms=_ms(one["happened_at"])).standing
        elif one["what"] == "title.ENTERED":
            standing = take(standing, Said.ENTRY).standing
        elif sort != "submitted" and (sort not in (CHECK, TRANSFER) or code != "acknowledged"):
            continue
        yield Line(about, one["happened_at"] or "", one["at"], f"{one['zh']} {one['en']}", standing.state.value)


def _recall(hub: Hub, application: Mapping[str, Any], recall: Mapping[str, Any]) -> Iterator[Line]:
    """That a title ended at its source, and that the utility was told."""
    about = str(application["story"])
    words = f"{recall['reason_zh']} {recall['reason_en']}"
    yield Line(about, recall["changed_at"] or "", recall["learned_at"], words, recall["reason"])
    kind = _TOLD[recall["after_the_end"]]
    case = piece.c.case_id == bytes.fromhex(application["application_id"])
    with hub.store.read() as connection:
        for row in connection.execute(select(piece).where(case, piece.c.kind == kind, piece.c.ended_ms.is_not(None))):
            told, decided = iso(row.ended_ms), iso(row.decided_ms)
            yield Line(about, told or "", decided or "", f"供电企业已获告知 the utility was told ({kind})", row.state)


def _ms(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


def _shown(moment: str) -> str:
    return in_china(_ms(moment)) if "T" in moment else moment or "—"
