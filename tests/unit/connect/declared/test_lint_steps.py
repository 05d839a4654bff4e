"""Lint of a map of step codes: a code that would be rejected, and a segment that never ends, are told before a case
waits for it (P4); and a copy of the connector needs only what the system has otherwise."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.connect.declared.fitting import Finding
from hub.connect.declared.lint import lint
from hub.connect.folder import Folder

CONNECTORS = Path(__file__).parents[4] / "connectors"
Copied = Callable[..., list[Finding]]


@pytest.fixture
def copied(tmp_path: Path) -> Copied:
    """Lints a copy of a connector under another name, with changed lines of its codes.csv; grave findings."""

    def found(name: str = "utility_steps", **changes: str) -> list[Finding]:
        root = tmp_path / "other_crm"
        shutil.copytree(CONNECTORS / name, root)
        for file, (was, becomes) in {
            "connector.toml": (f'name = "{name}"', 'name = "other_crm"'),
            **({"codes.csv": (changes["was"], changes["becomes"])} if changes else {}),
        }.items():
            text = (root / file).read_text("utf-8")
            assert was in text
            (root / file).write_text(text.replace(was, becomes, 1), "utf-8")
        return [one for one in lint(Folder("other_crm", root), SystemClock()) if one.grave]

    return found


@pytest.mark.parametrize("name", ["utility_steps", "utility_steps_table"])
def test_a_copy_under_another_name_has_nothing_to_correct(copied: Copied, name: str) -> None:
    assert copied(name) == []


@pytest.mark.parametrize(
    ("was", "becomes", "key", "said"),
    [
        ("stepCode,060,supply-plan", "stepCode,060,supplyplan", "stepCode,060", "'supplyplan' is no segment"),
        ("stepCode,060,supply-plan,答复供电方案\n", "", "eventType,END-060", "no line of stepCode says the segment"),
        ("eventType,END-060,END", "eventType,END-060,WITHIN", "eventType", "no code ends the segment supply-plan"),
        ("eventType,END-105,END", "eventType,END-105,WITHIN", "eventType", "no code ends the segment design-review"),
        ("stepCode,SEND-3,acceptance,受理\n", "", "eventType,SEND-3", "no line of stepCode says the segment"),
    ],
)
def test_p4_a_broken_map_of_step_codes_is_told(copied: Copied, was: str, becomes: str, key: str, said: str) -> None:
    found = {one.key: one.problem for one in copied(was=was, becomes=becomes) if one.file == "codes.csv"}
    assert said in found[key], found


def test_p4_the_map_of_a_step_table_is_held_to_the_same(copied: Copied) -> None:
    found = copied("utility_steps_table", was="step_stat,DONE-150,END", becomes="step_stat,DONE-150,WITHIN")
    assert [(one.key, one.file) for one in found][:1] == [("step_stat", "codes.csv")]
    assert "completion" in found[0].problem and found[0].remedy
