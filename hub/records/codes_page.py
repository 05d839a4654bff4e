"""The page of reason codes, made from the rules: ``docs/codes.md``."""

from collections.abc import Iterator

from hub.records.rules import CODES, CURRENT, RULES, STEPS, Code

_STEPS = {
    "readable": "可读性 / can it be read",
    "shape": "结构 / its shape",
    "text": "文本 / sizes and characters",
    "identifiers": "标识 / identifiers",
    "dates": "日期与有效期 / dates and validity",
    "status": "状态 / status",
    "proof": "来源证明 / the source's proof",
    "agreement": "字段一致性 / fields that must agree",
}
_SEVERITY = {"reject": "拒收 reject", "warn": "提示 warn"}


def rules_of(code: str) -> tuple[list[str], list[str]]:
    """The rules in force that may give a code, and the kinds that they judge; none for what every reader checks."""
    rules = [rule for rule in RULES if rule.in_force(CURRENT) and any(one.code == code for one in rule.codes)]
    return [rule.name for rule in rules], list(dict.fromkeys(kind for rule in rules for kind in rule.kinds))


def page() -> str:
    """The whole page, Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# 原因代码 / Reason codes"
    yield ""
    yield "本页由 `hub check --list-codes` 生成，代码含义永不改变。"
    yield "Made by `hub check --list-codes`; no code ever changes its meaning."
    yield ""
    yield f"规则版本 rules version {CURRENT}。按下列顺序判定，结构错误的记录不再继续判定。"
    yield "Judged in this order; a record whose shape is wrong is judged no further."
    for step in STEPS:
        yield ""
        yield f"## {_STEPS[step]}"
        yield ""
        yield "| code | | 含义 | meaning | 依据 clause | kinds | rules |"
        yield "|---|---|---|---|---|---|---|"
        yield from (_row(code) for code in CODES.values() if code.step == step)


def _row(code: Code) -> str:
    names, kinds = rules_of(code.code)
    cells = (
        f"`{code.code}`", _SEVERITY[code.severity], code.chinese, code.english, code.clause,
        ", ".join(kinds) or "all", ", ".join(names) or "–",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"
