"""The tutorials of docs/connectors.md, in both languages: every file and every command, as a reader does them."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connectors.tutorial import ROOT, Reader, files, section

PAGES = [ROOT / "docs" / name for name in ("connectors.md", "connectors.zh-CN.md")]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    home = tmp_path / "work"
    home.mkdir()
    found = Reader(home)
    yield found
    found.stop()


@pytest.mark.slow
def test_a_table_is_connected_by_the_tutorial(reader: Reader) -> None:
    """P1: three rows are received, and one of them waits for its code; when the code is known, it is mapped again."""
    text = section(PAGES[0], "--transport table")
    first, second = text.split("hub connectors status heat_supply\n", 1)
    reader.follow(first + "```\n")
    reader.wait_for(
        ["connectors", "status", "heat_supply"], lambda shown: shown and shown[0][0]["progress"]["rows"] == 3
    )
    reader.wait_for(["rejected", "list"], lambda shown: "STATUS_UNKNOWN" in str(shown))
    reader.follow("```sh\nhub connectors status heat_supply\n" + second)
    assert "1 mapped otherwise and sent" in reader.output
    assert "unknown code  zt = '9'" in reader.output
    reader.wait_for(["rejected", "list"], lambda shown: "STATUS_UNKNOWN" not in str(shown))


@pytest.mark.parametrize("holding", ["--transport table", "--transport rest"])
def test_both_languages_have_the_same_files_and_commands(holding: str) -> None:
    english, chinese = (section(page, holding) for page in PAGES)
    assert files(english) == files(chinese) != {}

    def commands(text: str) -> list[str]:
        return [line.partition("  #")[0].strip() for line in text.splitlines() if line.startswith(("hub ", "python "))]

    assert commands(english) == commands(chinese)


@pytest.mark.slow
def test_a_rest_service_is_connected_by_the_tutorial(reader: Reader) -> None:
    text = section(PAGES[0], "--transport rest").replace("8470", str(free_port()))
    reader.follow(text)
    assert "0 with faults" in reader.output
    assert "1 records" in reader.output
    reader.wait_for(
        ["connectors", "status", "enterprises"], lambda shown: shown and shown[0][0]["progress"]["rows"] == 2
    )
    reader.wait_for(["rejected", "list"], lambda shown: shown == [])


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
