"""P3: a field outside the grant appears nowhere: not on a topic, in a table, in the vault, in a log line or an answer,
and not inside what is sealed either, which the hub could open."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.bootstrap import Hub
from hub.connect.host.outside import UNREADABLE
from hub.ingest.dropped import DroppedColumns
from hub.runtime.runner import Runner
from sandbox.demo.demo import Live
from sandbox.grants import GRANTS
from sandbox.world.world import World as Outside
from sandbox.world.world import WorldSpec
from tests import canary
from tests.e2e.harness import KINDS_OF, PATIENCE_S, World, world

SIZE, SEED = 200, 11
OUTSIDE = {"business_licence": {"opscope", "lerep_zjh"}, "property_title": {"fj", "holders.zjh"}}
"""Source → the columns that its narrow grant leaves out."""
COMMANDS = (
    ["grants", "list", "--json"],
    ["connectors", "status", "--json"],
    ["doctor"],
    ["rejected", "list", "--json", "--limit", "0"],
    *(
        ["replay", f"{kind}.{suffix}", "--json"]
        for kind in KINDS_OF.values()
        for suffix in ("received", "verified", "rejected")
    ),
)


def narrow(file: Path) -> None:
    """Take the columns out of the file of grants."""
    text = file.read_text("utf-8")
    for source, columns in OUTSIDE.items():
        fields = GRANTS[source]["fields"]
        left = [field for field in fields if field not in columns]
        assert len(left) == len(fields) - len(columns)
        before, after = (json.dumps(one, ensure_ascii=False) for one in (fields, left))
        assert before in text
        text = text.replace(before, after)
    file.write_text(text, "utf-8")


def caught_up(one: World) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    with one.hub() as hub:
        live = Live(hub, Runner(hub.clock), one.sandbox)
        while not all(line.pending == 0 and line.received >= line.expected["emitted"] for line in live.lines()):
            assert time.monotonic() < deadline_s, one.tail()
            time.sleep(0.2)


def opened(hub: Hub, file: Path) -> None:
    """Write all that the hub can open: records, and the originals of rows."""
    with file.open("wb") as out:
        for kind in KINDS_OF.values():
            for batch in hub.log.scan(f"{kind}.received", 0):
                for found in hub.opener.open([record.value for record in batch.records]):
                    original = found.original() if found.record else hub.opener.open_unreadable(found.envelope)
                    assert original is not None
                    out.write(json.dumps(found.record, ensure_ascii=False, default=str).encode())
                    out.write(original.raw + original.proof + b"\n")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("grant"), SIZE, seed=SEED) as one:
        narrow(one.sandbox.grants)
        one.start()
        caught_up(one)
        one.stop()
        with (one.home / "output.txt").open("ab") as out:
            for command in COMMANDS:
                full = [sys.executable, "-m", "hub", "--config", str(one.config), *command]
                subprocess.run(full, stdout=out, stderr=out, timeout=60, check=False)
        with one.hub() as hub:
            opened(hub, one.home / "opened.jsonl")
        yield one


def values(home: Path) -> tuple[set[str], set[str]]:
    """The values of the columns outside the grant that nothing else has, and names, which are granted."""
    rows = [json.loads(text) for at in range(SIZE) if (text := _text(at)) is not None]
    with sqlite3.connect(home / "sandbox/exchange.db") as exchange:
        notes = {_decoded(one) for (one,) in exchange.execute("SELECT fj FROM ex_bdc_title WHERE fj IS NOT NULL")}
        # Of people: the number of an enterprise is in its licence too, in other spellings.
        numbers = {one for (one,) in exchange.execute("SELECT zjh FROM ex_bdc_qlr WHERE zjzl = '1' AND zjh <> ''")}
        names = {_decoded(one) for (one,) in exchange.execute("SELECT qlr FROM ex_bdc_qlr")}
    exchange.close()
    outside = {str(row[name]) for row in rows for name in ("opscope", "lerep_zjh") if row.get(name)}
    granted = "\n".join(
        str(value) for row in rows for name, value in row.items() if name not in ("opscope", "lerep_zjh")
    )
    found = {one.strip() for one in outside | notes | numbers}
    return {one for one in found if len(one.encode()) > canary.SHORTEST and one not in granted}, names


def _text(at: int) -> str | None:
    text = Outside(WorldSpec(SEED, SIZE, 0.02, 0.005)).licences.row(at).text
    try:
        json.loads(text)
    except ValueError:
        return None
    return text


def _decoded(value: bytes) -> str:
    return value.decode("gb18030", "replace")


def test_p3_a_field_outside_the_grant_appears_nowhere(ran: World) -> None:
    outside, _ = values(ran.home)
    assert len(outside) >= 100
    files = [path for path in ran.home.iterdir() if path.is_file() and path.name != "hub.toml"]
    names = {path.name for path in files}
    assert {"log.db", "store.db", "vault.db", "hub.stderr", "output.txt", "opened.jsonl"} <= names
    assert canary.search(outside, files) == []


def test_the_search_finds_what_is_granted_in_what_can_be_opened(ran: World) -> None:
    _, names = values(ran.home)
    assert len(canary.search(names, [ran.home / "opened.jsonl"])) > 50


def test_what_was_dropped_is_counted_and_no_signature_is_claimed_for_the_rest(ran: World) -> None:
    with ran.hub() as hub:
        counted = DroppedColumns(hub.store).all()
        records = hub.opener.open(
            [one.value for batch in hub.log.scan("licence.business.received", 0) for one in batch.records]
        )
    for source, columns in OUTSIDE.items():
        assert set(counted[source]) - {UNREADABLE} == columns
        assert min(counted[source][column] for column in columns) > SIZE / 2
    assert {one.record["assurance"] for one in records if one.record} == {"CHANNEL_ONLY"}
