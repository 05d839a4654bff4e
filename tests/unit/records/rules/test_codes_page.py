"""The published page says what the rules do."""

from pathlib import Path

from hub.records.rules import CODES
from hub.records.rules.codes_page import page, rules_of

# Told to integrators: a code may be added, never taken away.
PUBLISHED = [
    "UNREADABLE",
    "DUPLICATE_KEY",
    "TOO_LARGE",
    "TOO_DEEP",
    "NUMBER_NOT_FINITE",
    "NUMBER_TOO_LARGE",
    "TEXT_ENCODING",
    "SCHEMA_UNKNOWN",
    "TRAILING_BYTES",
    "SHAPE_MISSING",
    "SHAPE_TYPE",
    "SHAPE_UNKNOWN_FIELD",
    "TEXT_TOO_LONG",
    "TEXT_CONTROL",
    "ID_FORM",
    "ID_DATE",
    "ID_CHECK",
    "ID_REGION",
    "ID_LEGACY",
    "USCC_FORM",
    "USCC_CHECK",
    "UNIT_FORM",
    "TITLE_NO_FORM",
    "ELICENCE_FORM",
    "ELICENCE_CHECK",
    "PROJECT_CODE_FORM",
    "DATE_ORDER",
    "DATE_FUTURE",
    "EXPIRED",
    "NOT_YET_VALID",
    "STATUS_UNKNOWN",
    "PROOF_MISSING",
    "PROOF_INVALID",
    "BIRTH_MISMATCH",
    "SEX_MISMATCH",
    "SHARES_SUM",
    "SHARES_MISSING",
    "HOLDERS_EMPTY",
    "HOLDER_TWICE",
    "REGION_MISMATCH",
    "VALIDITY_TERM",
]


def test_the_page_is_up_to_date() -> None:
    written = (Path(__file__).parents[4] / "docs" / "codes.md").read_text("utf-8")
    assert written == page(), "run: hub check --list-codes > docs/codes.md"


def test_no_published_code_is_gone() -> None:
    assert set(PUBLISHED) <= set(CODES)
    assert {code for code in PUBLISHED if CODES[code].severity == "warn"} == {
        "ID_REGION", "ID_LEGACY", "TITLE_NO_FORM", "NOT_YET_VALID", "REGION_MISMATCH", "VALIDITY_TERM",
    }  # fmt: skip


def test_every_code_that_a_rule_gives_names_it() -> None:
    late = [code for code in CODES.values() if code.step in ("identifiers", "dates", "status", "proof", "agreement")]
    assert all(rules_of(code.code)[0] for code in late)
