"""The rows of ``hub audit evidence`` as programs and spreadsheets have them."""

from typing import Any, Final

from sqlalchemy import Row

from hub.audit.evidence.lines import CHANGES, ENTRIES, Line
from hub.cases.agreement.agree import About
from hub.cases.agreement.parties import Result, Why
from hub.cases.connection.agreed.events import Agreed
from hub.cases.connection.agreed.shown import ABOUT, RESULTS, WHY
from hub.cases.connection.handed.events import Declared, HandedBack, Undeclared
from hub.cases.connection.handed.gather import DECLARED, TOLD
from hub.cases.connection.handed.shown import WORDS
from hub.cases.connection.recall.events import Recalled, Retracted
from hub.cases.events import Event
from hub.cases.evidence import changes
from hub.cases.evidence.over import changed_ms
from hub.cases.evidence.titles import TITLE
from hub.cases.evidence.told import reason
from hub.cases.reasons import Words
from hub.cases.times import iso
from hub.cases.transfer import events as transfers
from hub.clock import in_china

TITLES: Final[dict[str, str]] = {
    "what": "类别",
    "application_id": "申请",
    "transfer_id": "联合过户",
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
WHAT: Final[dict[type[Event], str]] = {
    Agreed: "AGREEMENT",
    Retracted: "WITHDRAWAL",
    Recalled: "NOTICE",
    Undeclared: "HANDOVER",
    Declared: "HANDOVER_BACK",
    HandedBack: "HANDOVER_BACK",
    transfers.Undeclared: "TRANSFER_NOTICE",
    transfers.Recalled: "TRANSFER_RECALL",
}
"""The first column of a row, by its event."""
Plain = dict[str, Any]
_NO_TIME: Final = Words("来源未提供变更时间", "the source gives no time")


def plain(line: Line) -> Plain:
    """A row for programs, with the names of ``TITLES``; times as RFC 3339."""
    event = line.entry.event
    changed_at = event.registered_on.isoformat() if isinstance(event, ENTRIES) else None
    return _shared(line) | {
        "at": iso(line.entry.occurred_at_ms),
        "changed_at": changed_at or iso(getattr(event, "changed_ms", None)),
        "learned_at": iso(line.learned_ms),
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
    learned = line.learned_ms
    found = _shared(line) | {
        "at": in_china(line.entry.occurred_at_ms),
        "changed_at": _changed(line.entry.event),
        "learned_at": in_china(learned) if learned else "",
        "versions": "; ".join(map(_version_in_words, line.versions)),
        "told": "; ".join(f"{one.sink} {in_china(one.at_ms) if one.at_ms else one.state}" for one in line.told),
        "late": "是" if line.is_late else "",
    }
    return [found[name] for name in TITLES]


def _changed(event: Event) -> str:
    if isinstance(event, ENTRIES):
        return event.registered_on.isoformat()
    at_ms = getattr(event, "changed_ms", None)
    return in_china(at_ms) if at_ms else _NO_TIME.zh if isinstance(event, CHANGES) else ""


def _version_in_words(row: Row[Any]) -> str:
    at_ms = changed_ms(row.version, row.judged_ms)
    told = in_china(at_ms) if at_ms else _NO_TIME.zh
    return f"{bytes(row.record_id).hex()} {row.source} {told}"


def _shared(line: Line) -> Plain:
    event, of = line.entry.event, line.of
    about = _finding(event) if isinstance(event, Agreed) else _entry(event) if isinstance(event, ENTRIES) else None
    return {
        "what": WHAT[type(event)],
        "application_id": None if of.is_transfer else of.case_id.hex(),
        "transfer_id": of.case_id.hex() if of.is_transfer else None,
        "numbers": " ".join(of.numbers[sink] for sink in sorted(of.numbers)),
        "district": of.district,
        "event": line.entry.number,
        **(about or _change(line)),
        "late": line.is_late,
    }


def _finding(event: Agreed) -> Plain:
    about, result, why = ABOUT[About(event.about)], RESULTS[Result(event.result)], WHY[Why(event.why)]
    return {
        "about": event.about,
        "result": event.result,
        "why": event.why,
        "zh": f"{about.zh}：{result.zh}（{why.zh}）",
        "en": f"{about.en}: {result.en} ({why.en})",
    }


def _entry(event: Event) -> Plain:
    """An entry that the account did not follow; ``DECLARED``: a transfer was declared since, so the notice is taken
    back."""
    declared = isinstance(event, Declared)
    words = WORDS[DECLARED if declared else TOLD]
    result = "DECLARED" if declared else "UNDECLARED"
    return {"about": TITLE, "result": result, "why": "", "zh": words.zh, "en": words.en}


def _change(line: Line) -> Plain:
    event: Any = line.entry.event
    later = next((one for one in line.versions if bytes(one.record_id) == event.later_id), None)
    sort = changes.DELETED if later is not None and later.operation == "DELETE" else later.status if later else ""
    words = changes.CHANGES[sort].words if sort else Words("", "")
    return {
        "about": getattr(event, "kind", TITLE),
        "result": reason(event.reason),
        "why": sort,
        "zh": words.zh,
        "en": words.en,
    }
