"""Show 3: a code is added, the connector reloaded, and its records mapped again: exactly those records are verified,
nothing else is read or published again (P1, P2). A source without Python, from ``connectors_dir``."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

import connectors.property_title as package
from hub.bootstrap import Hub, open_hub
from hub.cli import cli
from hub.records.tables import record
from hub.settings import load
from sandbox import launch
from sandbox.launch import Running
from tests.feeding import caught_up, connectors, flow
from tests.grants import written

NAME, TITLE = "district_titles", "licence.property-title"
LINE = "qszt,1,CURRENT,现势\n"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Running]:
    with launch.start(12, 60, tmp_path / "world", defect_share=0.1, duplicate_share=0.0) as running:
        yield running


@pytest.fixture
def config(sandbox: Running, tmp_path: Path) -> Path:
    """Settings of a hub with one declared source, whose table of codes has a gap."""
    folder = tmp_path / "connectors" / NAME
    shutil.copytree(Path(package.__file__).parent, folder, ignore=shutil.ignore_patterns("__init__.py", "__pycache__"))
    info = (folder / "connector.toml").read_text("utf-8")
    (folder / "connector.toml").write_text(info.replace('name = "property_title"', f'name = "{NAME}"', 1), "utf-8")
    codes = (folder / "codes.csv").read_text("utf-8")
    assert LINE in codes
    (folder / "codes.csv").write_text(codes.replace(LINE, ""), "utf-8")
    grants = written(tmp_path, ["property_title"])
    grants.write_text(grants.read_text("utf-8").replace("[property_title]", f"[{NAME}]"), "utf-8")
    lines = [f'{what}_url = "sqlite:///{tmp_path}/{what}.db"' for what in ("log", "store", "vault")]
    lines += [
        f'master_key_file = "{tmp_path}/master.key"',
        f'grants = "{grants}"',
        f'connectors_dir = "{tmp_path}/connectors"',
        f"[connectors.{NAME}]",
    ]
    table = connectors(sandbox, "property_title")["property_title"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    file = tmp_path / "hub.toml"
    file.write_text("\n".join(lines), "utf-8")
    return file


def states(hub: Hub) -> dict[bytes, tuple[str, int]]:
    with hub.store.read() as connection:
        rows = connection.execute(select(record))
        return {bytes(row.record_id): (row.state, row.reading) for row in rows}


def messages(hub: Hub) -> Counter[str]:
    """Topic → messages."""
    return Counter(
        {
            topic: sum(len(batch.records) for batch in hub.log.scan(topic, 0, 0))
            for topic in (f"{TITLE}.{suffix}" for suffix in ("received", "verified", "rejected"))
        }
    )


def remap(config: Path, *options: str) -> Any:
    done = CliRunner().invoke(cli, ["--config", str(config), "records", "remap", "--source", NAME, "--json", *options])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.splitlines()[-1])


def test_p2_a_code_is_added_and_exactly_its_records_are_verified(config: Path, sandbox: Running) -> None:
    hub = open_hub(load(config))
    task = hub.task("ingest")()
    caught_up(hub, task, NAME)
    task.close()
    flow(hub, "verify", "project")
    before, published = states(hub), messages(hub)
    unknown = {one for one, (state, _) in before.items() if state == "rejected"}
    assert len(unknown) > 20

    codes = config.parent / "connectors" / NAME / "codes.csv"
    codes.write_text(codes.read_text("utf-8") + LINE, "utf-8")
    before_digest = hub.connectors.digest(NAME, hub.connectors_key)
    hub.connectors.reload(NAME)
    assert hub.connectors.digest(NAME, hub.connectors_key) != before_digest
    hub.close()
    sandbox.kill("property_title")  # it is not asked

    dry = remap(config, "--code", "STATUS_UNKNOWN", "--dry-run")
    done = remap(config, "--code", "STATUS_UNKNOWN")
    assert {key: done[key] for key in ("sent", "unchanged", "worse", "erased", "lost")} == {
        "sent": dry["sent"], "unchanged": dry["unchanged"], "worse": 0, "erased": 0, "lost": 0,
    }  # fmt: skip
    hub = open_hub(load(config))
    flow(hub, "verify", "project")
    after = states(hub)
    assert after.keys() == before.keys()
    changed = {one for one in after if after[one] != before[one]}
    assert len(changed) == done["sent"] > 20
    assert changed <= unknown
    verified = {one for one in changed if after[one] == ("verified", 1)}
    assert len(verified) > 20
    assert {after[one] for one in changed - verified} <= {("rejected", 1)}  # their other faults stay
    assert messages(hub) - published == Counter(
        {
            f"{TITLE}.received": done["sent"],
            f"{TITLE}.verified": len(verified),
            f"{TITLE}.rejected": done["sent"] - len(verified),
        }
    ) - Counter()  # fmt: skip
    hub.close()
    assert remap(config, "--code", "STATUS_UNKNOWN", "--dry-run")["sent"] == 0
