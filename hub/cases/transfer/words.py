"""States and findings of joint transfers, for people to read: Chinese and English. Codes are stable, words are not."""

from typing import Final

from hub.cases.reasons import Words
from hub.cases.transfer.states import State

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
    "HOLDER_UNCONFIRMED": Words(
        "登簿的权利人与申请的新权利人不完全一致，且无委托，请工作人员核对。",
        "The holders that were entered and those who agreed differ, and no one has a mandate: please check.",
    ),
}
"""What a title was for a transfer."""
