"""Log lines: P5 (no personal value in them), and that loggers made at import obey the configuration."""

import io
import json
import logging as library
from collections.abc import Iterator

import pytest
import structlog

from hub import logging

EARLY = logging.get_logger("early")


@pytest.fixture(autouse=True)
def configuration() -> Iterator[None]:
    """What these tests configure does not outlive them: other tests of this process read what commands print."""
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


def test_p5_what_looks_like_an_identifier_is_masked_in_every_value(capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure(json_lines=True)
    EARLY.warning("refused 360426199101010071", holder="91110000600037341L", unit="120101001001GB00001F00010001")
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "refused [masked]"
    assert (line["holder"], line["unit"], line["stage"]) == ("[masked]", "[masked]", "early")


def test_p5_an_exception_is_masked_too(capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure(json_lines=True)
    try:
        raise ValueError("no such number 360426199101010071")
    except ValueError:
        logging.get_logger("late").exception("failed")
    assert "360426199101010071" not in capsys.readouterr().err


def test_the_level_is_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure(json_lines=True, level="WARNING")
    logging.get_logger("quiet").info("nothing")
    assert capsys.readouterr().err == ""


def test_a_logger_follows_standard_error_when_it_is_redirected(monkeypatch: pytest.MonkeyPatch) -> None:
    logging.configure(json_lines=True)
    early, late = io.StringIO(), io.StringIO()
    for stream in (early, late):
        monkeypatch.setattr("sys.stderr", stream)
        EARLY.warning("said")
        assert "said" in stream.getvalue()
        stream.close()


def test_a_line_is_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the lines of two threads would be mixed: one line with two JSON objects, and an empty one."""
    logging.configure(json_lines=True)
    written: list[str] = []
    stream = io.StringIO()
    monkeypatch.setattr(stream, "write", written.append)
    monkeypatch.setattr("sys.stderr", stream)
    EARLY.warning("said")
    assert [text[-1:] for text in written] == ["\n"]


HOSTILE = "done\nerror=none\x1b[2J\x9b1A\u202e\ud800"


@pytest.mark.parametrize("json_lines", [True, False])
def test_a_value_from_outside_is_one_line_and_changes_no_terminal(
    json_lines: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.configure(json_lines=json_lines)
    EARLY.warning(HOSTILE, reason=HOSTILE)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert not {"\x1b", "\x9b", "\u202e", "\ud800"} & set(said)


def test_lines_of_libraries_are_masked_and_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library.getLogger(), "handlers", [])
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logging.configure(json_lines=True)
    library.getLogger("some.library").warning("no 360426199101010071\x1b[2J")
    assert stream.getvalue() == "WARNING some.library no [masked]\\x1b[2J\n"


def test_a_logger_that_was_used_obeys_a_later_level(capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure(json_lines=True, level="ERROR")
    EARLY.warning("not told")
    logging.configure(json_lines=True, level="INFO")
    EARLY.warning("told")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["told"]
