"""The gateway's pinyin record (domain.md §4) as a business licence. Pure."""

from collections.abc import Mapping
from typing import Any

from hub.connect.codes import Codes
from hub.connect.mapping import Reader
from hub.ports import Plain

SYSTEM = "business_licence"


def to_record(row: Mapping[str, Any], codes: Codes) -> Plain:
    """One row of the gateway as a plain ``licence.business``. Raises ``Unmapped``."""
    read = Reader(row, codes)
    return {
        "source": {
            "system": SYSTEM,
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
