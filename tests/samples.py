"""Plain records that hold by every rule, for tests to change one thing in."""

from copy import deepcopy
from datetime import date
from typing import Any, NamedTuple

from hub.records.kinds import KINDS


class Info(NamedTuple):
    """A source, as far as sealing asks for it."""

    name: str
    kind: str
    authority: str = ""
    mapping: bytes = b"mapping1"

    @property
    def scope(self) -> str:
        return self.authority or self.name


UNIT_NO = "120101001001GB00001F00010001"
USCC = "91110000600037341L"
PERSON = "360426199101010071"
OTHER_PERSON = "11010519491231002X"

UTILITY = "供电公司"

_ADDRESS = {
    "text": "天津市和平区南京路128号1号楼2单元301室",
    "province": "天津市",
    "city": "天津市",
    "district": "和平区",
    "town": "",
    "road": "南京路",
    "number": "128号",
    "compound": "",
    "building": "1号楼",
    "entrance": "2单元",
    "room": "301室",
}


def _open(system: str, key: str, version: int, assurance: str) -> dict[str, Any]:
    return {
        "source": {"system": system, "key": key, "version": version, "operation": "UPSERT"},
        "authority": "12120000MB1234567A",
        "region": "120101",
        "status": "CURRENT",
        "assurance": assurance,
    }


def title(key: str = "T1", version: int = 1, unit_no: str = UNIT_NO) -> dict[str, Any]:
    """A property title held in shares by a person and an enterprise."""
    return {
        **_open("property_title", key, version, "CHANNEL_ONLY"),
        "unit": {
            "unit_no": unit_no,
            "title_no": "津(2020)和平区不动产权第1000001号",
            "address": deepcopy(_ADDRESS),
            "usage": "成套住宅",
            "area_m2": "88.50",
            "registration_type": "200",
            "registration_reason": "买卖",
            "issued_on": date(2020, 5, 6),
            "valid_from": None,
            "valid_until": None,
            "seized": False,
            "mortgaged": False,
            "co_ownership": "SHARES",
            "notes": "",
            "licence_id": None,
        },
        "holders": [
            {"name": "王伟", "id_type": "RESIDENT_ID", "id_number": PERSON, "share": "1/2"},
            {"name": "津门电气有限公司", "id_type": "USCC", "id_number": USCC, "share": "1/2"},
        ],
    }


def business(key: str = "B1", version: int = 1) -> dict[str, Any]:
    """A business licence without an end."""
    return {
        **_open("business_licence", key, version, "SIGNED_RESPONSE"),
        "enterprise": {
            "uscc": USCC,
            "name": "津门电气有限公司",
            "former_names": [],
            "type": "有限责任公司",
            "domicile": deepcopy(_ADDRESS),
            "status_text": None,
            "registered_capital": "1000000",
            "business_scope": "电气安装",
            "issued_on": date(2018, 3, 1),
            "valid_from": date(2018, 3, 1),
            "valid_until": None,
            "licence_id": None,
            "licence_number": None,
        },
        "legal_representative": {"name": "李娜", "id_type": "RESIDENT_ID", "id_number": OTHER_PERSON},
    }


PROJECT_CODE = "2105-120104-04-01-123456"
_BUILDER = {"uscc": USCC, "name": "天津市某某科技有限公司"}


def information(key: str = "P1", version: int = 1, code: str = PROJECT_CODE) -> dict[str, Any]:
    """What a project is."""
    record = _open("project_register", key, version, "CHANNEL_ONLY")
    del record["status"]
    works = {"planned_start": date(2021, 9, 1), "planned_completion": date(2023, 9, 1)}
    areas = {"floor_area_m2": "12000.5", "land_area_m2": "8000"}
    project = {"code": code, "name": "某某研发中心", "part_code": "", "regime": "FILING", "site": deepcopy(_ADDRESS)}
    return {**record, "project": project | works | areas, "builder": dict(_BUILDER)}


def approval(key: str = "F1", version: int = 1, code: str = PROJECT_CODE) -> dict[str, Any]:
    """The document that files a project."""
    project = {
        "code": code,
        "name": "某某研发中心",
        "approval_kind": "FILING",
        "document_no": "津和平审投备〔2021〕12号",
        "issued_on": date(2021, 5, 20),
        "site": deepcopy(_ADDRESS),
    }
    return {
        **_open("project_approval", key, version, "CHANNEL_ONLY"),
        "project": project,
        "builder": dict(_BUILDER),
    }


def resident(key: str = "R1", version: int = 1) -> dict[str, Any]:
    """A resident ID card."""
    return {
        **_open("resident_id", key, version, "SIGNED_RESPONSE"),
        "holder": {
            "name": "王伟",
            "id_number": PERSON,
            "sex": "MALE",
            "nation": "汉",
            "birth": date(1991, 1, 1),
            "address": deepcopy(_ADDRESS),
            "issuing_authority": "天津市公安局和平分局",
            "issued_on": date(2020, 5, 6),
            "valid_from": date(2020, 5, 6),
            "valid_until": date(2040, 5, 6),
            "licence_id": None,
        },
    }


def check(serial: str, number: str = PERSON, application: str = "A-1") -> dict[str, Any]:
    """An identity check: it is the person."""
    opened = _open("identity_check", serial, 1, "SIGNED_RESPONSE")
    del opened["status"]
    return {
        **opened,
        "check": {
            "id_number": number,
            "serial": serial,
            "mode": "FACE_RESULT",
            "result": "MATCH",
            "checked_at_ms": 1_772_413_200_000,
            "application": application,
        },
    }


def step(event_id: str, action: str, segment: str = "", at_ms: int = 0, **more: Any) -> dict[str, Any]:
    """What the utility reports of a step. ``more``: fields of its part."""
    opened = _open("utility_steps", event_id, 1, "SIGNED_RESPONSE")
    del opened["status"]
    told = KINDS["utility.step"].principal.complete({"event_id": event_id})
    return {
        **opened,
        "authority": UTILITY,
        "step": told | {"action": action, "segment": segment, "occurred_at_ms": at_ms} | more,
    }


def transfer_report(
    event_id: str, number: str, result: str, question: int | None = None, **more: Any
) -> dict[str, Any]:
    """What the utility reports of a joint transfer. ``number``: the hub's; ``more``: fields of its part."""
    opened = _open("utility_transfers", event_id, 1, "CHANNEL_ONLY")
    del opened["status"]
    told = {"transfer_no": number, "event_id": event_id, "code": "", "result": result, "question": question}
    told |= {"account_holder": "SAME", "occurred_at_ms": 1_772_413_200_000, "opinion": None, "operator": "欧阳听雨"}
    return {**opened, "authority": UTILITY, "report": told | more}
