"""The connector of docs/connectors.md is taken from the page, and passes the certification kit."""

import importlib
import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.connect import kit
from hub.connect.context import Context
from hub.connect.folder import of_package
from hub.ports import LookupQuery
from tests.clocks import HandClock

DOCS = Path(__file__).parents[2] / "docs"
CODES = "column,code,value,meaning\nzt,1,CURRENT,有效\n"
BUILDER = "91120116MA05J1234B"


def row(number: int, **changes: Any) -> dict[str, Any]:
    plain = {
        "id": f"R{number}", "version": 1, "spjg": "1112 0000 0001 0203 04", "xzqh": "120116", "zt": "1",
        "xmdm": "2020-120116-44-03-000001", "xmmc": "供热管网工程", "pzwh": "津热批〔2020〕1号", "pzrq": "2020年3月4日",
        "yxq": "长期", "jsdd": "天津市滨海新区塘沽街道新港路1号", "jsdwdm": BUILDER, "jsdw": "天津某某供热有限公司",
    }  # fmt: skip
    return plain | changes


ROWS = [row(1), row(2, zt="9"), row(3, pzrq="soon"), row(4, yxq="2030-01-02")]


class Approvals(BaseHTTPRequestHandler):
    """The outside system of the page's example."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/changed":
            answer: dict[str, Any] = {"keys": [{"id": one["id"], "version": 1} for one in ROWS]}
        elif "uscc" in query:
            answer = {
                "items": [packed(one) for one in ROWS if query["uscc"] == one["jsdwdm"]],
                "next": "",
                "more": False,
            }
        else:
            after = int(query.get("after") or 0)
            found = ROWS[after : after + 2]
            answer = {
                "items": [packed(one) for one in found],
                "next": str(after + len(found)),
                "more": after + 2 < len(ROWS),
            }
        body = json.dumps(answer, ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""


def packed(one: dict[str, Any]) -> dict[str, Any]:
    return {"id": one["id"], "version": one["version"], "record": json.dumps(one, ensure_ascii=False)}


def block(page: str, holding: str) -> str:
    """The fenced block of a page that holds this text."""
    return next(found for found in re.findall(r"(?ms)^```\w*\n(.*?)^```$", page) if holding in found)


@pytest.fixture(params=["connectors.md", "connectors.zh-CN.md"])
def package(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    page = (DOCS / request.param).read_text("utf-8")
    folder = tmp_path / "heat_supply"
    (folder / "samples").mkdir(parents=True)
    files = {
        "__init__.py": "from heat_supply.source import open_source as open\n",
        "connector.toml": block(page, "remembers = false"),
        "mapping.py": block(page, "def to_record"),
        "source.py": block(page, "class HeatSupply"),
        "codes.csv": CODES,
        "README.md": "",
    }
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "heat_supply"
    for name in [name for name in sys.modules if name.partition(".")[0] == "heat_supply"]:
        del sys.modules[name]


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Approvals)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_the_documented_connector_is_certified(package: str, url: str) -> None:
    info = kit.check_package(package)
    context = Context(info, info.limits, HandClock(), of_package(package))
    source = importlib.import_module(package).open({"url": url, "token": "t"}, context)
    rows = kit.check_feed(source, info)
    kit.check_resumes(source)
    query = LookupQuery("uscc", BUILDER, "connection-application", "action-plan-6")
    kit.check_same_content(source, query)
    assert [bool(one.faults) for one in rows] == [False, False, True, False]
    assert rows[1].record is not None and rows[1].record["status"] == "UNKNOWN"
    assert source.day(HandClock().now().date()).keys == {f"{one['id']}#1" for one in ROWS}
    source.close()
