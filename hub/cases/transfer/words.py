"""All that joint transfers show as codes, for people to read: Chinese and English. Codes are stable, words are not."""

from collections.abc import Mapping
from typing import Final

from hub.cases import reasons
from hub.cases.case import PieceState
from hub.cases.events import REGISTRATION
from hub.cases.reasons import Words
from hub.cases.transfer.events import CANCELLATION, CHECK, NOTICE, TRANSFER
from hub.cases.transfer.states import Said, State

STATES: Final = {
    State.CHECKING: Words("已登记，供电企业核验户号中。", "Registered; the utility checks the account."),
    State.ARREARS: Words(
        "户号有欠费，结清后自动重新核验；不动产登记不受影响。",
        "The account has arrears; it is checked again when they are paid. The title's registration is not affected.",
    ),
    State.READY: Words("户号核验通过，等待不动产登簿。", "The account is clear; the entry in the book is awaited."),
    State.ENTERED: Words("不动产已登簿，供电企业核验户号中。", "The title is entered; the utility checks the account."),
    State.OWING: Words(
        "不动产已登簿；因欠费，用电过户待结清后自动继续。",
        "The title is entered; only the electricity side is pending, and continues when the arrears are paid.",
    ),
    State.TRANSFERRING: Words(
        "已登簿，用电过户已推送供电企业。", "The title is entered; the utility was asked to transfer the account."
    ),
    State.APPLIED: Words("供电企业已受理用电过户。", "The utility has accepted the transfer of the account."),
    State.DONE: Words("用电过户已办结。", "The account is transferred."),
    State.FAILED: Words(
        "用电过户未办成，见供电企业意见；不动产登记不受影响。",
        "The account was not transferred; see the utility's opinion. The title's registration is not affected.",
    ),
    State.CANCELLED: Words(
        "申请人已撤销用电过户；不动产登记不受影响。",
        "The applicant took the electricity side back. The title's registration is not affected.",
    ),
}
DONE_WITHOUT_ENTRY: Final = Words(
    "供电企业已反馈用电过户办结，不动产尚未登簿；登簿后补记登簿日期。",
    "The utility tells that the account is transferred, and the title is not entered yet: its date is awaited.",
)
"""Instead of the words of DONE, while there is no entry in the book."""
NO_LIMIT: Final = Words("等待供电企业答复；政策未规定时限。", "The utility's answer is awaited; no limit is set.")
LIMIT: Final = Words(
    "等待供电企业答复；按工作日计算，提问当日不计。",
    "The utility's answer is awaited; counted in working days, without the day of the question.",
)
NO_ANSWER: Final = Words("当前不等待供电企业答复。", "No answer of the utility is awaited now.")
"""The clock of a transfer."""
FOUND: Final = {
    "ENTERED": Words("已登簿，作为本次过户的依据。", "The entry that this transfer goes by."),
    "UNDECLARED": Words(
        "产权已变更而户号未过户，已告知供电企业。",
        "The title changed hands and the account did not: the utility was told.",
    ),
    "OTHER_HOLDERS": Words(
        "登簿的权利人不是本次申请的新权利人，请工作人员核对。", "The title went to other holders: please check."
    ),
    "OTHER_TRANSFER": Words(
        "此次产权变更由该户号的另一笔过户跟进。", "Another transfer of the account is about this change of hands."
    ),
    "HOLDER_UNCONFIRMED": Words(
        "登簿的权利人与申请的新权利人不完全一致，且无委托，请工作人员核对。",
        "The holders that were entered and those who agreed differ, and no one has a mandate: please check.",
    ),
}
"""What a title was for a transfer."""
CAUSES: Final = {
    "PURCHASE": Words("买卖", "A purchase."),
    "INHERITANCE": Words("继承（含遗赠）", "An inheritance, or a legacy."),
    "DIVISION": Words("分割（含共有份额变更）", "A division, or a change of shares."),
    "FIRST_REGISTRATION": Words("首次登记", "A first registration."),
}
"""Why the title changes hands."""
RESULTS: Final = {
    Said.CLEAR.value: Words("户号核验通过，无欠费。", "The account is clear."),
    Said.ARREARS.value: Words("核验发现户号有欠费。", "The check found arrears."),
    Said.NO_ACCOUNT.value: Words("没有该户号。", "There is no such account."),
    Said.PAID.value: Words("欠费已结清。", "The arrears are paid."),
    Said.APPLIED.value: Words("已受理用电过户。", "The transfer of the account was accepted."),
    Said.OWING.value: Words("过户时发现户号有欠费。", "Arrears came up at the transfer."),
    Said.DONE.value: Words("用电过户已办结。", "The account is transferred."),
    Said.FAILED.value: Words("用电过户未办成。", "The account was not transferred."),
}
"""What the utility reports."""
ACCOUNT_HOLDERS: Final = {
    "SAME": Words("户名与原权利人一致。", "The account is an old holder's."),
    "OTHER": Words("户名不是原权利人；不影响办理。", "The account is another's; nothing stops for that."),
    "UNKNOWN": Words("供电企业未说明户名是否一致。", "The utility did not say whose the account is."),
}
_KINDS: Final = {
    REGISTRATION: Words("登记件", "The registration"),
    CHECK: Words("核验提问", "The question for a check"),
    TRANSFER: Words("过户提问", "The question for the transfer"),
    CANCELLATION: Words("撤销件", "The cancellation"),
    NOTICE: Words("告知件", "The notice"),
}
_HOW: Final = {
    "decided": Words("已生成，待推送。", "was decided and waits to be sent."),
    PieceState.PENDING.value: Words("待推送。", "waits to be sent."),
    PieceState.ACKNOWLEDGED.value: Words("供电企业已接收。", "was taken by the utility."),
    PieceState.REFUSED.value: Words("供电企业拒绝接收，请工作人员处理。", "was refused by the utility: please look."),
    PieceState.STOPPED.value: Words("已停止推送，请工作人员处理。", "is not sent any more: please look."),
    PieceState.WITHDRAWN.value: Words("推送前已撤回。", "was taken back before it was sent."),
}
_SUBMITTED: Final = Words("联合过户已登记。", "The joint transfer is registered.")
_CONFLICT: Final = Words("同一事件的另一内容，不计入：", "Another content of one event, which does not count: ")
_LIMIT: Final = Words("已计算供电企业答复期限。", "The last day for the utility's answer was counted.")
_OVERDUE: Final = Words("供电企业答复期限已过，尚未答复。", "The last day is over, and the utility has not answered.")
EVENTS: Final = {
    "transfer.submitted": _SUBMITTED,
    "transfer.located": Words("原权证所在的不动产单元已知。", "The unit of the old title is known."),
    "transfer.reported": Words("供电企业反馈：", "The utility reported:"),
    "transfer.conflicted": _CONFLICT,
    "transfer.entered": Words("不动产已登簿。", "The title is entered in the book."),
    "transfer.dated": _LIMIT,
    "transfer.overlooked": Words("产权已变更，但不是本次过户：", "The title changed hands, and not by this transfer:"),
    "transfer.cancelled": Words("用电过户已撤销。", "The electricity side was taken back."),
    "transfer.undeclared": FOUND["UNDECLARED"],
    "transfer.withdrawn": Words("不动产权证推送前已变化，尚未送出的件已撤回。", "It changed before it was sent."),
    "transfer.recalled": Words("已告知供电企业的不动产权证发生变化。", "The title that was told of changed."),
}
"""Events by the names of their schemas."""
VOCABULARY: Final[Mapping[str, Mapping[str, Words]]] = {
    "what": EVENTS,
    "reason": {**CAUSES, **FOUND, reasons.CANCELLED: STATES[State.CANCELLED]},
    "result": RESULTS,
    "state": {state.value: words for state, words in STATES.items()},
    "account_holder": ACCOUNT_HOLDERS,
}
"""Field of an event → its codes in words."""


def delivery(kind: str, how: str) -> Words:
    """How far a piece is. ``how``: its state, or ``decided``.

    >>> delivery("check", "acknowledged").zh
    '核验提问：供电企业已接收。'
    """
    piece, state = _KINDS[kind], _HOW[how]
    return Words(f"{piece.zh}：{state.zh}", f"{piece.en} {state.en}")


def happened(what: str) -> Words:
    """A line of a story in words. ``what``: submitted, limit, limit.overdue, report.RESULT, conflict.RESULT, or a
    piece's kind and state.

    >>> happened("report.PAID").en, happened("submitted").zh
    ('The arrears are paid.', '联合过户已登记。')
    """
    sort, _, code = what.partition(".")
    if sort == "submitted":
        return _SUBMITTED
    if sort == "limit":
        return _OVERDUE if code else _LIMIT
    if sort == "report":
        return RESULTS[code]
    if sort == "conflict":
        return Words(_CONFLICT.zh + RESULTS[code].zh, _CONFLICT.en + RESULTS[code].en)
    return delivery(sort, code)
