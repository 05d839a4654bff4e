"""What each code means, in both languages, and under which class it is. A finding is for a person to look at; it is no
verdict.
"""

from typing import Final

from hub.audit.findings.classes import Class, Code
from hub.cases.steps.judge import Why
from hub.cases.steps.words import WORDS


def _claim(of: Class, why: Why, clause: str) -> Code:
    """A step that is a claim, in the words that the case's own clock has for it."""
    words = WORDS[why].words
    return Code(of, words.zh.removesuffix("。"), words.en, clause)


def _question(of: Class, zh: str, en: str, clause: str) -> Code:
    """What can be honest: the words say that it is a question."""
    return Code(of, f"待核实：{zh}", f"To be asked: {en}", clause)


_LIMITS: Final = "附件2"
_TRUE: Final = "§1 如实记录用电报装时间信息"
_NO_OFF: Final = "§1 禁止“体外循环”、后补流程"
_NO_AGAIN: Final = "§1 禁止重走流程"
_NOTHING_MORE: Final = "§5 不得增设或变相设置用电报装业务申请资料、办理环节、前置条件"

CODES: Final[dict[str, Code]] = {
    # Of the limits.
    "SEGMENT_OVER": Code(Class.OVER_LIMIT, "环节办理超过时限", "A segment took longer than its limit.", _LIMITS),
    "TOTAL_OVER": Code(
        Class.OVER_LIMIT, "合计办理时间超过时限", "The segments together took longer than the total.", _LIMITS
    ),
    "WHOLE_OVER": Code(
        Class.OVER_LIMIT,
        "从申请到接电的全过程超过时限",
        "From application to electricity on, it took longer than the limit.",
        "总体目标",
    ),
    "CEILING_OVER": Code(Class.OVER_LIMIT, "超过国家规定的上限", "It took longer than the national ceiling.", "附件1"),
    # Of what went through no system.
    "NOT_IN_HUB": Code(
        Class.OFF_SYSTEM, "业务系统或外部名单中有、平台没有的用电报装", "It is in the file and not in the hub.", _NO_OFF
    ),
    "STEP_OF_NO_CASE": Code(
        Class.OFF_SYSTEM,
        "上报的环节找不到对应的申请",
        "The number of a reported step is that of no application.",
        _NO_OFF,
    ),
    "STEP_OF_TWO_CASES": Code(
        Class.OFF_SYSTEM,
        "上报的环节只有一个对应两个申请的编号，未计入任何一个",
        "The only number of a reported step is that of two applications; it counts for neither.",
        _NO_OFF,
    ),
    "STEP_BEYOND_MAX": Code(
        Class.OFF_SYSTEM,
        "一个申请上报的环节超过上限，多出的环节未计入",
        "The application has more steps than one can have; this one is not counted.",
        _NO_OFF,
    ),
    "SEGMENT_SKIPPED": Code(
        Class.OFF_SYSTEM,
        "未经设计文件审核或中间检查即进入竣工检验",
        "Completion began, and design review or mid inspection, which this customer's kind has, never ran.",
        "附件2 注3",
    ),
    "WITHIN_EARLY": Code(
        Class.OFF_SYSTEM,
        "竣工检验和装表接电环节开始之前已验收、装表",
        "Work of completion, such as the inspection or the meter, was done before the segment began.",
        _NO_OFF,
    ),
    "ENERGISED_EARLY": Code(
        Class.OFF_SYSTEM,
        "首次示数早于竣工检验和装表接电环节开始",
        "The meter was read before the completion segment began.",
        _NO_OFF,
    ),
    "CONTACT_BEFORE_APPLICATION": Code(
        Class.OFF_SYSTEM,
        "申请之前已与客户联系办理",
        "The customer was contacted before there was an application.",
        _NO_OFF,
    ),
    "CONTACT_BEFORE_ACCEPTANCE": Code(
        Class.OFF_SYSTEM,
        "与客户联系早于记录的受理日",
        "The customer was contacted on an earlier day than the acceptance is said to have begun.",
        _NO_OFF,
    ),
    "CONTRACT_BEFORE_APPLICATION": Code(
        Class.OFF_SYSTEM,
        "供用电合同签订日早于申请日",
        "The supply contract was signed on an earlier day than the application was submitted.",
        _NO_OFF,
    ),
    "COMPLAINT_BEFORE_APPLICATION": Code(
        Class.OFF_SYSTEM,
        "客户在申请登记之前已投诉",
        "The customer complained before there was an application.",
        _NO_OFF,
    ),
    "REPORTED_LATE": Code(
        Class.OFF_SYSTEM,
        "环节发生一天以后才上报（后补流程）",
        "The step was reported more than a day after it happened.",
        _NO_OFF,
    ),
    Why.BEFORE_SUBMISSION.value: _claim(Class.OFF_SYSTEM, Why.BEFORE_SUBMISSION, _NO_OFF),
    Why.NEVER_OPENED.value: _claim(Class.OFF_SYSTEM, Why.NEVER_OPENED, _NO_OFF),
    # Of processes that started twice or late.
    "REAPPLIED": Code(
        Class.RESTARTED,
        "同一客户、同一地址、同一容量终止或撤回后重新申请",
        "The same holder applied again for the same site and capacity, after the first was given up or taken back.",
        _NO_AGAIN,
    ),
    "STARTED_LATE": Code(
        Class.RESTARTED,
        "环节延迟启动",
        "The utility began more than one working day after the segment opened.",
        "§1 各环节限时办理",
    ),
    "REQUEST_NOT_TOLD": Code(
        Class.RESTARTED,
        "依客户申请开始的环节未上报客户申请时间，客户未向平台申请的，无法判断是否延迟启动",
        "The segment opens at the customer's request, and its time was not told: only the hub knows it, or no one.",
        "§1 各环节限时办理",
    ),
    "PAPERS_WAITED": Code(
        Class.RESTARTED,
        "平台收齐客户资料之后的日期才开始环节",
        "The segment is said to open on a later day than the hub had all papers that the customer hands in for it.",
        "§1 各环节限时办理",
    ),
    "RETURNED_LAST_DAY": Code(
        Class.RESTARTED,
        "时限最后一天或之后退回客户",
        "The segment was sent back to the customer on the last day of its limit, or later.",
        _NO_AGAIN,
    ),
    "STOPPED_LAST_DAY": Code(
        Class.RESTARTED,
        "时限最后一天或之后终止或不予受理",
        "The case was terminated or not accepted on the last day of a limit, or later.",
        _NO_AGAIN,
    ),
    "RETURNED_UNEXPLAINED": Code(
        Class.RESTARTED,
        "退回客户未说明原因",
        "The segment was sent back to the customer without a reason.",
        _NO_AGAIN,
    ),
    "TERMINATED_UNEXPLAINED": Code(
        Class.RESTARTED,
        "终止申请未说明原因",
        "The case was terminated without a reason.",
        _NO_AGAIN,
    ),
    "ARCHIVED_TWICE": Code(
        Class.RESTARTED,
        "同一申请在业务系统中归档多次",
        "One application is in the archive more than once.",
        _NO_AGAIN,
    ),
    Why.AGAIN.value: _claim(Class.RESTARTED, Why.AGAIN, _NO_AGAIN),
    Why.AFTER_END.value: _claim(Class.RESTARTED, Why.AFTER_END, _NO_AGAIN),
    # Of times that were typed in or changed.
    "TIME_CORRECTED": Code(Class.TIMES_CHANGED, "环节时间被更正", "The time of a step was corrected.", _TRUE),
    "CORRECTED_INTO_LIMIT": Code(
        Class.TIMES_CHANGED,
        "更正时间后由超时限变为未超时限",
        "By the time as first reported it was over a limit, by the corrected one it is not.",
        _TRUE,
    ),
    "WRITTEN_IN_BURST": Code(
        Class.TIMES_CHANGED,
        "不同日期的环节在一分钟内集中录入",
        "Steps of different days were written down within one minute.",
        _TRUE,
    ),
    "RECEIVED_IN_BURST": _question(
        Class.TIMES_CHANGED,
        "相隔一天以上的环节在一分钟内集中上报，且未上报录入时间",
        "Steps more than a day apart reached the hub within one minute, and when they were written down is not told.",
        _TRUE,
    ),
    "REQUEST_TOLD_LATER": Code(
        Class.TIMES_CHANGED,
        "上报的客户申请时间晚于客户向平台申请之日",
        "The utility tells a later day of the customer's request than the customer made it at the hub.",
        _TRUE,
    ),
    "WRITTEN_LATE": Code(
        Class.TIMES_CHANGED,
        "环节发生一天以后才录入",
        "The step was written down more than a day after it happened.",
        _TRUE,
    ),
    "SAME_SECOND": Code(
        Class.TIMES_CHANGED,
        "不同环节的时间完全相同（到秒）",
        "Times that differ in truth are equal to the second.",
        _TRUE,
    ),
    "ENDED_TOGETHER": _question(
        Class.TIMES_CHANGED,
        "不同环节在一分钟内相继结束",
        "Different segments ended within one minute.",
        _TRUE,
    ),
    "SAME_SECOND_IN_CASES": Code(
        Class.TIMES_CHANGED,
        "多个申请的环节在同一秒结束",
        "Segments of several applications ended in the same second.",
        _TRUE,
    ),
    "ENDED_ON_DAY_OFF": Code(
        Class.TIMES_CHANGED,
        "时限届满后的休息日办结（休息日不计入用时）",
        "It ended on a day off after the last day of its limit: no working day more was counted.",
        _TRUE,
    ),
    "REPORTED_AFTER_LIMIT": Code(
        Class.TIMES_CHANGED,
        "称在时限内办结，时限届满后才上报",
        "It is said to have ended within its limit, and was reported after the last day of it.",
        _TRUE,
    ),
    "REPORTED_ON_LAST_DAY": _question(
        Class.TIMES_CHANGED,
        "退回、终止、不予受理或变更类型的时间早于时限最后一天，当天或之后才上报",
        "A return, an end or a change is dated before the last day of a limit, and was reported on that day, or later.",
        _TRUE,
    ),
    "TIME_CORRECTED_OFTEN": Code(
        Class.TIMES_CHANGED,
        "被更正时间的环节超过 20 个，其余不再逐一比对时限",
        "The times of more than 20 steps were corrected; those beyond are not compared with the limits.",
        _TRUE,
    ),
    "ENDED_BEFORE_ENERGISED": Code(
        Class.TIMES_CHANGED,
        "接电环节结束日早于首次示数日",
        "The last segment is said to have ended on an earlier day than the meter was first read.",
        _TRUE,
    ),
    "READING_DIFFERS": Code(
        Class.TIMES_CHANGED,
        "上报的首次示数日期与计量系统不一致",
        "The meter's first reading is reported with another day than the metering system has.",
        _TRUE,
    ),
    "TOLD_FUTURE": Code(
        Class.TIMES_CHANGED,
        "合同签订或首次示数的时间晚于上报时间",
        "The contract or the first reading is said to be of a later time than it was reported.",
        _TRUE,
    ),
    Why.CONFLICT.value: _claim(Class.TIMES_CHANGED, Why.CONFLICT, _TRUE),
    Why.FUTURE.value: _claim(Class.TIMES_CHANGED, Why.FUTURE, _TRUE),
    Why.WRITTEN_BEFORE.value: _claim(Class.TIMES_CHANGED, Why.WRITTEN_BEFORE, _TRUE),
    Why.OUT_OF_ORDER.value: _claim(Class.TIMES_CHANGED, Why.OUT_OF_ORDER, _TRUE),
    Why.UNEXPLAINED.value: _claim(Class.TIMES_CHANGED, Why.UNEXPLAINED, _TRUE),
    Why.AMENDS_NOTHING.value: _claim(Class.TIMES_CHANGED, Why.AMENDS_NOTHING, _TRUE),
    # Of figures that are not true.
    Why.PAUSE.value: _claim(Class.STATISTICS, Why.PAUSE, "附件2"),
    "KIND_CHANGED": Code(
        Class.STATISTICS,
        "办理中改为更宽松的类型（时限更长、可以暂停或环节更少）",
        "The case became one of a kinder kind: a later limit, pauses, or fewer segments.",
        "附件2",
    ),
    "KIND_CHANGED_LAST_DAY": Code(
        Class.STATISTICS,
        "时限最后一天或之后变更类型",
        "The kind of the case was changed on the last day of a limit, or later.",
        "附件2",
    ),
    "KIND_CHANGED_OFTEN": Code(
        Class.STATISTICS,
        "类型变更超过 20 次，其余不再逐一核查",
        "The kind was changed more than 20 times; the changes beyond are not looked at one by one.",
        "附件2",
    ),
    "NUMBER_OF_TWO_CASES": Code(
        Class.STATISTICS,
        "供电企业的同一申请编号对应两个申请",
        "Two applications have one number of the utility; what names only this number counts for neither.",
        _TRUE,
    ),
    "STEP_REJECTED": Code(
        Class.STATISTICS,
        "上报的环节无法读取，已拒收，未计入任何申请",
        "A reported step could not be read and was rejected; it counts for no application.",
        _TRUE,
    ),
    "ARCHIVED_OPEN": Code(
        Class.STATISTICS,
        "业务系统已归档，平台未收到接电",
        "It is finished in the archive, and electricity on was never reported.",
        _TRUE,
    ),
    "DATES_DIFFER": Code(
        Class.STATISTICS, "业务系统的日期与上报的不一致", "The archive has another day than was reported.", _TRUE
    ),
    "LINE_OF_TWO": Code(
        Class.STATISTICS,
        "一行中的两个编号属于两份不同的申请",
        "The two numbers of one line are those of two applications.",
        _TRUE,
    ),
    "RATING_NOT_MADE": Code(
        Class.STATISTICS,
        "业务系统有评价，客户未在平台作出",
        "The archive has a rating that the customer did not make, or another one than the customer made.",
        "§4 服务线上评价",
    ),
    "RATING_MISSING": Code(
        Class.STATISTICS,
        "客户已在平台评价，业务系统归档中没有",
        "The customer rated, and the archive has no rating.",
        "§4 服务线上评价",
    ),
    "RATING_REFUSED": Code(
        Class.STATISTICS,
        "有人试图代客户评价（已拒绝）",
        "Someone tried to rate without the customer's evidence, or again; it was refused.",
        "§4 服务线上评价",
    ),
    "FILE_ROW_UNREADABLE": Code(
        Class.STATISTICS, "提交审计的文件中有无法读取的行", "A line of a file for the audit cannot be read.", ""
    ),
    # Of what is asked for beyond the list.
    "CHARGED": Code(
        Class.BEYOND_LIST,
        "向居民或“三零”客户收费",
        "A charge to a resident or a 三零 customer was reported.",
        "§9 零投资",
    ),
    Why.NOT_TIMED.value: _claim(Class.BEYOND_LIST, Why.NOT_TIMED, _NOTHING_MORE),
    "ASKED_IN_STEP": Code(
        Class.BEYOND_LIST,
        "环节的原因提到禁止索要的资料",
        "The reason of a step names a paper that the policy forbids to ask for.",
        _NOTHING_MORE,
    ),
    "REQUEST_REFUSED": Code(
        Class.BEYOND_LIST,
        "向客户索要清单外、平台已获取或正在查找的资料（已拒绝）",
        "A paper beyond the list, or one that the hub has fetched or looks for, was asked of the customer; refused.",
        _NOTHING_MORE,
    ),
    "ASKED_AGAIN": Code(
        Class.BEYOND_LIST,
        "未一次性告知：首次告知时已可提出的资料再次向客户提出（已拒绝）",
        "Not all at once: what the first notice of the segment could have named was asked for in a second round; "
        "refused.",
        _NOTHING_MORE,
    ),
    "RETURNED_AGAIN": _question(
        Class.BEYOND_LIST,
        "同一环节再次退回客户，首次退回时是否已一次性告知",
        "The segment was sent back to the customer again; did the first return name everything?",
        _NOTHING_MORE,
    ),
    "COMPLAINED": Code(
        Class.BEYOND_LIST,
        "客户投诉",
        "The customer complained; the class is the one that the file names, otherwise this.",
    ),
}
