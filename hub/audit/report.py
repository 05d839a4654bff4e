"""The findings of the whole hub, beside what other systems say, in one order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

from hub.audit import files, outside
from hub.audit.account import Account, name_of
from hub.audit.files import Row, Sort
from hub.audit.findings.codes import CODES
from hub.audit.findings.finding import Finding, Shown
from hub.audit.questions import records, within
from hub.audit.questions.across import Seconds
from hub.audit.questions.records import Said
from hub.audit.read import Book, number_of
from hub.cases.times import iso
from hub.clock import in_china
from hub.records.files.parse import ENCODINGS

TITLES: Final[dict[str, str]] = {
    "class": "问题类别",
    "class_zh": "类别名称",
    "code": "代码",
    "zh": "问题",
    "en": "finding",
    "clause": "依据",
    "application_id": "申请",
    "numbers": "平台报装编号",
    "district": "行政区划",
    "kind": "客户类型",
    "figures": "数据",
    "shown_by": "证据",
}
"""The columns: their name in JSON, and in Chinese."""
Plain = dict[str, Any]


class Told(NamedTuple):
    """A finding with what identifies its case to a person."""

    finding: Finding
    numbers: str = ""
    district: str = ""
    kind: str = ""


class Report(NamedTuple):
    """What was found, in one order; and of each file how many lines are later than the last day of the audit."""

    found: list[Told]
    later: Mapping[Sort, int]


def findings(book: Book, paths: Mapping[Sort, Path], since_ms: int, encoding: str = ENCODINGS[0]) -> Report:
    """Everything that is found: of each case of this time, of all together, and of each line of the files. Raises
    ``Misconfigured`` for a file that is none of its sort."""
    lines = [line for sort, path in sorted(paths.items()) for line in files.read(path, sort, encoding)]
    known, later = files.by(book.until_ms, (line for line in lines if isinstance(line, Row)))
    rows = _Rows(book, known)
    seconds = Seconds()
    found = [Told(outside.unreadable(line)) for line in lines if not isinstance(line, Row)]
    for account in book.accounts(since_ms):
        seconds.add(account)
        said = book.said(account)
        of_case = within.findings(account), records.findings(account, said), rows.findings(account, said)
        found += _of(account, chain(*of_case))
    for account in book.chosen(rows.others()):
        found += _of(account, rows.findings(account, book.said(account)))
    found += [Told(outside.unknown(row)) for row in rows.unknown]
    found += [Told(outside.of_two(row, both)) for row, both in rows.of_two]
    of_none = book.unlinked(since_ms), book.rejected(since_ms), book.disputed(), book.asked(since_ms)
    found += map(Told, chain(seconds.findings(), *of_none))
    return Report(sorted(found, key=lambda one: one.finding.order), later)


def _of(account: Account, found: Iterable[Finding]) -> Iterator[Told]:
    numbers = " ".join(account.numbers[sink] for sink in sorted(account.numbers))
    kind = name_of(account.clock.now.kind)
    return (Told(one, numbers, account.district, kind) for one in found)


class _Rows:
    """The lines of the files by the case that they are about. ``unknown``: those that name a number of no case.
    ``of_two``: those whose numbers are of two cases or more; they are about none."""

    def __init__(self, book: Book, rows: list[Row]) -> None:
        self._by_case: dict[bytes, list[Row]] = {}
        self.unknown: list[Row] = []
        self.of_two: list[tuple[Row, tuple[bytes, ...]]] = []
        named = book.named(rows)
        numbered = book.numbered({number_of(row.application_no) for row in rows if row.application_no})
        for row in rows:
            self._add(row, numbered.get(number_of(row.application_no)), named.get(row.app_no, ()))
        self._others = set(self._by_case)

    def _add(self, row: Row, by_hub: bytes | None, by_utility: tuple[bytes, ...]) -> None:
        if by_hub is None and (row.application_no or not by_utility):
            self.unknown.append(row)
        found = by_utility if by_hub is None else (by_hub,)
        if by_hub and by_utility and by_hub not in by_utility:
            self.of_two.append((row, (by_hub, *by_utility)))
        elif len(found) > 1:
            self.of_two.append((row, found))
        elif found:
            self._by_case.setdefault(found[0], []).append(row)

    def findings(self, account: Account, said: Sequence[Said]) -> Iterator[Finding]:
        """What the lines about a case show, and the first reading that its steps tell."""
        self._others.discard(account.case_id)
        return outside.findings(account, self._by_case.get(account.case_id, []), records.readings(said))

    def others(self) -> list[bytes]:
        """The cases of lines that no one has asked for yet, in the order of their ids."""
        return sorted(self._others)


def plain(told: Told) -> Plain:
    """A finding for programs, with the names of ``TITLES``."""
    return _shared(told) | {
        "figures": dict(told.finding.figures),
        "shown_by": [_event(one) for one in told.finding.shown_by],
    }


def _event(one: Shown) -> Plain:
    return {"sort": one.sort, "ref": one.ref, "at": iso(one.at_ms), "told": one.told}


def cells(told: Told) -> list[str]:
    """A finding for a spreadsheet, in the order of ``TITLES``; times in China's."""
    found = _shared(told) | {
        "figures": ", ".join(f"{name} {value}" for name, value in told.finding.figures),
        "shown_by": "; ".join(map(_words, told.finding.shown_by)),
    }
    return [found[name] for name in TITLES]


def _shared(told: Told) -> Plain:
    finding = told.finding
    code = CODES[finding.code]
    return {
        "class": finding.of.value,
        "class_zh": finding.of.zh,
        "code": finding.code,
        "zh": code.zh,
        "en": code.en,
        "clause": code.clause,
        "application_id": finding.case_id.hex() if finding.case_id else "",
        "numbers": told.numbers,
        "district": told.district,
        "kind": told.kind,
    }


def _words(one: Shown) -> str:
    return " ".join(filter(None, (one.sort, one.told, in_china(one.at_ms) if one.at_ms is not None else "", one.ref)))
