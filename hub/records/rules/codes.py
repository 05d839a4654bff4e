"""The published reason codes: meaning, severity, and the clause behind each. A code never changes its meaning.

``docs/codes.md`` is generated from this table (``hub check --list-codes``).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from hub.errors import Misconfigured
from hub.records.declarations import FILE, Declaration, declarations

Severity = Literal["reject", "warn"]


class Code(NamedTuple):
    """A reason code with its message in both languages. ``clause`` names a standard, a law, a file of this repository,
    or "hub" for the hub's own contract."""

    code: str
    severity: Severity
    step: str
    clause: str
    english: str
    chinese: str


WARNINGS: Final = frozenset(
    ("ID_REGION", "ID_LEGACY", "TITLE_NO_FORM", "NOT_YET_VALID", "REGION_MISMATCH", "VALIDITY_TERM")
)
"""Codes that are reported and reject no record."""

# Step → (code, clause, English, Chinese). A record that fails in "readable" or "shape" is not judged further.
_TABLE: Final = {
    "readable": (
        ("UNREADABLE", "hub", "The bytes are not a record in the format named.", "数据无法读取"),
        ("DUPLICATE_KEY", "RFC 8259 §4", "A key occurs twice in one object.", "同一对象中键重复"),
        ("TOO_LARGE", "hub", "The record or one of its lists is too large.", "数据超出大小限制"),
        ("TOO_DEEP", "hub", "The record is nested too deeply.", "数据嵌套过深"),
        ("NUMBER_NOT_FINITE", "RFC 8259 §6", "A number is NaN or infinite.", "数值不是有限数"),
        ("NUMBER_TOO_LARGE", "hub", "A number needs more than 64 bits.", "数值超出64位范围"),
        ("TEXT_ENCODING", "GB 18030, RFC 3629", "Wrong encoding, or characters were lost.", "文本编码错误或字符丢失"),
        ("SCHEMA_UNKNOWN", "hub", "The schema is unknown or unsafe to read.", "未知或不安全的数据结构"),
        ("TRAILING_BYTES", "hub", "There are bytes after the end of the record.", "记录之后有多余字节"),
        ("ARCHIVE_UNSAFE", "hub", "A zip file or spreadsheet that is unsafe to open.", "压缩包或表格文件不安全"),
        ("XML_UNSAFE", "hub", "A document type, an entity or a tag without an end.", "XML含文档类型、实体或无尽标签"),
        ("FORMULA", "hub", "A cell of a spreadsheet is a formula, not a value.", "单元格是公式而不是值"),
        ("SEAL_BROKEN", "hub", "A sealed value or its open fields were changed.", "封存内容或公开字段被改动"),
        ("KEY_DAMAGED", "hub", "The key of a person in it does not open: restore the vault.", "密钥损坏，须恢复密钥库"),
        ("ERASED", "PIPL §47", "It cannot be judged: personal data in it was erased.", "当事人信息已删除，无法核验"),
    ),
    "shape": (
        ("SHAPE_MISSING", "schemas/", "A field is missing or blank.", "缺少字段或字段为空"),
        ("SHAPE_TYPE", "schemas/", "A field has a wrong type, form or date.", "字段类型、格式或日期错误"),
        ("SHAPE_UNKNOWN_FIELD", "schemas/", "The schema has no such field.", "多余字段"),
    ),
    "text": (
        ("TEXT_TOO_LONG", "schemas/", "The text is longer than the schema allows.", "文本超长"),
        ("TEXT_CONTROL", "hub", "Control or invisible formatting characters in a text.", "文本含控制字符"),
    ),
    "identifiers": (
        ("ID_FORM", "GB 11643-1999", "This is not a resident ID number.", "公民身份号码格式错误"),
        ("ID_DATE", "GB 11643-1999", "The birth date in the number is not a date.", "公民身份号码中出生日期无效"),
        ("ID_CHECK", "GB 11643-1999", "The check character is wrong.", "公民身份号码校验码错误"),
        ("ID_REGION", "GB/T 2260", "The division code is unknown, also among earlier ones.", "公民身份号码地址码未知"),
        ("ID_LEGACY", "GB 11643-1989", "The number has 15 digits (the form before 1999).", "使用15位旧身份号码"),
        ("USCC_FORM", "GB 32100-2015", "This is not a credit code.", "统一社会信用代码格式错误"),
        ("USCC_CHECK", "GB 32100-2015", "The check character is wrong.", "统一社会信用代码校验码错误"),
        ("UNIT_FORM", "GB/T 37346-2019", "This is not a property unit number.", "不动产单元号格式错误"),
        ("TITLE_NO_FORM", "usage", "The form of the title number is unusual.", "不动产权证书号格式不常见"),
        ("ELICENCE_FORM", "GB/T 36904-2018", "This is not an e-licence identifier.", "电子证照标识格式错误"),
        ("ELICENCE_CHECK", "ISO/IEC 7064 MOD 37,36", "The check character is wrong.", "电子证照标识校验位错误"),
        ("PROJECT_CODE_FORM", "GB/T 40058-2021", "This is not a project code.", "项目代码格式错误"),
    ),
    "dates": (
        ("DATE_ORDER", "hub", "Two dates are in the wrong order.", "日期先后矛盾"),
        ("DATE_FUTURE", "hub", "The date of a past event is in the future.", "日期晚于当前日期"),
        ("EXPIRED", "the licence", "The status is current, but the validity has ended.", "证照已过有效期"),
        ("NOT_YET_VALID", "the licence", "The validity has not begun.", "证照尚未生效"),
    ),
    "status": (
        ("STEP_UNKNOWN", "docs/cases.md", "No table has the utility's code of the step.", "未知的环节代码"),
        ("TRANSFER_UNKNOWN", "docs/transfer.md", "No table has the utility's code.", "未知的过户反馈代码"),
        ("STATUS_UNKNOWN", "hub", "The source's status code is unknown.", "证照状态代码未知"),
    ),
    "proof": (
        ("PROOF_MISSING", "hub", "The assurance requires a proof, and there is none.", "缺少来源证明"),
        ("PROOF_INVALID", "hub", "The source's proof is not valid.", "来源证明无效"),
    ),
    "agreement": (
        ("BIRTH_MISMATCH", "GB 11643-1999", "Birth date and number disagree.", "出生日期与身份号码不一致"),
        ("SEX_MISMATCH", "GB 11643-1999", "Sex and number disagree.", "性别与身份号码不一致"),
        ("SHARES_SUM", "民法典 §298", "The sum of the shares is not 1.", "共有份额之和不等于1"),
        ("SHARES_MISSING", "民法典 §298", "Owned by shares, but a share is missing.", "按份共有但缺少份额"),
        ("HOLDERS_EMPTY", "不动产登记暂行条例 §8", "A title without a holder.", "权利人为空"),
        ("HOLDER_TWICE", "不动产登记暂行条例 §8", "The same holder twice.", "权利人重复"),
        ("REGION_MISMATCH", "GB/T 2260", "Region code and address disagree.", "行政区划与地址不一致"),
        ("NOT_AN_APPROVAL", "津工信电力〔2021〕8号 §5", "A permit approves no project.", "许可证不是项目批准文件"),
        ("CHECK_NO_MATCH", "hub", "The identity service found another person.", "身份核验结果为不是本人"),
        ("STEP_NO_NUMBER", "docs/cases.md", "The step names no application.", "环节信息没有任何申请编号"),
        ("STEP_SEGMENT", "docs/cases.md", "The step needs one of the five timed segments.", "环节不是五个计时环节之一"),
        ("STEP_TIME", "docs/cases.md", "A time of the step is no time of our years.", "环节时间不是合理年代的时间"),
        ("STEP_AMENDS", "docs/cases.md", "A correction names the event that it corrects.", "更正未写明被更正的事件"),
        ("TRANSFER_TIME", "docs/transfer.md", "The time or the number cannot be.", "反馈时间或推送次数不合理"),
        ("VALIDITY_TERM", "居民身份证法 §5", "The validity does not fit the holder's age.", "有效期限与年龄不符"),
    ),
}  # fmt: skip

STEPS: Final = tuple(_TABLE)
"""The steps, in the order in which a record is judged."""
_CODE: Final = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_KEYS: Final = {"step", "severity", "clause", "en", "zh"}


def declared_codes(declaration: Declaration) -> Iterator[Code]:
    """The codes of one package's ``kinds.toml``. Raises ``Misconfigured`` with the code that is wrong."""
    for name, entry in declaration.codes.items():
        where = f"{declaration.package.name}/{FILE}: code {name}"
        if not _CODE.fullmatch(name) or not isinstance(entry, Mapping) or entry.keys() != _KEYS:
            raise Misconfigured(f"{where} is no code with {', '.join(sorted(_KEYS))}", "see docs/kinds.md")
        if entry["step"] not in STEPS or entry["severity"] not in ("reject", "warn"):
            raise Misconfigured(
                f"{where}: no such step or severity", f"steps are {', '.join(STEPS)}; severities are reject and warn"
            )
        yield Code(name, entry["severity"], entry["step"], entry["clause"], entry["en"], entry["zh"])


def _codes() -> dict[str, Code]:
    found = {
        code: Code(code, "warn" if code in WARNINGS else "reject", step, clause, english, chinese)
        for step, rows in _TABLE.items()
        for code, clause, english, chinese in rows
    }
    for declaration in declarations():
        for code in declared_codes(declaration):
            if code.code in found:
                raise Misconfigured(
                    f"{declaration.package.name}/{FILE}: the code {code.code} means something else already",
                    "give it a name of its own, such as the kind's name in front; no code may mean two things",
                )
            found[code.code] = code
    return found


CODES: Final[dict[str, Code]] = _codes()
"""Every published code: those of every reader and rule of the hub, then those of installed packages."""
REJECTING: Final = frozenset(code.code for code in CODES.values() if code.severity == "reject")
