"""The adapters that the contract suites run over. A suite asks for ``logs`` and never learns which adapter it has."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from hub.ports import RecordLog, TopicSpec
from tests.contract.record_logs import Logs


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=[pytest.mark.kafka, pytest.mark.slow])])
def logs(request: pytest.FixtureRequest, tmp_path: Path) -> Logs:
    if request.param == "kafka":
        return Logs(request.getfixturevalue("kafka_url"), uuid4().hex[:8], examples=5)
    return Logs(f"sqlite:///{tmp_path}/log.db", uuid4().hex[:8], examples=40)


@pytest.fixture
def log(logs: Logs) -> Iterator[RecordLog]:
    with logs.open() as opened:
        yield opened


@pytest.fixture
def topic(logs: Logs, log: RecordLog) -> str:
    log.create([TopicSpec(logs.name("received"), 2)])
    return logs.name("received")


@pytest.fixture
def target(logs: Logs, log: RecordLog) -> str:
    log.create([TopicSpec(logs.name("verified"), 2)])
    return logs.name("verified")
