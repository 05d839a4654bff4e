"""The glossary is held against the READMEs and the command line, in both languages."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest

from hub.cli import cli
from hub.settings import Settings

ROOT = Path(__file__).parents[2]
ENGLISH, CHINESE = ROOT / "docs/glossary.md", ROOT / "docs/glossary.zh-CN.md"
READMES = ("README.md", "README.zh-CN.md")

# What the glossary must explain: the terms of the field, and the product's own.
REQUIRED = """
    e-licence; resident ID; business licence; property title; property unit; joint project approval;
    unified social credit code; one-certificate application; face application; connection application;
    connection system; joint transfer; demand reserve pool; grid-works permit; acceptance; correction request;
    completion; committed time limit; working day; step; public disclosure; service rating; outage notice;
    exchange table; off-system circulation; sanling;
    connector; source; sink; feed; look-up; cursor; page; page signature; mapping; record; kind; record id; scope;
    source version; sub-version; reading; original; fault; unreadable; deletion; tombstone; defaults; assurance;
    throttle; back-pressure; back-off; circuit breaker; quota; cache; preflight;
    schema; schema registry; rule; reason code; verdict; verified; rejected; duplicate; pending; conservation line;
    record log; topic; partition; offset; consumer group; assignor; rebalance; fence; lane; backfill; stage; worker;
    projection; outbox; crash point; business time; process time;
    procedure; case; application; event; evidence; policy; purpose; legal basis;
    channel; client; token; token scope; registration; piece; claim; lease; idempotency key; receipt;
    sealed; envelope; open part; entity; subject; data key; master key; vault; commitment; erasure; ledger; sandbox
"""
# Technical words that readers meet in other systems. If a README or a help text uses one, the glossary explains it.
WATCHED = """
    assignor; back-off; back-pressure; backfill; broker; cache; case; channel; checkpoint; circuit breaker; claim;
    commitment; compaction; connector; conservation line; consumer group; crash point; cursor; data key; dead letter;
    deletion; duplicate; entity; envelope; epoch; erasure; event; evidence; exchange table; feed; fence; grant; horizon;
    idempotency key; lag; lane; lease; ledger; legal basis; look-up; manifest; mapping; master key; nonce; offset;
    open part; outbox; page signature; partition; piece; policy; preflight; procedure; projection; purpose; quota;
    quorum; reading; reason code; rebalance; receipt; record log; redrive; registration; saga; schema registry; scope;
    sealed; sharding; sink; snapshot isolation; source version; stage; sub-version; subject; throttle;
    tombstone; token; topic; truth; vault; verdict; watermark; worker
"""
# Words in backticks that are programs.
NOT_TERMS = {"make"}


class Entry(NamedTuple):
    """One row of a glossary."""

    english: str
    chinese: str
    code: str
    meaning: str


def listed(text: str) -> list[str]:
    return [word.strip() for word in text.replace("\n", " ").split(";") if word.strip()]


def cells(path: Path) -> Iterator[list[str]]:
    for line in path.read_text("utf-8").splitlines():
        row = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(row) == 4 and not line.startswith("|---") and row[0] not in ("term", "术语"):
            yield row


@cache
def english() -> list[Entry]:
    return [Entry(row[0], row[2], row[1], row[3]) for row in cells(ENGLISH)]


@cache
def chinese() -> list[Entry]:
    return [Entry(row[1], row[0], row[2], row[3]) for row in cells(CHINESE)]


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, (*path, name))


@cache
def helps() -> str:
    """Every help text of the command line: of each verb, and of each option."""
    texts = []
    for _, command in commands(cli):
        options: list[Any] = [option.help for option in command.params if isinstance(option, click.Option)]
        texts += [text for text in (command.help, command.epilog, *options) if text]
    return "\n".join(texts)


def names() -> set[str]:
    """Words that are commands or settings."""
    verbs = {name for path, _ in commands(cli) for name in path}
    return verbs | set(Settings.model_fields) | NOT_TERMS


def used(word: str, text: str) -> bool:
    """Whether ``text`` has the word, also in the plural and at the start of a sentence."""
    return re.search(rf"(?<![\w-]){re.escape(word)}(?:s|es)?(?![\w-])", text, re.IGNORECASE) is not None


def test_both_languages_have_the_same_terms() -> None:
    assert [(entry.english, entry.chinese, entry.code) for entry in english()] == [
        (entry.english, entry.chinese, entry.code) for entry in chinese()
    ]


@pytest.mark.parametrize("entries", [english, chinese])
def test_every_term_has_one_entry_with_a_meaning(entries: Any) -> None:
    for column in ("english", "chinese"):
        words = [getattr(entry, column) for entry in entries()]
        assert sorted(words) == sorted(set(words))
    assert all(entry.meaning for entry in entries())


@pytest.mark.parametrize("term", listed(REQUIRED))
def test_every_required_term_is_explained(term: str) -> None:
    assert term in {entry.english for entry in english()}


@pytest.mark.parametrize("word", listed(WATCHED))
def test_every_technical_word_of_readmes_and_help_is_explained(word: str) -> None:
    told = helps() + (ROOT / "README.md").read_text("utf-8")
    assert not used(word, told) or word in {entry.english for entry in english()}


@pytest.mark.parametrize("readme", READMES)
def test_every_bold_word_of_a_readme_is_explained(readme: str) -> None:
    words = {entry.english for entry in english()} | {entry.chinese for entry in english()}
    for bold in re.findall(r"\*\*([^*]+)\*\*", (ROOT / readme).read_text("utf-8")):
        assert {bold, bold.lower(), bold.lower().removesuffix("s")} & words, bold


@pytest.mark.parametrize("text", [*READMES, "help"])
def test_every_word_in_backticks_is_a_command_a_setting_or_explained(text: str) -> None:
    known = names() | {entry.english for entry in english()}
    known |= {code for entry in english() for code in re.findall(r"`([^`]+)`", entry.code)}
    told = helps() if text == "help" else (ROOT / text).read_text("utf-8")
    told = re.sub(r"(?s)```.*?```", "", told)
    assert {word for word in re.findall(r"`([a-z][a-z_-]*)`", told) if word not in known} == set()


def test_the_chinese_readme_links_the_chinese_pages_and_says_the_language_of_others() -> None:
    text = (ROOT / "README.zh-CN.md").read_text("utf-8")
    for label, target, note in re.findall(r"\[([^\]]+)\]\(([^)]+)\)(（[^）]*）)?", text):
        chinese_page = target.endswith(".zh-CN.md")
        assert chinese_page or "英文" in f"{label}{note}" or target == "README.md", target
