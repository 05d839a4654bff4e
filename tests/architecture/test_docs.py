"""The documents are checked against the product: a setting, a verb or a link that is not there fails."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from hub.cli import verbs
from hub.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "connectors").rglob("*.md")])


def settings_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings_keys(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


@pytest.mark.parametrize("key", list(settings_keys(Settings)))
def test_every_setting_is_documented(key: str) -> None:
    assert f"`{key}`" in (ROOT / "docs/operating.md").read_text("utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_in_a_document_exists(document: Path) -> None:
    for verb in re.findall(r"(?m)(?:^|`)hub (?!--)([a-z]+)", document.read_text("utf-8")):
        assert verb in verbs(), f"hub {verb}"


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_is_in_both_readmes_or_the_operators_page(verb: str) -> None:
    told = "".join((ROOT / name).read_text("utf-8") for name in ("README.md", "docs/operating.md"))
    assert f"hub {verb}" in told


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", document.read_text("utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_both_readmes_show_the_same_commands() -> None:
    def commands(name: str) -> list[str]:
        lines = re.findall(r"(?m)^(?:\.|hub|make) .+$", (ROOT / name).read_text("utf-8"))
        return [line.partition("  #")[0].rstrip() for line in lines]

    assert commands("README.md") == commands("README.zh-CN.md")


def test_every_crash_point_is_documented() -> None:
    page = (ROOT / "docs/operating.md").read_text("utf-8")
    for path in (ROOT / "hub").rglob("*.py"):
        for point in re.findall(r'crash_point\("([a-z._]+)"\)', path.read_text("utf-8")):
            assert f"`{point}`" in page or path.name == "crash.py", point


def translated() -> list[Path]:
    return sorted((ROOT / "docs").rglob("*.zh-CN.md"))


@pytest.mark.parametrize("page", translated(), ids=lambda path: path.name)
def test_a_translated_page_has_the_same_headings_and_code(page: Path) -> None:
    def shape(path: Path) -> tuple[list[str], list[str]]:
        text = path.read_text("utf-8")
        code = re.findall(r"(?s)```(?:python|toml)\n(.*?)```", text)
        prose = re.sub(r"(?s)```.*?```", "", text)
        return re.findall(r"(?m)^#+", prose), [re.sub(r" *#.*", "", block) for block in code]

    assert shape(page) == shape(page.with_name(page.name.replace(".zh-CN", "")))


@pytest.mark.parametrize("page", translated(), ids=lambda path: path.name)
def test_a_translated_page_has_the_same_names(page: Path) -> None:
    def names(path: Path) -> set[str]:
        return set(re.findall(r"`([a-z][a-z_.]+)`", path.read_text("utf-8")))

    assert names(page) == names(page.with_name(page.name.replace(".zh-CN", "")))
