"""What a change at the source does to evidence that was delivered: one table, with reasons and clauses.

Before the end of a case both effects reach the sinks as a withdrawal, after it as a notice
([0054](../../../docs/adr/0054-recall-after-delivery.md)). They differ in what comes next: for evidence that ended
another record is looked for, evidence that continues follows in its later version. Which right or note of a title
changed is sealed in the record and is told to no one: a title that is seized, mortgaged or corrected continues.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from hub.cases.reasons import Words


class Effect(StrEnum):
    """What a change does to the evidence."""

    ENDS = "ENDS"
    """It is taken back: the record proves nothing any more."""
    CONTINUES = "CONTINUES"
    """The later version takes its place: the former one is not wrong, it is not the newest word."""


class Change(NamedTuple):
    """One sort of change: its effect, in words, and where that is written."""

    effect: Effect
    words: Words
    clause: str


DELETED: Final = "DELETED"
"""The source took the row back, with any status."""
CHANGES: Final = {
    "REVOKED": Change(
        Effect.ENDS,
        Words("证照已被吊销或撤销，材料已失效。", "It was revoked: it is no evidence any more."),
        "行政许可法 第六十九条、第七十条",
    ),
    "CANCELLED": Change(
        Effect.ENDS,
        Words("证照或登记已注销，材料已失效。", "It was cancelled: it is no evidence any more."),
        "行政许可法 第七十条；不动产登记暂行条例实施细则 第二十八条",
    ),
    "SUPERSEDED": Change(
        Effect.ENDS,
        Words(
            "已由另一份证照取代（例如不动产已转移登记），材料已失效。",
            "Another one replaced it, as when a title changed hands: it is no evidence any more.",
        ),
        "民法典 第二百零九条；不动产登记暂行条例实施细则 第二十七条",
    ),
    "SUSPENDED": Change(
        Effect.ENDS,
        Words("证照已暂停，暂停期间不能作为材料。", "It is suspended: it is no evidence until it is in force again."),
        "",
    ),
    "UNKNOWN": Change(
        Effect.ENDS,
        Words("来源未说明证照是否有效，不能作为材料。", "Its source does not say that it is in force: no evidence."),
        "",
    ),
    DELETED: Change(
        Effect.ENDS,
        Words("来源已撤回此记录，材料已失效。", "Its source took the record back: it is no evidence any more."),
        "工程建设项目审批管理系统数据共享交换标准 sjyxbs = 0",
    ),
    "CURRENT": Change(
        Effect.CONTINUES,
        Words(
            "来源中有此证照的新版本（例如变更、更正、查封或抵押登记），证照仍然有效，以新版本为准。",
            "Its source has a later version, for example after a change, a correction, a seizure or a mortgage: it is "
            "in force, and the later version counts.",
        ),
        "民法典 第二百二十条、第三百九十四条；不动产登记暂行条例实施细则 第二十六条、第九十条",
    ),
}
"""By the status of the later version as its source says, and ``DELETED``. An empty clause: no text says so, and what is
not in force is no evidence."""


def of(status: str, operation: str) -> Change:
    """What a later version with this status and operation does.

    >>> of("CURRENT", "UPSERT").effect.value, of("CURRENT", "DELETE").effect.value, of("REVOKED", "UPSERT").effect.value
    ('CONTINUES', 'ENDS', 'ENDS')
    """
    return CHANGES[DELETED if operation == "DELETE" else status]
