"""Alerts name figures that there are, and every one has its section for whoever it wakes."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from hub.web.api.watch.metrics import Metrics
from tests.casework import House

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy/prometheus/alerts.yml"
FUNCTIONS = {"sum", "max", "min", "by", "on", "and", "or", "absent", "increase", "deriv", "time", "vector", "offset"}


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(FILE.read_text("utf-8"))["groups"] for rule in group["rules"]]


@pytest.fixture
def exposed(tmp_path: Path) -> Iterator[set[str]]:
    """Every name that /metrics has."""
    house, registry = House(tmp_path), CollectorRegistry()
    registry.register(Metrics(house.log, house.store, house.clock, ["business_licence"]))
    text = generate_latest(registry).decode()
    yield set(re.findall(r"(?m)^# TYPE (\w+) ", text)) | {"up"}
    house.close()


def named(expression: str) -> set[str]:
    """The figures in an expression: every word that is no function, label or quoted value."""
    bare = re.sub(r'\{[^}]*\}|"[^"]*"|\b(?:by|on) \([^)]*\)|\[\w+\]|offset \w+', " ", expression)
    return set(re.findall(r"[a-z_]\w*", bare)) - FUNCTIONS


def test_every_alert_asks_for_figures_that_there_are(exposed: set[str]) -> None:
    for alert in alerts():
        names = named(alert["expr"])
        assert names and names <= exposed, f"{alert['alert']}: {names - exposed}"


def test_a_figure_that_is_not_there_would_be_found_out() -> None:
    assert named('sum by (a) (increase(hub_planted_total{b="c"}[5m] offset 1h)) > 3') == {"hub_planted_total"}


def test_every_alert_has_its_section_and_every_section_its_alert() -> None:
    page = (ROOT / "docs/operating.md").read_text("utf-8")
    chapter = page.partition("\n## Alerts\n")[2].partition("\n## ")[0]
    sections = re.findall(r"(?m)^### (\w+)\n(page|ticket)\.", chapter)
    assert sections == [(alert["alert"], alert["labels"]["severity"]) for alert in alerts()]


def test_every_alert_says_what_in_words() -> None:
    for alert in alerts():
        assert set(alert) <= {"alert", "expr", "for", "labels", "annotations"} and alert["annotations"]["summary"]


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (Debian: prometheus) is not installed")
def test_prometheus_accepts_the_rules() -> None:
    subprocess.run(["promtool", "check", "rules", str(FILE)], check=True, capture_output=True)
