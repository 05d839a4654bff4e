"""The auditor's page names every finding, in both languages."""

from pathlib import Path

import pytest

from hub.audit.findings.codes import CODES
from hub.cases.steps.words import WORDS

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("page", ["auditing.md", "auditing.zh-CN.md"])
def test_every_finding_is_on_the_auditors_page_under_its_class(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    for code, one in CODES.items():
        words = f"{one.zh} | {one.en}" if page == "auditing.md" else one.zh
        assert f"| {one.of.zh} `{one.of.value}` | `{code}` | {words} |" in text, code


def test_a_claim_is_told_by_the_audit_in_the_words_of_the_cases_clock() -> None:
    for why, said in WORDS.items():
        found = CODES[why.value]
        assert (f"{found.zh}。", found.en) == said.words
