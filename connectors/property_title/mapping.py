"""Rows of ``ex_bdc_title`` and ``ex_bdc_qlr`` (domain.md §4) as property titles. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from hub.connect.codes import Codes
from hub.connect.mapping import Reader, told
from hub.connect.table.source import TableRow
from hub.ports import Plain

SYSTEM = "property_title"
_AREA = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_ORGANISATION_CODE_CHARACTERS = 9


def to_record(row: TableRow, codes: Codes) -> Plain:
    """One row with its holders as a plain ``licence.property-title``. Raises ``Unmapped``."""
    read = Reader(row.columns, codes)
    return {
        "source": {"system": SYSTEM, "key": row.key, "version": row.version, "operation": row.operation},
        "authority": read.identifier("djjg", "authority"),
        "region": read.identifier("xzqhdm", "region"),
        "status": read.code("qszt", "status", unknown="UNKNOWN"),
        "assurance": "CHANNEL_ONLY",
        "unit": _unit(read),
        "holders": [_holder(line, codes, f"holders.{place}") for place, line in enumerate(row.children["holders"])],
    }


def _unit(read: Reader) -> Plain:
    return {
        "unit_no": read.identifier("bdcdyh", "unit.unit_no"),
        "title_no": read.text("bdcqzh", "unit.title_no"),
        "address": read.address("zl", "unit.address"),
        "usage": read.optional("ghyt", "unit.usage") or "",
        "area_m2": _area(read),
        "registration_type": read.optional("djlx", "unit.registration_type") or "",
        "registration_reason": read.optional("djyy", "unit.registration_reason") or "",
        "issued_on": read.day("djsj", "unit.issued_on"),
        "valid_from": None,
        "valid_until": None,
        "seized": read.flag("cfzt", "unit.seized"),
        "mortgaged": read.flag("dyzt", "unit.mortgaged"),
        "co_ownership": read.code("gyfs", "unit.co_ownership", unknown="OTHER"),
        "notes": read.optional("fj", "unit.notes") or "",
        "licence_id": None,
    }


def _area(read: Reader) -> str | None:
    if read.optional("mj", "unit.area_m2") is None:
        return None
    text = read.identifier("mj", "unit.area_m2").removesuffix("㎡").removesuffix("M2")
    if not _AREA.fullmatch(text):
        told("SHAPE_TYPE", "unit.area_m2")
    return text


def _holder(line: Mapping[str, Any], codes: Codes, path: str) -> Plain:
    read = Reader(line, codes)
    id_type = read.code("zjzl", f"{path}.id_type", unknown="OTHER")
    number = read.optional_identifier("zjh", f"{path}.id_number")
    if id_type == "USCC" and number and len(number.replace("-", "")) == _ORGANISATION_CODE_CHARACTERS:
        # Rows from before 2015 have the new type of document and still the old number.
        id_type = "ORGANISATION_CODE"
    return {
        "name": read.text("qlr", f"{path}.name"),
        "id_type": id_type,
        "id_number": number,
        # １／２ becomes 1/2, 二分之一 stays for the rules to refuse.
        "share": read.optional_identifier("qlbl", f"{path}.share"),
    }
