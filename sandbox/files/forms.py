"""The same table as JSON Lines, CSV, a spreadsheet or XML, as programs of a district write them."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from xml.sax.saxutils import escape

Row = Mapping[str, str | None]
_BOOK = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_MADE_ON = (2024, 1, 2, 0, 0, 0)


def jsonl(rows: Sequence[Row], encoding: str) -> bytes:
    """One object in each line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode(encoding)


def csv_text(rows: Sequence[Row], encoding: str) -> bytes:
    """A header, then the rows; nothing is null, only empty."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, _names(rows))
    writer.writeheader()
    writer.writerows({name: value or "" for name, value in row.items()} for row in rows)
    return out.getvalue().encode(encoding)


def xml(rows: Sequence[Row], encoding: str) -> bytes:
    """Elements ``row`` with a child for each column that is not null."""
    lines = [f"<?xml version='1.0' encoding='{encoding}'?>", "<batch xmlns='urn:district'>"]
    for row in rows:
        cells = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in row.items() if value is not None)
        empty = "".join(f"<{name}/>" for name, value in row.items() if value is None)
        lines.append(f"<row>{cells}{empty}</row>")
    return "\n".join([*lines, "</batch>\n"]).encode(encoding)


def xlsx(rows: Sequence[Row], encoding: str) -> bytes:  # noqa: ARG001 - a spreadsheet is always UTF-8
    """A workbook with one sheet. Dates are numbers with the format of a date, as a person would have typed them."""
    parts = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relations({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": _part(
            "workbook", f'<sheets><sheet xmlns:r="{_DOCUMENT}" name="数据" sheetId="1" r:id="rId1"/></sheets>'
        ),
        "xl/_rels/workbook.xml.rels": _relations(
            {"rId1": ("worksheet", "worksheets/sheet1.xml"), "rId2": ("styles", "styles.xml")}
        ),
        "xl/styles.xml": _part("styleSheet", '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'),
        "xl/worksheets/sheet1.xml": _part("worksheet", f"<sheetData>{_sheet(rows)}</sheetData>"),
    }
    return zipped(parts)


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    """An archive whose bytes depend on its parts only."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(zipfile.ZipInfo(name, _MADE_ON), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _names(rows: Sequence[Row]) -> list[str]:
    return list(rows[0]) if rows else ["djbh"]


def _sheet(rows: Sequence[Row]) -> str:
    names = _names(rows)
    head = "".join(_text(name) for name in names)
    lines = ["".join(_cell(row.get(name)) for name in names) for row in rows]
    return "".join(f"<row>{cells}</row>" for cells in [head, *lines])


def _text(value: str) -> str:
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def _cell(value: str | None) -> str:
    if value is None:
        return "<c/>"
    try:
        days = (date.fromisoformat(value) - date(1899, 12, 30)).days if len(value) == 10 else 0
    except ValueError:
        days = 0
    return f'<c s="1"><v>{days}</v></c>' if days > 60 else _text(value)


def _part(name: str, content: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="{_BOOK}">{content}</{name}>'


def _relations(targets: Mapping[str, tuple[str, str]]) -> str:
    lines = (
        f'<Relationship Id="{one}" Type="{_DOCUMENT}/{kind}" Target="{to}"/>' for one, (kind, to) in targets.items()
    )
    return f'<?xml version="1.0"?><Relationships xmlns="{_RELATIONS}">{"".join(lines)}</Relationships>'


def _content_types() -> str:
    kinds = {"/xl/workbook.xml": "sheet.main", "/xl/worksheets/sheet1.xml": "worksheet", "/xl/styles.xml": "styles"}
    lines = (f'<Override PartName="{part}" ContentType="{_SHEET_TYPE}.{kind}+xml"/>' for part, kind in kinds.items())
    rels = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    return f'<?xml version="1.0"?><Types xmlns="{_TYPES}">{rels}{"".join(lines)}</Types>'


FORMS: Mapping[str, Callable[[Sequence[Row], str], bytes]] = {"jsonl": jsonl, "csv": csv_text, "xlsx": xlsx, "xml": xml}
"""The name of a form → what writes it: (rows, encoding) → bytes."""
