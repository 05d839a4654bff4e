"""What the simulated departments allow a hub: the grant of each source, as its provider would state it."""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

_PURPOSES = ["connection-application", "capacity-increase"]
_OF_TITLES = [*_PURPOSES, "joint-transfer", "undeclared-transfer"]
_TERM = {"since": "2021-04-19", "until": "2099-12-31"}
GRANTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "business_licence": {
        "item": "120000-SCJG-0001",
        "provider": "天津市市场监督管理委员会",
        "approval": "津数共享〔2021〕1号",
        "fields": [
            "zzbs", "zzmc", "zzlxdm", "zzbh", "zzbfjg", "zzbfjgdm", "zzbfrq", "czzt", "czztdm", "czztdmlx",
            "zzyxqqsrq", "zzyxqjzrq", "zzbgsj", "zzbgyy", "zzzt", "uniscid", "entname", "enttype", "dom", "lerep",
            "lerep_zjlx", "lerep_zjh", "regcap", "opscope", "former_names", "regstate", "xzqhdm", "version",
        ],
        "purposes": _PURPOSES,
        "ways": ["look-up", "feed", "file"],
        **_TERM,
        "calls_a_day": 0,
        "erase_after_days": 180,
    },
    "property_title": {
        "item": "120000-GHZY-0007",
        "provider": "天津市规划和自然资源局",
        "approval": "津数共享〔2021〕2号",
        "fields": [
            "bdcdyh", "bdcqzh", "zl", "ghyt", "mj", "djlx", "djyy", "djsj", "qszt", "gyfs", "cfzt", "dyzt", "xzqhdm",
            "djjg", "fj", "holders.qlr", "holders.zjzl", "holders.zjh", "holders.qlbl",
        ],
        "purposes": _OF_TITLES,
        "ways": ["look-up", "feed"],
        **_TERM,
        "calls_a_day": 0,
        "erase_after_days": 180,
    },
    "project_register": {
        "item": "120000-ZWFW-0011",
        "provider": "天津市工程建设项目联合审批系统",
        "approval": "津数共享〔2021〕6号",
        "fields": [
            "lsh", "xmdm", "gcdm", "xzqhdm", "xmmc", "lxlx", "jsdd", "ydmj", "jzmj", "nkgsj", "njcsj",
            "units.dwmc", "units.dwtyshxydm", "units.dwlx", "units.sjyxbs",
        ],
        "purposes": _PURPOSES,
        "ways": ["look-up", "feed"],
        **_TERM,
        "calls_a_day": 0,
        "erase_after_days": 180,
    },
    "project_approval": {
        "item": "120000-ZWFW-0012",
        "provider": "天津市工程建设项目联合审批系统",
        "approval": "津数共享〔2021〕6号",
        "fields": [
            "lsh", "xmdm", "gcdm", "spsxslbm", "pfrq", "pfwh", "pfwjyxqx",
            "project.xmmc", "project.lxlx", "project.jsdd", "project.jzmj", "project.nkgsj", "project.njcsj",
            "project.xzqhdm", "project.sjyxbs", "units.dwmc", "units.dwtyshxydm", "units.dwlx", "units.sjyxbs",
            "matter.spsxbm", "matter.spbmbm", "matter.sjyxbs", "progress.blzt", "progress.blsj", "progress.sjyxbs",
        ],
        "purposes": _PURPOSES,
        "ways": ["look-up", "feed"],
        **_TERM,
        "calls_a_day": 0,
        "erase_after_days": 180,
    },
    "project_approval_rest": {
        "item": "120104-ZWFW-0012",
        "provider": "南开区政务服务办公室",
        "approval": "津数共享〔2021〕7号",
        "fields": [
            "id", "updateTime", "op", "projectCode", "partCode", "projectName", "initiation", "regionCode",
            "siteAddress", "floorArea", "plannedStart", "plannedCompletion", "document", "matter", "builder",
        ],
        "purposes": _PURPOSES,
        "ways": ["look-up", "feed"],
        **_TERM,
        "calls_a_day": 0,
        "erase_after_days": 180,
    },
    "district_files": {
        "item": "120104-GHZY-0001",
        "provider": "南开区不动产登记分中心",
        "approval": "津数共享〔2021〕5号",
        "fields": [
            "bdcdyh", "bdcqzh", "zl", "ghyt", "mj", "djlx", "djyy", "djsj", "qszt", "gyfs", "cfzt", "dyzt", "xzqhdm",
            "djjg", "fj", "qlr", "zjzl", "zjh", "qlbl",
        ],
        "purposes": _OF_TITLES,
        "ways": ["feed"],
        **_TERM,
        "calls_a_day": 0,
        "erase_after_days": 180,
    },
    "provincial_licences": {
        "item": "120000-ZWFW-0102",
        "provider": "天津市政务服务办公室",
        "approval": "津数共享〔2021〕9号",
        "fields": [
            "license_code", "license_type", "license_no", "license_status", "issue_org_code", "division_code",
            "issue_date", "updated_at", "unit_code", "location", "purpose_of_use", "floor_area", "sharing", "seized",
            "mortgaged", "holder_names", "holder_id_types", "holder_id_numbers", "holder_shares", "trust_level",
        ],
        "purposes": _OF_TITLES,
        "ways": ["look-up"],
        **_TERM,
        "calls_a_day": 0,
        "erase_after_days": 180,
    },
    "utility_steps": {
        "item": "120000-DLGS-0001",
        "provider": "供电公司",
        "approval": "津数共享〔2021〕10号",
        "fields": [
            "eventId", "externalAppNo", "appNo", "preAppNo", "orgNo", "regionCode", "stepCode", "eventType",
            "occurredAt", "customerRequestedAt", "startedAt", "recordedAt", "reasonNo", "reason", "approver", "amends",
            "becomes", "chargeItem", "chargeAmount", "manager", "grid", "operator", "terminal", "appointmentAt",
            "contractSignedAt", "meterBarcode", "firstReadingAt", "firstReading", "promisedOn", "materials",
            "sendElectType", "auditTime",
        ],
        "purposes": _PURPOSES,
        "ways": ["feed", "sent"],
        **_TERM,
        "calls_a_day": 0,
        "erase_after_days": 3650,
    },
    "utility_steps_table": {
        "item": "120000-DLGS-0002",
        "provider": "供电公司",
        "approval": "津数共享〔2021〕10号",
        "fields": [
            "step_id", "app_no", "step_no", "step_name", "step_stat", "rcv_time", "acmp_time", "handler_no",
            "county_code", "req_time",
        ],
        "purposes": _PURPOSES,
        "ways": ["feed"],
        **_TERM,
        "calls_a_day": 0,
        "erase_after_days": 3650,
    },
    "utility_transfers": {
        "item": "120000-DLGS-0003",
        "provider": "供电公司",
        "approval": "津数共享〔2021〕11号",
        "fields": [
            "eventId", "transferNo", "regionCode", "status", "questionNo", "consHolder", "occurredAt", "opinion",
            "operator",
        ],
        "purposes": ["joint-transfer"],
        "ways": ["feed", "sent"],
        **_TERM,
        "calls_a_day": 0,
        "erase_after_days": 3650,
    },
    "utility_transfers_table": {
        "item": "120000-DLGS-0003",
        "provider": "供电公司",
        "approval": "津数共享〔2021〕11号",
        "fields": [
            "report_id", "event_id", "transfer_no", "status", "question_no", "cons_holder", "occurred_at", "opinion",
            "operator",
        ],
        "purposes": ["joint-transfer"],
        "ways": ["feed"],
        **_TERM,
        "calls_a_day": 0,
        "erase_after_days": 3650,
    },
    "identity_check": {
        "item": "120000-GAJ-0011",
        "provider": "天津市公安局",
        "approval": "津数共享〔2021〕3号",
        "fields": [
            "serial", "mode", "result", "idNumber", "application", "checkedAt", "authority", "region",
        ],
        "purposes": _PURPOSES,
        "ways": ["look-up"],
        **_TERM,
        "calls_a_day": 0,
        "erase_after_days": 30,
    },
    "resident_id": {
        "item": "120000-GAJ-0002",
        "provider": "天津市公安局",
        "approval": "津数共享〔2021〕4号",
        "fields": [
            "zzbs", "zzmc", "xm", "gmsfhm", "xb", "mz", "csrq", "zz", "qfjg", "qfjgdm", "xzqhdm", "qfrq",
            "yxqqsrq", "yxqjzrq", "zzzt", "version",
        ],
        "purposes": _PURPOSES,
        "ways": ["look-up", "file"],
        **_TERM,
        "calls_a_day": 0,
        "erase_after_days": 30,
    },
}  # fmt: skip
"""Source → the keys of its table in the hub's file of grants."""


def as_toml(names: Collection[str]) -> str:
    """The file of grants for these sources; those without a grant here are left out."""
    parts = [f"[{name}]\n" + "".join(_lines(GRANTS[name])) for name in names if name in GRANTS]
    return "\n".join(parts)


def _lines(table: Mapping[str, Any]) -> list[str]:
    # A JSON text, number or list of texts is a TOML one too; a day has no quotes.
    return [
        f"{key} = {value if key in _TERM else json.dumps(value, ensure_ascii=False)}\n" for key, value in table.items()
    ]
