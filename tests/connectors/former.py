"""The mappings of business licences and property titles in Python, as they were before they were declared: what the
declarations are compared with (P2: another record or other bytes would be a second record)."""

import re
from collections.abc import Mapping
from typing import Any

from hub.connect.codes import Codes
from hub.connect.mapping import Reader, told
from hub.ports import Plain

_AREA = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_ORGANISATION_CODE_CHARACTERS = 9


def licence_record(row: Mapping[str, Any], codes: Codes) -> Plain:
    """One row of the gateway as a plain ``licence.business``. Raises ``Unmapped``."""
    read = Reader(row, codes)
    return {
        "source": {
            "system": "business_licence",
            "key": read.identifier("zzbs", "source.key"),
            "version": read.number("version", "source.version"),
            "operation": "UPSERT",
        },
        "authority": read.identifier("zzbfjgdm", "authority"),
        "region": read.identifier("xzqhdm", "region"),
        "status": read.code("zzzt", "status", unknown="UNKNOWN"),
        "assurance": "SIGNED_RESPONSE",
        "enterprise": _enterprise(read),
        "legal_representative": {
            "name": read.text("lerep", "legal_representative.name"),
            "id_type": read.code("lerep_zjlx", "legal_representative.id_type", unknown="OTHER"),
            "id_number": read.optional_identifier("lerep_zjh", "legal_representative.id_number"),
        },
    }


def _enterprise(read: Reader) -> Plain:
    return {
        "uscc": read.identifier("uniscid", "enterprise.uscc"),
        "name": read.text("entname", "enterprise.name"),
        "former_names": _names(read.optional("former_names", "enterprise.former_names")),
        "type": read.text("enttype", "enterprise.type"),
        "domicile": read.address("dom", "enterprise.domicile"),
        "status_text": read.optional("regstate", "enterprise.status_text"),
        "registered_capital": read.optional("regcap", "enterprise.registered_capital"),
        "business_scope": read.optional("opscope", "enterprise.business_scope") or "",
        "issued_on": read.day("zzbfrq", "enterprise.issued_on"),
        "valid_from": read.optional_day("zzyxqqsrq", "enterprise.valid_from"),
        "valid_until": read.optional_day("zzyxqjzrq", "enterprise.valid_until"),
        "licence_id": read.optional_identifier("zzbs", "enterprise.licence_id"),
        "licence_number": read.optional("zzbh", "enterprise.licence_number"),
    }


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in text.replace("；", ";").split(";") if name.strip()] if text else []


def title_record(key: str, version: int, operation: str, columns: Mapping[str, Any], codes: Codes) -> Plain:
    """One row with its holders, under their name, as a plain ``licence.property-title``."""
    read = Reader(columns, codes)
    return {
        "source": {"system": "property_title", "key": key, "version": version, "operation": operation},
        "authority": read.identifier("djjg", "authority"),
        "region": read.identifier("xzqhdm", "region"),
        "status": read.code("qszt", "status", unknown="UNKNOWN"),
        "assurance": "CHANNEL_ONLY",
        "unit": _unit(read),
        "holders": [_holder(line, codes, f"holders.{place}") for place, line in enumerate(columns["holders"])],
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
