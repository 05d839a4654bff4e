"""The reasons why a step is a claim, in Chinese and English, with the clause behind each: the one table
of these words, for clocks, commands and the audit."""

from typing import Final, NamedTuple

from hub.cases.policies.questions import Question
from hub.cases.reasons import Words
from hub.cases.steps.judge import Why

_ANNEX: Final = "津工信电力〔2021〕8号 附件2"
_HONEST: Final = "津工信电力〔2021〕8号 §1（如实记录用电报装时间信息）"


OF_TWO: Final = Question("NUMBER_OF_TWO_CASES", _HONEST)
"""Asked of a case whose number another case has too."""


class Said(NamedTuple):
    """Why a step is a claim, in words. ``clause``: what says so."""

    words: Words
    clause: str


WORDS: Final = {
    Why.CONFLICT: Said(
        Words(
            "同一事件报送过不同内容，更正之前以最严的为准。",
            "Another content of an event; the strictest one counts until it is corrected.",
        ),
        _HONEST,
    ),
    Why.FUTURE: Said(
        Words("环节时间晚于报送时间五分钟以上。", "It is said to happen more than 300 s after the hub read it."),
        _HONEST,
    ),
    Why.BEFORE_SUBMISSION: Said(
        Words("环节时间早于申请提交时间。", "It is said to happen before the application was submitted."), _HONEST
    ),
    Why.WRITTEN_BEFORE: Said(
        Words("登记时间早于环节发生时间。", "It was written down before it is said to happen."), _HONEST
    ),
    Why.OUT_OF_ORDER: Said(
        Words("前面的环节尚未完成。", "What must come before it is not done, or another segment runs."), _ANNEX
    ),
    Why.NEVER_OPENED: Said(Words("环节没有开始就结束。", "It ends a segment that was never opened."), _ANNEX),
    Why.AGAIN: Said(
        Words(
            "环节已经开始或完成，又重复启动或结束。",
            "The segment runs or is over already, and was begun or ended again.",
        ),
        _ANNEX,
    ),
    Why.NOT_TIMED: Said(
        Words("政策对此类客户没有规定此环节。", "The policy has no such segment for this kind of customer."), _ANNEX
    ),
    Why.AFTER_END: Said(
        Words("申请办结、不予受理或终止之后仍有环节。", "The step happened after the case had ended."), _ANNEX
    ),
    Why.PAUSE: Said(
        Words(
            "主张暂停计时（补正、特别程序、受理退回）；时限中未扣除。",
            "A pause is claimed. The policy names none, and nothing was subtracted.",
        ),
        _ANNEX,
    ),
    Why.UNEXPLAINED: Said(
        Words("缺少原因、审批人或变更后的内容。", "It lacks its reason, its approver or what the case becomes."),
        _HONEST,
    ),
    Why.AMENDS_NOTHING: Said(Words("没有找到被更正的事件。", "The event that it corrects is not known."), _HONEST),
}
"""Each reason. Tests hold docs/cases.md and docs/auditing.md against it."""
