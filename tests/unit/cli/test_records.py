"""``hub records remap``: a dry run sends nothing, and a name that means nothing is an error."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.bootstrap import Hub
from hub.cli import cli
from hub.cli import records as verb
from hub.pipeline.again.remap import Remapped


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["records", "remap", *arguments])


def test_a_source_and_a_code_that_mean_nothing_are_errors(hub: Hub) -> None:
    assert "no source 'titles' is configured" in str(run("--source", "titles", "--dry-run").exception)
    assert "no reason code 'NEW'" in run("--source", "property_title", "--code", "NEW").output


@pytest.mark.parametrize(("worse", "code"), [(0, 0), (3, 1)])
def test_the_counts_are_told_and_what_only_the_former_mapping_reads_is_a_problem(
    hub: Hub,
    monkeypatch: pytest.MonkeyPatch,
    worse: int,
    code: int,
) -> None:
    class Job:
        def __init__(self, *_: Any) -> None: ...

        def run(self, *_: Any) -> Remapped:
            return Remapped(sent=2, unchanged=1, worse=worse)

    class Opened:
        def close(self) -> None: ...

    monkeypatch.setattr(verb, "Remap", Job)
    monkeypatch.setattr("hub.connect.host.configured.Connectors.open_source", lambda *_: Opened())
    told = run("--source", "property_title", "--dry-run", "--json")
    assert json.loads(told.stdout) == Remapped(2, 1, worse)._asdict() | {"dry_run": True}
    assert told.exit_code == code
    assert "would be sent" in run("--source", "property_title", "--dry-run").output
    assert ("only the former mapping" in run("--source", "property_title").output) == bool(worse)
