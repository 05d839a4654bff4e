"""``hub grants``: what was allowed, for people and for programs."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.bootstrap import open_hub
from hub.cli import cli
from hub.ingest.dropped import DroppedColumns
from hub.settings import load
from tests.grants import written

TABLES = """
[connectors.property_title]
url = "sqlite:///exchange.db"
[connectors.business_licence]
url = "http://127.0.0.1:1"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    written(tmp_path, ["business_licence", "property_title"])
    urls = "".join(f'{what}_url = "sqlite:///{what}.db"\n' for what in ("log", "store", "vault"))
    file = tmp_path / "hub.toml"
    file.write_text(f'grants = "grants.toml"\nmaster_key_file = "master.key"\n{urls}{TABLES}', "utf-8")
    return file


def grants(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), "grants", *arguments])


def test_list_and_show_make_nothing_and_say_what_was_dropped(config: Path) -> None:
    before = set(config.parent.iterdir())
    assert "津数共享〔2021〕2号" in grants(config, "list").output
    assert set(config.parent.iterdir()) == before
    hub = open_hub(load(config, {}))
    for _ in range(2):
        DroppedColumns(hub.store).add("property_title", {"lxdh": 3, "holders.dz": 1})
    hub.close()
    assert "lxdh: 6 rows" in grants(config, "list").output
    found = {one["source"]: one for one in json.loads(grants(config, "list", "--json").output)}
    assert found["property_title"]["dropped"] == {"holders.dz": 2, "lxdh": 6}
    shown = json.loads(grants(config, "show", "property_title", "--json").output)
    assert shown == found["property_title"]
    assert shown["ways"] == ["feed", "look-up"] and "holders.qlr" in shown["fields"]
    assert "holders.qlr" in grants(config, "show", "property_title").output


def test_an_unknown_source_is_told_with_those_that_there_are(config: Path) -> None:
    result = grants(config, "show", "nobody")
    assert "grants here: business_licence, property_title" in str(result.exception)


def test_check_ends_with_1_where_a_source_would_not_be_called(config: Path) -> None:
    assert grants(config, "check").exit_code == 0
    written(config.parent, ["property_title"])
    result = grants(config, "check", "--json")
    assert result.exit_code == 1
    assert json.loads(result.output)["source"] == "business_licence"
    assert "business_licence has no grant" in grants(config, "list").output
