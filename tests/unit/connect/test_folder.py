"""Folders of connectors: an installed package, and a folder without Python."""

from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.connect.folder import Folder, of_package
from hub.connect.host import registry
from hub.errors import Misconfigured

INFO = """
name = "heat"
kind = "licence.business"
direction = "source"
transport = "table"
assurance = "CHANNEL_ONLY"
[title]
zh = "供热"
en = "Heat"
[table]
name = "heat"
key = "id"
time = "changed"
columns = ["org"]
"""
MAPPING = '[fields]\nauthority = { from = "org" }\n[each.holders]\nfrom = "qlr"\nfields.name = { from = "xm" }\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "heat"
    root.mkdir()
    (root / "connector.toml").write_text(INFO, "utf-8")
    (root / "mapping.toml").write_text(MAPPING, "utf-8")
    return root


def test_a_package_is_a_folder_too() -> None:
    found = of_package("connectors.business_licence")
    assert found.info.name == "business_licence"
    assert found.info.mapping == found.digest != bytes(8)


def test_the_columns_of_a_declared_source_are_those_of_its_mapping(folder: Path) -> None:
    assert Folder("heat", folder).info.columns == ("org", "qlr.xm")


def test_a_changed_file_changes_the_digest(folder: Path) -> None:
    """P4: a record says by which mapping it was read."""
    before = Folder("heat", folder).digest
    (folder / "mapping.toml").write_text(MAPPING + "# x\n", "utf-8")
    assert Folder("heat", folder).digest != before


@pytest.mark.usefixtures("folder")
def test_a_folder_of_the_directory_is_found_beside_the_installed_ones(tmp_path: Path) -> None:
    found = registry.discover(tmp_path)
    assert {"heat", "business_licence"} <= found.keys()
    assert registry.find("heat", tmp_path).info.transport == "table"


def test_one_that_cannot_be_used_is_told_and_holds_up_no_other(folder: Path, tmp_path: Path) -> None:
    (folder / "mapping.toml").unlink()
    with pytest.raises(Misconfigured, match=r"has no mapping.toml"):
        registry.find("heat", tmp_path)
    assert registry.find("property_title", tmp_path)


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="connectors_dir"):
        registry.discover(tmp_path / "nowhere")


def test_a_folder_may_not_take_the_name_of_an_installed_connector(folder: Path, tmp_path: Path) -> None:
    folder.rename(tmp_path / "business_licence")
    (tmp_path / "business_licence" / "connector.toml").write_text(INFO.replace('"heat"', '"business_licence"'), "utf-8")
    with pytest.raises(Misconfigured, match="two connectors"):
        registry.open_source("business_licence", {}, SystemClock(), directory=tmp_path)


@pytest.mark.parametrize("content", ["def strange(x):\n    return x\n", "1 / 0\n", "def :\n"])
def test_a_hook_that_cannot_be_used_is_told(folder: Path, content: str) -> None:
    (folder / "hook.py").write_text(content, "utf-8")
    with pytest.raises(Misconfigured, match=r"heat/hook.py"):
        assert Folder("heat", folder).hook
