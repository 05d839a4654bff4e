"""The reference page and a new folder come from the models and schemas: they cannot fall behind."""

from pathlib import Path

import pytest

from hub.connect.declared.lint import lint
from hub.connect.declared.models import MappingSpec
from hub.connect.declared.reference import reference
from hub.connect.declared.scaffold import scaffold
from hub.connect.folder import Folder
from hub.connect.spec import ConnectorInfo, Setting
from hub.errors import Misconfigured
from hub.records.kinds import KINDS
from tests.clocks import HandClock

ROOT = Path(__file__).parents[4]


def test_the_page_is_made_from_the_models() -> None:
    written = (ROOT / "docs" / "declarations.md").read_text("utf-8")
    assert written == reference(), "run: hub connectors reference > docs/declarations.md"


@pytest.mark.parametrize("model", [ConnectorInfo, Setting, MappingSpec])
def test_every_key_says_what_it_is(model: type[ConnectorInfo | Setting | MappingSpec]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("transport", ["table", "rest"])
def test_a_new_folder_lacks_only_what_a_person_must_say(
    kind: str, transport: str, tmp_path: Path, clock: HandClock
) -> None:
    root = tmp_path / "fresh"
    scaffold(root, KINDS[kind], transport)
    found = [one for one in lint(Folder("fresh", root), clock) if one.grave]
    assert found
    assert {one.problem for one in found} <= {
        "no column is named yet", "no list is named yet", "a question mark is left",
    }  # fmt: skip
    mapped = {one.key for one in found if one.file == "mapping.toml"}
    assert {"fields.authority", "fields.region"} <= mapped


def test_a_list_that_may_be_empty_needs_no_value(tmp_path: Path) -> None:
    scaffold(tmp_path / "fresh", KINDS["licence.business"], "rest")
    written = (tmp_path / "fresh" / "mapping.toml").read_text("utf-8")
    assert '# "enterprise.former_names" = { from = "?", as = "split", required = false }' in written


def test_a_folder_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(Misconfigured, match="exists"):
        scaffold(tmp_path / "there", KINDS["licence.business"], "table")
    with pytest.raises(Misconfigured, match="no name"):
        scaffold(tmp_path / "Heat-Supply", KINDS["licence.business"], "table")
