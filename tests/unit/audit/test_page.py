"""The auditor's page names every finding, in both languages."""

from pathlib import Path

import pytest

from hub.audit.codes import CODES

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("page", ["auditing.md", "auditing.zh-CN.md"])
def test_every_finding_is_on_the_auditors_page_under_its_class(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    for code, one in CODES.items():
        assert f"| {one.of.zh} `{one.of.value}` | `{code}` | {one.zh} |" in text, code
