"""The published reason codes: what each means, how grave it is, on what clause it stands. None changes its meaning.

``docs/codes.md`` is made from this table (``hub check --list-codes``).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

from hub.errors import Misconfigured
from hub.records.declarations import FILE, Declaration, declarations

Severity = Literal["reject", "warn"]


class Code(NamedTuple):
    """A reason in both languages. ``clause`` is a standard, a law, a file of ours, or "hub" (its own contract)."""

    code: str
    severity: Severity
    step: str
    clause: str
    english: str
    chinese: str


WARNINGS: Final = frozenset(
    ("ID_REGION", "ID_LEGACY", "TITLE_NO_FORM", "NOT_YET_VALID", "REGION_MISMATCH", "VALIDITY_TERM")
)
"""What is reported and rejects nothing."""

# Step → (code, clause, English, Chinese). A record whose shape does not hold is judged no further.
_TABLE: Final = {
    "readable": (
        ("UNREADABLE", "hub", "The bytes are not a record in the format named.", "数据无法读取"),
        ("DUPLICATE_KEY", "RFC 8259 §4", "A key occurs twice in one object.", "同一对象中键重复"),
        ("TOO_LARGE", "hub", "The record or one of its lists is too large.", "数据超出大小限制"),
        ("TOO_DEEP", "hub", "The record is nested too deeply.", "数据嵌套过深"),
        ("NUMBER_NOT_FINITE", "RFC 8259 §6", "NaN or infinity is no number.", "数值不是有限数"),
        ("NUMBER_TOO_LARGE", "hub", "A number needs more than 64 bits.", "数值超出64位范围"),
        ("TEXT_ENCODING", "GB 18030, RFC 3629", "Text in a wrong encoding.", "文本编码错误"),
        ("SCHEMA_UNKNOWN", "hub", "The schema is unknown or unsafe to read.", "未知或不安全的数据结构"),
        ("TRAILING_BYTES", "hub", "Bytes are left over after the record.", "记录之后有多余字节"),
        ("SEAL_BROKEN", "hub", "A sealed value or its open fields were changed.", "密封内容或公开字段被改动"),
        ("ERASED", "PIPL §47", "Someone in it was erased: it cannot be judged.", "当事人信息已删除，无法核验"),
    ),
    "shape": (
        ("SHAPE_MISSING", "schemas/", "A field is missing.", "缺少字段"),
        ("SHAPE_TYPE", "schemas/", "A field has the wrong type or form.", "字段类型或格式错误"),
        ("SHAPE_UNKNOWN_FIELD", "schemas/", "A field that the schema does not have.", "多余字段"),
    ),
    "text": (
        ("TEXT_TOO_LONG", "schemas/", "The text is longer than the schema allows.", "文本超长"),
        ("TEXT_CONTROL", "hub", "Control or invisible formatting characters in a text.", "文本含控制字符"),
    ),
    "identifiers": (
        ("ID_FORM", "GB 11643-1999", "Not a resident number's form.", "公民身份号码格式错误"),
        ("ID_DATE", "GB 11643-1999", "The number's birth date is no day.", "公民身份号码中出生日期无效"),
        ("ID_CHECK", "GB 11643-1999", "The check character is wrong.", "公民身份号码校验码错误"),
        ("ID_REGION", "GB/T 2260", "No such division code, now or before.", "公民身份号码地址码未知"),
        ("ID_LEGACY", "GB 11643-1989", "A number of 15 digits.", "使用15位旧身份号码"),
        ("USCC_FORM", "GB 32100-2015", "Not a credit code's form.", "统一社会信用代码格式错误"),
        ("USCC_CHECK", "GB 32100-2015", "The check character is wrong.", "统一社会信用代码校验码错误"),
        ("UNIT_FORM", "GB/T 37346-2019", "Not a unit number's form.", "不动产单元号格式错误"),
        ("TITLE_NO_FORM", "usage", "Not the usual form of a title number.", "不动产权证书号格式不常见"),
        ("ELICENCE_FORM", "GB/T 36904-2018", "Not an e-licence identifier's form.", "电子证照标识格式错误"),
        ("ELICENCE_CHECK", "ISO/IEC 7064 MOD 37,36", "The check character is wrong.", "电子证照标识校验位错误"),
        ("PROJECT_CODE_FORM", "GB/T 40058-2021", "Not a project code's form.", "项目代码格式错误"),
    ),
    "dates": (
        ("DATE_ORDER", "hub", "A date lies before one that it must follow.", "日期先后矛盾"),
        ("DATE_FUTURE", "hub", "Something that has happened is dated in the future.", "日期晚于当前日期"),
        ("EXPIRED", "the licence", "Current by its status, but its validity is over.", "证照已过有效期"),
        ("NOT_YET_VALID", "the licence", "Its validity has not begun.", "证照尚未生效"),
    ),
    "status": (
        ("STATUS_UNKNOWN", "hub", "The source's status code is in no table.", "证照状态代码未知"),
    ),
    "proof": (
        ("PROOF_MISSING", "hub", "The assurance promises a proof, and there is none.", "缺少来源证明"),
        ("PROOF_INVALID", "hub", "The source's proof does not hold.", "来源证明无效"),
    ),
    "agreement": (
        ("BIRTH_MISMATCH", "GB 11643-1999", "Birth date and number disagree.", "出生日期与身份号码不一致"),
        ("SEX_MISMATCH", "GB 11643-1999", "Sex and number disagree.", "性别与身份号码不一致"),
        ("SHARES_SUM", "民法典 §298", "The shares do not make one whole.", "共有份额之和不等于1"),
        ("SHARES_MISSING", "民法典 §298", "Owned by shares, but a share is missing.", "按份共有但缺少份额"),
        ("HOLDERS_EMPTY", "不动产登记暂行条例 §8", "A title without a holder.", "权利人为空"),
        ("HOLDER_TWICE", "不动产登记暂行条例 §8", "The same holder twice.", "权利人重复"),
        ("REGION_MISMATCH", "GB/T 2260", "Region code and address disagree.", "行政区划与地址不一致"),
        ("VALIDITY_TERM", "居民身份证法 §5", "Not the validity for that age.", "有效期限与年龄不符"),
    ),
}  # fmt: skip

STEPS: Final = tuple(_TABLE)
"""The order of judging."""
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
