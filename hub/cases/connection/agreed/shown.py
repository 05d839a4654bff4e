"""Findings as they are written into the table, and in words."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, select

from hub.cases.agreement.agree import About
from hub.cases.agreement.parties import Result, Why
from hub.cases.connection.agreed.events import Agreed
from hub.cases.connection.agreed.tables import agreement
from hub.cases.events import Entry
from hub.cases.reasons import Words
from hub.cases.times import iso
from hub.stores import bulk


def project(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write findings into the table, the newest of each pair. The running hub and ``hub rebuild`` both call it."""
    newest = {(row["case_id"], row["about"]): row for row in map(_row, entries)}
    bulk.upsert(connection, agreement, list(newest.values()))


def _row(entry: Entry) -> dict[str, Any]:
    event = entry.event
    assert isinstance(event, Agreed)
    copied = {name: getattr(event, name) for name in ("about", "result", "why", "one_id", "other_id")}
    return copied | {"case_id": entry.case_id, "found_ms": entry.occurred_at_ms}


def shown(connection: Connection, case_id: bytes) -> list[dict[str, Any]]:
    """The findings of a case as JSON values, in the order of ``About``."""
    rows = connection.execute(select(agreement).where(agreement.c.case_id == case_id)).all()
    order = [one.value for one in About]
    return [_shown(row) for row in sorted(rows, key=lambda row: order.index(row.about))]


def _shown(row: Any) -> dict[str, Any]:
    about, result, why = ABOUT[About(row.about)], RESULTS[Result(row.result)], WHY[Why(row.why)]
    compared = (bytes(one).hex() for one in (row.one_id, row.other_id) if one)
    return {
        "about": row.about,
        "result": row.result,
        "why": row.why,
        "zh": f"{about.zh}：{result.zh}（{why.zh}）",
        "en": f"{about.en}: {result.en} ({why.en})",
        "record_ids": list(compared),
        "found_at": iso(row.found_ms),
    }


ABOUT: Final = {
    About.APPLICANT_IDENTITY: Words("申请人与身份证", "the applicant and the identity card"),
    About.AGENT_IDENTITY: Words("代办人与身份证", "the agent and the identity card"),
    About.APPLICANT_LICENCE: Words("申请人与营业执照", "the applicant and the business licence"),
    About.AGENT_REPRESENTATIVE: Words("代办人与法定代表人", "the agent and the legal representative"),
    About.REPRESENTATIVE_BEFORE: Words("执照变更前后的法定代表人", "the legal representative before and now"),
    About.REPRESENTATIVE_AT_MANDATE: Words(
        "授权当日与现在的法定代表人", "the legal representative on the day of the mandate and now"
    ),
    About.APPLICANT_HOLDER: Words("申请人与不动产权利人", "the applicant and the holders of the title"),
    About.REPRESENTATIVE_HOLDER: Words(
        "法定代表人与不动产权利人", "the legal representative and the holders of the title"
    ),
    About.APPLICANT_BUILDER: Words("申请人与项目建设单位", "the applicant and the builder of the project"),
    About.HOLDER_BUILDER: Words("不动产权利人与项目建设单位", "the holders of the title and the builder"),
    About.SITE_PROJECT: Words("不动产坐落与项目建设地点", "the unit of the title and the construction site"),
}
RESULTS: Final = {
    Result.AGREES: Words("一致", "agree"),
    Result.DIFFERS: Words("不一致，不影响受理", "differ; the application continues"),
    Result.UNKNOWN: Words(
        "无法判断，请工作人员核对，不影响受理", "cannot be said: please check; the application continues"
    ),
}
WHY: Final = {
    Why.NUMBER: Words("按证件号码", "by the numbers"),
    Why.OLD_NUMBER: Words("15位与18位身份证号码为同一号码", "a 15-digit number and its 18-digit form"),
    Why.ORGANISATION_CODE: Words("组织机构代码与统一社会信用代码对应", "an organisation code within the credit code"),
    Why.FORMER_NAME: Words("号码相同，另一方为曾用名", "the same number, under a former name"),
    Why.SORT: Words("一方为个人，一方为企业", "one is a person, the other an enterprise"),
    Why.NAME_DIFFERS: Words("号码相同而名称不同", "the same number, and another name"),
    Why.NAME_ONLY: Words("仅名称相同，缺少号码", "only the names are the same, a number is missing"),
    Why.NO_NUMBER: Words("缺少可比对的号码", "a number that can be compared is missing"),
    Why.OTHER_DOCUMENT: Words("证件种类不同，号码不可比对", "numbers of documents that cannot be compared"),
    Why.ADDRESS: Words("按地址", "by the addresses"),
    Why.SAME_VERSION: Words("授权时的执照即现在的执照", "by the licence, which is still the one of that day"),
    Why.NO_VERSION: Words(
        "无法确定授权当日有效的执照版本", "which version of the licence was in force that day cannot be said"
    ),
    Why.CODES_DIFFER: Words("统一社会信用代码不同，组织机构代码相同", "two credit codes around one organisation code"),
    Why.AMBIGUOUS: Words("对应不止一方", "several parties may be meant"),
}
