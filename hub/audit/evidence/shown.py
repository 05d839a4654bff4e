"""The rows of ``hub audit evidence`` as programs and spreadsheets have them."""

from typing import Any, Final

from sqlalchemy import Row

from hub.audit.evidence.lines import Line, of_change
from hub.cases.agreement.agree import About
from hub.cases.agreement.parties import Result, Why
from hub.cases.connection.agreed.events import Agreed
from hub.cases.connection.agreed.shown import ABOUT, RESULTS, WHY
from hub.cases.connection.recall.events import Recalled
from hub.cases.connection.recall.shown import reason
from hub.cases.evidence import changes
from hub.cases.evidence.over import changed_ms
from hub.cases.reasons import Words
from hub.cases.times import iso
from hub.clock import in_china

TITLES: Final[dict[str, str]] = {
    "what": "类别",
    "application_id": "申请",
    "numbers": "平台报装编号",
    "district": "行政区划",
    "event": "事件序号",
    "at": "认定时间（北京时间）",
    "about": "比对对象或材料",
    "result": "结果",
    "why": "原因",
    "zh": "说明",
    "en": "in English",
    "versions": "所依据的记录版本",
    "changed_at": "来源变更时间",
    "learned_at": "枢纽得知时间",
    "told": "各系统收到时间",
    "late": "迟于5秒",
}
"""The columns: their name in JSON, and in Chinese."""
Plain = dict[str, Any]
_NO_TIME: Final = Words("来源未提供变更时间", "the source gives no time")


def plain(line: Line) -> Plain:
    """A row for programs, with the names of ``TITLES``; times as RFC 3339."""
    event = line.entry.event
    return _shared(line) | {
        "at": iso(line.entry.occurred_at_ms),
        "changed_at": iso(getattr(event, "changed_ms", None)),
        "learned_at": iso(getattr(event, "learned_ms", None)),
        "versions": [_version(one) for one in line.versions],
        "told": [{"sink": one.sink, "state": one.state, "had_at": iso(one.at_ms)} for one in line.told],
    }


def _version(row: Row[Any]) -> Plain:
    at_ms = changed_ms(row.version, row.judged_ms)
    return {
        "record_id": bytes(row.record_id).hex(),
        "kind": row.kind,
        "source": row.source,
        "version": row.version,
        "changed_at": iso(at_ms),
        "learned_at": iso(row.judged_ms),
    }


def cells(line: Line) -> list[str | int | None]:
    """A row for a spreadsheet, in the order of ``TITLES``; times in China's."""
    event = line.entry.event
    changed, learned = getattr(event, "changed_ms", None), getattr(event, "learned_ms", None)
    is_change = not isinstance(event, Agreed)
    found = _shared(line) | {
        "at": in_china(line.entry.occurred_at_ms),
        "changed_at": in_china(changed) if changed else _NO_TIME.zh if is_change else "",
        "learned_at": in_china(learned) if learned else "",
        "versions": "; ".join(map(_version_in_words, line.versions)),
        "told": "; ".join(f"{one.sink} {in_china(one.at_ms) if one.at_ms else one.state}" for one in line.told),
        "late": "是" if line.is_late else "",
    }
    return [found[name] for name in TITLES]


def _version_in_words(row: Row[Any]) -> str:
    at_ms = changed_ms(row.version, row.judged_ms)
    told = in_china(at_ms) if at_ms else _NO_TIME.zh
    return f"{bytes(row.record_id).hex()} {row.source} {told}"


def _shared(line: Line) -> Plain:
    event, account = line.entry.event, line.account
    return {
        "application_id": account.case_id.hex(),
        "numbers": " ".join(account.numbers[sink] for sink in sorted(account.numbers)),
        "district": account.district,
        "event": line.entry.number,
        **(_finding(event) if isinstance(event, Agreed) else _change(line)),
        "late": line.is_late,
    }


def _finding(event: Agreed) -> Plain:
    about, result, why = ABOUT[About(event.about)], RESULTS[Result(event.result)], WHY[Why(event.why)]
    return {
        "what": "AGREEMENT",
        "about": event.about,
        "result": event.result,
        "why": event.why,
        "zh": f"{about.zh}：{result.zh}（{why.zh}）",
        "en": f"{about.en}: {result.en} ({why.en})",
    }


def _change(line: Line) -> Plain:
    event = of_change(line.entry.event)
    later = next((one for one in line.versions if bytes(one.record_id) == event.later_id), None)
    sort = changes.DELETED if later is not None and later.operation == "DELETE" else later.status if later else ""
    words = changes.CHANGES[sort].words if sort else Words("", "")
    return {
        "what": "NOTICE" if isinstance(event, Recalled) else "WITHDRAWAL",
        "about": event.kind,
        "result": reason(event.reason),
        "why": sort,
        "zh": words.zh,
        "en": words.en,
    }
